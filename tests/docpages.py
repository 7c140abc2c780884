"""The guide's pages as programs: their fenced blocks run in order in one folder, what they print is compared with what the page shows.

A `$ ` line of a console block is a command; the lines under it, if any, are what it prints, and it must end with 0 unless the line says
`# 退出码 N`. A python block is followed by a text block where its output is shown. A block with a title is a file. A network block is
left out. In what is shown `…` stands for anything, alone on a line for any lines.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(?P<head>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'\{\.(?P<kind>\w+) title="(?P<title>[^"]+)"\}')
KINDS = {"console", "python", "text", "network", "file"}
_EXIT = re.compile(r"# 退出码 (\d)")
# Answers each JSON line (a block of Python) with a JSON line (what it printed, and its error if it failed).
_SHELL = """
import contextlib, io, json, sys, traceback
names = {"__name__": "page"}
for line in sys.stdin:
    out, error = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(json.loads(line), "page", "exec"), names)
        except Exception:
            error = traceback.format_exc()
    print(json.dumps([out.getvalue(), error]), flush=True)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: what kind it is, its text, and for a file its name."""

    kind: str
    text: str
    title: str = ""


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    found = []
    for match in BLOCK.finditer(page):
        titled = TITLE.fullmatch(match["head"])
        found.append(Block("file", match["body"], titled["title"]) if titled else Block(match["head"], match["body"]))
    return found


def shown(pattern: str, output: str) -> bool:
    """Return whether `output` is what `pattern` shows."""
    lines = pattern.strip("\n").split("\n")
    parts = ["(?:[^\n]*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", "[^\n]*") + "\n" for line in lines]
    return re.fullmatch("".join(parts), output.strip("\n") + "\n") is not None


def commands(text: str) -> list[tuple[str, str]]:
    """Return (command, what it shows) of a console block."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, rest) for command, _, rest in (part.partition("\n") for part in parts)]


class Runner:
    """Runs one page's blocks in `folder`; `package` is a folder whose kamen_analysis is used, where it is not the installed one."""

    def __init__(self, folder: Path, package: Path | None = None) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        hidden = {"KAMEN_HOME", "PYTHONPATH"}
        self.folder = folder
        self.env = {**{k: v for k, v in os.environ.items() if k not in hidden}, "PATH": path, "MPLBACKEND": "agg", "LC_ALL": "C.UTF-8"}
        if package:
            self.env["PYTHONPATH"] = str(package)
        self.python: subprocess.Popen[str] | None = None

    def run(self, page: str) -> list[str]:
        """Run every block of `page`; return a line for each that failed or did not print what the page shows."""
        wrong: list[str] = []
        found = blocks(page)
        for block, after in zip(found, [*found[1:], Block("", "")], strict=True):
            expected = after.text if after.kind == "text" else ""
            match block.kind:
                case "console":
                    wrong += [line for command, expect in commands(block.text) if (line := self._command(command, expect))]
                case "python":
                    wrong += [line] if (line := self._python(block.text, expected)) else []
                case "file":
                    (self.folder / block.title).write_text(block.text, encoding="utf-8")
        if self.python:
            self.python.communicate()
        return wrong

    def _command(self, command: str, expected: str) -> str:
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.env, capture_output=True,
                              text=True, check=False, timeout=600)
        code = _EXIT.search(command)
        if done.returncode != (int(code[1]) if code else 0):
            return f"$ {command}\n退出码 {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        # What a page shows of a command that ends well is its result; its progress goes to the other stream.
        printed = done.stdout + (done.stderr if done.returncode else "")
        return f"$ {command}\n应为\n{expected}\n实为\n{printed[-2000:]}" if expected and not shown(expected, printed) else ""

    def _python(self, text: str, expected: str) -> str:
        self.python = self.python or subprocess.Popen([sys.executable, "-c", _SHELL], cwd=self.folder, env=self.env, text=True,
                                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.python.stdin and self.python.stdout
        self.python.stdin.write(json.dumps(text) + "\n")
        self.python.stdin.flush()
        printed, error = json.loads(self.python.stdout.readline())
        if error:
            return f"{text}\n{error}"
        return f"{text}\n应为\n{expected}\n实为\n{printed}" if expected and not shown(expected, printed) else ""
