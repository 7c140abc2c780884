"""The commands as a user types them: import, build, check, label, redact, withdraw, fetch and look again."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from kamen_analysis import data, fetching
from kamen_analysis.captures import revisit
from kamen_analysis.cli import main
from kamen_analysis.paths import Home
from kamen_analysis.world import site
from kamen_analysis.world.model import World

CSV = "编号,标题,投诉对象,投诉要求,涉诉金额,投诉进度,发布时间,正文\n" \
      "TS2026110001,点卡充不进去,白马点卡,退款,50元,处理中,2026-08-01 10:00,客服说卡已经激活过了不能退，我根本没有激活过。\n" \
      "TS2026110002,会员没到账,青禾会员,退款,,,,买了季卡没到账，找客服一直说在核实，半个月了还在核实。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_table_to_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    """A CSV in any of the usual encodings is imported with its columns shown, built, and checked; what is missing is counted."""
    (tmp_path / "export.csv").write_bytes(CSV.encode(encoding))
    home = str(tmp_path / "home")
    assert main(["--home", home, "import", "table", str(tmp_path / "export.csv")]) == 0
    assert "投诉进度 → 状态" in capsys.readouterr().out
    assert main(["--home", home, "build"]) == 0
    assert main(["--home", home, "check"]) == 0
    assert "无日期 1，无状态 1，无金额 1" in capsys.readouterr().out
    labels = data.load(home).labels.set_index("post_id")["code"]
    assert labels["table:TS2026110001"] == "already_activated" and labels["table:TS2026110002"] == "stalling"


def test_a_build_tells_which_texts_it_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many texts were cut, at how many characters, is one line at the end of a build, counted in the manifest; else there is none."""
    home, warnings = str(tmp_path / "home"), list[list[object]]()
    for name, body in (("short", "客服不退款。"), ("long", "客服不退款。" * 4_000)):
        (tmp_path / f"{name}.csv").write_text(f"编号,标题,正文\n{name},点卡充不进去,{body}\n{name}2,{'会员没到账' * 101},{body}\n", "utf-8")
        assert main(["--home", home, "import", "table", str(tmp_path / f"{name}.csv")]) == 0
        capsys.readouterr()
        assert main(["--home", home, "build"]) == 0
        warnings = [found[:3] for found in data.load(home).manifest["warnings"] if found[0] == "text_capped"]
        said = [line for line in capsys.readouterr().out.splitlines() if "超长" in line]
        assert said == ["注意：超长文本只留开头：标题 1 段（各留前 500 字）" if name == "short" else
                        "注意：超长文本只留开头：标题 2 段（各留前 500 字）、正文 2 段（各留前 20,000 字）"]
    assert warnings == [["text_capped", "标题", 2], ["text_capped", "正文", 2]]


def test_label_and_redact_streams(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`label` and `redact` keep the input's order and ids, and their offsets point into the text as given."""
    posts = [{"id": "b", "title": "不退", "body": "客服说卡密一经激活概不退款，我电话13912345678。", "target": None},
             {"id": "a", "title": "充值没到", "body": "充了没到", "target": "白马点卡"}]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(post, ensure_ascii=False) + "\n" for post in posts), encoding="utf-8")
    assert main(["label", str(path), "-"]) == 0
    labelled = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in labelled] == ["b", "a"]
    assert labelled[0]["reasons"] and labelled[1]["reasons"] == []
    for reason in labelled[0]["reasons"]:
        assert posts[0][reason.get("field", "body")][reason["start"]:reason["end"]] == reason["text"]
    assert main(["redact", str(path), "-"]) == 0
    redacted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (found,) = redacted[0]["redactions"]
    assert posts[0]["body"][found["start"]:found["end"]] == "13912345678" and "13912345678" not in redacted[0]["body"]
    assert main(["label", "--explain", str(path), "-"]) == 0
    assert "already_activated" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["label", "redact"])
def test_no_post_at_all_is_said(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without a post gives an empty file, and a line that says so."""
    (tmp_path / "none.csv").write_text("id,title,body\n", encoding="utf-8")
    assert main([command, str(tmp_path / "none.csv"), str(tmp_path / "out.jsonl")]) == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b"" and "读到 0 条" in capsys.readouterr().err


def test_withdraw_and_verify(built: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A withdrawn and erased post is gone from the capture, and the chain still verifies and says so."""
    home = Home(tmp_path / "home")
    shutil.copytree(built.root, home.root)
    post = data.load(home).posts.iloc[0]
    assert main(["--home", str(home.root), "withdraw", post["post_id"], "--erase"]) == 0
    assert main(["--home", str(home.root), "build"]) in (0, 1)
    assert main(["--home", str(home.root), "verify"]) == 0
    assert "抹去" in capsys.readouterr().out
    assert post["post_id"] not in set(data.load(home).posts["post_id"])


def test_fetch_and_look_again(small_world: World, scraped: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look asks only posts still open, within the budget, stores no second copy of what did not change."""
    with site.serve(small_world) as served:
        home = Home(tmp_path)
        start = f"{served.url}/list?page=1"
        assert main(["--home", str(home.root), "fetch", "board", "--url", start, "--allow-loopback", "--max-pages", "60"]) == 0
        assert main(["--home", str(home.root), "build"]) in (0, 1)
        monkeypatch.setattr(revisit, "FIRST", timedelta(microseconds=1))
        asked = fetching.Asked("board", max_pages=5, allow_loopback=True)
        again = fetching.look_again(home, asked)
    assert again.unchanged == 5 and again.edited == again.gone == 0
    before = len(data.load(home).posts)
    assert main(["--home", str(home.root), "build"]) in (0, 1)
    assert len(data.load(home).posts) == before


def test_a_source_that_cannot_be_fetched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A source behind a login is not fetched: the user is told to bring a capture."""
    assert main(["--home", str(tmp_path), "fetch", "s12315", "--contact", "a@b.example"]) == 2
    assert "kamen import s12315" in capsys.readouterr().err


def test_fetch_needs_a_contact(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but loopback is fetched without saying who we are."""
    monkeypatch.delenv("KAMEN_CONTACT", raising=False)
    assert main(["--home", str(tmp_path), "fetch", "heimao", "--url", "https://tousu.sina.com.cn/"]) == 2
    assert "KAMEN_CONTACT" in capsys.readouterr().err


@pytest.mark.parametrize("written", ["", "[]", "{}", '{"stages": ['])
def test_a_damaged_manifest_is_one_line(written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever else a manifest holds, `check` says in one line that it is damaged."""
    where = Home(tmp_path)
    where.processed.mkdir(parents=True)
    (where.processed / "manifest.json").write_text(written, encoding="utf-8")
    assert main(["--home", str(tmp_path), "check"]) == 2
    assert "manifest.json：文件损坏，请重新运行 kamen build" in capsys.readouterr().err
