"""Nothing but `kamen fetch` opens the network: every other command runs with sockets denied."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kamen_analysis import verbs

# An audit hook sees every connection, look-up and bind of the process and, through the environment, of its workers.
_GUARD = '''
import os, sys
def deny(event, args):
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"} and not _is_local(args):
        with open(os.environ["KAMEN_TRIED"], "a") as file:
            file.write(f"{event} {args}\\n")
        raise PermissionError("network denied")
def _is_local(args):
    return len(args) > 1 and isinstance(args[1], (str, bytes))  # a pipe of the operating system between processes
sys.addaudithook(deny)
'''
ROW = {"编号": "TS2026110001", "标题": "点卡不给退", "投诉对象": "白马点卡", "正文": "我买了点卡，客服说已激活不退款，等了四天没人再回我。",
       "发布时间": "2026-08-01 10:00"}


class Denied:
    """A working folder in which every Python process has its sockets denied; `tried` is what was attempted."""

    def __init__(self, root: Path) -> None:
        (root / "guard").mkdir()
        (root / "guard" / "sitecustomize.py").write_text(_GUARD, "utf-8")
        (root / "rows.jsonl").write_text(json.dumps(ROW, ensure_ascii=False) + "\n", "utf-8")
        post = {"id": "1", "title": ROW["标题"], "body": ROW["正文"]}
        (root / "posts.jsonl").write_text(json.dumps(post, ensure_ascii=False) + "\n", "utf-8")
        self.root = root

    def ready(self, command: list[str]) -> None:
        """Have what `command` works on, also where another process of the tests took the commands that make it."""
        for earlier, made in zip(COMMANDS, ("data/raw/table", "data/processed/manifest.json"), strict=False):
            if earlier == command:
                return
            if not (self.root / made).exists():
                self.run(["-m", "kamen_analysis", "--home", str(self.root), *earlier]).check_returncode()

    def run(self, code: list[str]) -> subprocess.CompletedProcess[str]:
        """Run Python with `code` as its arguments."""
        path = [str(self.root / "guard"), str(Path(__file__).resolve().parent.parent)]
        given = {"PYTHONPATH": ":".join(path), "KAMEN_TRIED": str(self.root / "tried"), "PATH": "/usr/bin:/bin", "HOME": str(self.root)}
        return subprocess.run([sys.executable, *code], capture_output=True, text=True, check=False, env=given, cwd=self.root)

    def tried(self) -> str:
        """Return the attempts so far."""
        path = self.root / "tried"
        return path.read_text("utf-8") if path.exists() else ""


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Denied:
    """One folder for all commands, in the order of the corridor."""
    return Denied(tmp_path_factory.mktemp("denied"))


COMMANDS = [
    ["import", "table", "rows.jsonl"], ["build", "--jobs", "2"], ["report"], ["run"],
    ["label", "posts.jsonl", "labelled.jsonl"], ["redact", "posts.jsonl", "redacted.jsonl"], ["check"], ["verify"], ["stamp"],
    ["review", "sample", "--name", "s", "--size", "1", "--scope", "all", "--out", "sample"],
    ["review", "redaction", "seen.csv", "--size", "1"], ["withdraw", "table:TS2026110001", "--erase"], ["purge"],
]
# These two go out because they are asked to; the demonstration fetches from itself, on the loopback address.
OUT = {"fetch", "review ask", "demo"}
# What takes back people's files (the rooms of the commands beside them, tests/test_review.py), and what writes a skeleton of code.
APART = {"review import", "review agree", "new-source"}


def test_every_command_is_tried() -> None:
    """Every command of `kamen` is run below with its sockets denied, or is named as one that opens them: a new one cannot be forgotten."""
    tried = {" ".join(command[:2]) if command[0] == "review" else command[0] for command in COMMANDS}
    assert tried | OUT | APART == set(verbs.COMMANDS) and not tried & OUT


def test_both_statements_say_the_same_of_what_leaves_the_machine() -> None:
    """SECURITY.md and PRIVACY.md name the same commands, and tell the same of what a cluster's machines and its scheduler come to hold."""
    root = Path(__file__).resolve().parent.parent
    said = ["连到别的机器的只有三处：`kamen fetch`；使用者自己选用的 `kamen review ask`（只发脱敏文字）；",
            "；`kamen build`、`kamen run` 的 `--cluster`", "平台名录和人工编码，抓过",
            "几次的帖子还有网址、状态、金额和脱敏的投诉要求；没有标题和正文", "能看到或伪造处理中的原文",
            "Only three things reach another machine: `kamen fetch`, `kamen review ask` if you use it"]
    for page in ("SECURITY.md", "PRIVACY.md"):
        text = (root / page).read_text("utf-8")
        assert [words for words in said if words not in text] == [], page


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command[:2]))
def test_a_command_opens_no_socket(denied: Denied, command: list[str]) -> None:
    """The command ends well with all sockets denied, and neither it nor its workers tried to open one."""
    denied.ready(command)
    done = denied.run(["-m", "kamen_analysis", "--home", str(denied.root), *command])
    assert done.returncode == 0, done.stderr
    assert denied.tried() == ""


def test_the_guard_sees_the_network(tmp_path: Path) -> None:
    """The same guard stops the way `kamen fetch` asks for a page, and notes the attempt: it sees what it must see."""
    guarded = Denied(tmp_path)
    done = guarded.run(["-c", "import requests; requests.get('http://127.0.0.1:9/', timeout=2)"])
    assert done.returncode != 0
    assert "socket." in guarded.tried()
