"""Withdrawal: a post leaves the captures, and all else can still be shown unchanged."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from capture_helpers import NUMBERS, outputs, pages, put

from kamen_analysis.captures import shelf, sidecar, warc, withdraw
from kamen_analysis.captures.importer import import_files
from kamen_analysis.captures.members import records
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.verify import verify
from kamen_analysis.captures.writer import Exchange
from kamen_analysis.cli import main
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256


def test_erasing_a_post(where: Home) -> None:
    """A withdrawn post becomes a stub, its list is cut, other posts and all offsets stay, and the chain still verifies."""
    outputs(where)
    before = {page.offset: page for page in pages(where)}
    done = withdraw.erase(where, f"heimao:{NUMBERS[1]}", "本人要求")
    assert (done.stubs, done.cut) == (1, 1)
    after = pages(where)
    text = "".join(page.text() for page in after)
    assert NUMBERS[1] not in text and "甲乙丙2" not in text and text.count("甲乙丙1") == text.count("甲乙丙3") == 2
    assert len(after) == 3 and all(before[page.offset].url == page.url for page in after)
    assert after[0].text().startswith("try{cb_1({") and after[0].text().endswith(")}catch(e){};".replace(")}", ");}"))
    found = verify(where)
    assert found.ok and found.erased == 2 and "按撤回要求抹除" in found.explain()
    assert NUMBERS[1] not in "".join(path.read_text(encoding="utf-8") for path in where.raw.glob("heimao/*.json"))
    assert withdraw.erase(where, f"heimao:{NUMBERS[1]}", "再次") == withdraw.Erased(0, 0)


def test_an_erased_file_passes_warcio_check_and_points_stay(where: Home) -> None:
    """After an erasure every digest in the file is right, and an unrelated record is still found at its old offset."""
    kept = next(page for page in pages(where) if page.url.endswith("page3.html"))
    withdraw.erase(where, NUMBERS[0], "本人要求")
    for path in where.raw.glob("heimao/*.warc.gz"):
        assert subprocess.run([sys.executable, "-m", "warcio.cli", "check", str(path)], capture_output=True, check=False).returncode == 0
    (found,) = (record for record in records(where.raw / kept.file) if record.offset == kept.offset)
    assert found.block == kept.body


def test_more_than_the_erasure_is_noticed(where: Home) -> None:
    """Changing another record under cover of an erasure, chain entry and all, no longer gives the root of the capture."""
    withdraw.erase(where, NUMBERS[0], "本人要求")
    folder = where.raw / "heimao"
    path, entry = sidecar.entries(folder)[-1]
    target = folder / entry["warc"]
    old = target.read_bytes()
    last = list(records(target))[-2]
    forged = old[:last.offset] + old[last.end:]
    target.write_bytes(forged)
    path.write_text(json.dumps(entry | {"sha256": sha256(target)}, ensure_ascii=False), encoding="utf-8")
    assert "抹除之外还有改动" in verify(where).broken[0]


def test_a_crash_while_erasing(where: Home) -> None:
    """Killed after the log entry but before the rename, the next writer puts the erased file in place; without the entry it is dropped."""
    folder = where.raw / "heimao"
    capture = min(folder.glob("*.warc.gz"))
    whole = capture.read_bytes()
    withdraw.erase(where, NUMBERS[0], "本人要求")
    capture.rename(capture.with_name(f"{capture.name}.new"))
    capture.write_bytes(whole)
    assert not verify(where).ok
    shelf.recover(folder)
    assert verify(where).ok and NUMBERS[0] not in "".join(page.text() for page in pages(where))
    capture.with_name(f"{capture.name}.new").write_bytes(b"half")
    shelf.recover(folder)
    assert verify(where).ok and not list(folder.glob("*.new"))


def table_files(home: Home) -> list[Path]:
    """One table of three posts in every kind the import takes."""
    frame = pd.DataFrame({"编号": NUMBERS, "内容": ["第一帖 1", "第二帖", "第三帖\n两行"]})
    sheet, parquet = io.BytesIO(), io.BytesIO()
    frame.to_excel(sheet, index=False)
    frame.to_parquet(parquet)
    return [put(home, "t.csv", frame.to_csv(index=False).encode("gb18030")), put(home, "t.tsv", frame.to_csv(index=False, sep="\t")),
            put(home, "t.jsonl", frame.to_json(orient="records", lines=True, force_ascii=False)),
            put(home, "t.json", frame.to_json(orient="records")), put(home, "t.xlsx", sheet.getvalue()),
            put(home, "t.parquet", parquet.getvalue())]


def cells(page: Page) -> str:
    """All that a table holds, as text."""
    if page.url.endswith("xlsx"):
        return str([[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(page.body)).active])  # type: ignore[union-attr]
    return str(pd.read_parquet(io.BytesIO(page.body)).to_dict()) if page.url.endswith("parquet") else json.dumps(page.text())


def test_a_row_is_cut_from_every_kind_of_table(tmp_path: Path) -> None:
    """From CSV (also GB18030), TSV, JSONL, JSON, XLSX and Parquet only the withdrawn row goes."""
    home = Home(tmp_path)
    import_files("table", table_files(home), home)
    assert withdraw.erase(home, f"table:{NUMBERS[1]}", "本人要求") == withdraw.Erased(0, 6)
    for page in pages(home):
        text = cells(page)
        assert NUMBERS[1] not in text and NUMBERS[0] in text and NUMBERS[2] in text
    assert verify(home).ok


def test_a_short_number_takes_nothing_else_along(tmp_path: Path) -> None:
    """A number that also occurs in running text only takes the row whose cell it is."""
    home = Home(tmp_path)
    import_files("table", [put(home, "t.csv", "编号,内容\n1,甲\n2,退款 1 次\n"), put(home, "p.html", "<p>等了 1 天</p>"),
                           put(home, "q.html", "<!-- saved from url=(0030)https://board.example/list?page=1 --><p>退款</p>")], home)
    assert withdraw.erase(home, "table:1", "本人要求") == withdraw.Erased(0, 1)
    assert "退款 1 次" in pages(home)[0].text() and "等了 1 天" in pages(home)[1].text()


def test_erasing_by_address(where: Home) -> None:
    """By its address a post is found in lists too, with or without the scheme there; a single JSON object about it goes as a whole."""
    address = f"https://board.example/view/{NUMBERS[2]}/"
    import_files("heimao", [put(where, "one.json", json.dumps({"data": {"url": address, "text": "甲乙丙3"}}))], where)
    assert withdraw.erase(where, address, "来信") == withdraw.Erased(1, 1)
    assert [page.text().count("甲乙丙3") for page in pages(where)] == [0, 0, 0, 1]
    assert verify(where).ok


@pytest.mark.parametrize("more", ["?from=share&uid=8", "#comments", "/#reply_2", "?a=1#b"])
def test_erasing_by_a_copied_address(where: Home, more: str) -> None:
    """What a browser or an app adds to a post's address does not hide the post, with or without the last slash."""
    address = f"https://Board.example/view/{NUMBERS[2]}"
    import_files("heimao", [put(where, "one.json", json.dumps({"data": {"url": address.lower(), "text": "甲乙丙3"}}))], where)
    assert withdraw.erase(where, address + more, "来信") == withdraw.Erased(1, 1)


@pytest.mark.parametrize(("name", "left"), [
    ("https://board.example/view.php?id=2#top", ["1", "3"]), ("https://board.example/view.php?id=2&p=1", ["1", "2", "3"]),
    ("https://board.example/view.php#post-2", ["1", "2", "3"]), ("https://board.example/app#/post/2", ["1", "2", "3"]),
    ("https://board.example/list/202511?id=2", ["1", "3"]), ("https://board.example/forum-100200.html?tid=2", ["1", "3"]),
    ("https://board.example/c/20251101?from=share&tid=2#9", ["1", "3"]), ("https://board.example/c/20251101/?uid=8&id=2", ["1", "3"])])
def test_what_names_the_post_in_an_address_stays(tmp_path: Path, name: str, left: list[str]) -> None:
    """A query or an anchor that may name the post is not dropped, which would erase all posts of the page."""
    ways = ("view.php?id=", "list/202511?id=", "forum-100200.html?tid=", "c/20251101?tid=", "c/20251101/?id=")
    posts = [{way: f"https://board.example/{way}{n}" for way in ways} | {"app": "https://board.example/app", "text": n} for n in "123"]
    home = Home(tmp_path)
    import_files("heimao", [put(home, "list.json", json.dumps({"list": posts}))], home)
    withdraw.erase(home, name, "来信")
    assert [post["text"] for page in pages(home) for post in json.loads(page.text().removeprefix("\ufeff"))["list"]] == left


@pytest.mark.parametrize("mark", ["\n", "\r", "\u2028", "\x85"])
def test_a_remark_is_no_name(tmp_path: Path, mark: str) -> None:
    """A line end in a remark does not make a name of what follows it."""
    home = Home(tmp_path)
    withdraw.withdraw(home, "heimao:1", f"来信{mark}2")
    assert withdraw.listed(home) == {"heimao:1"}
    (home.raw / withdraw.LIST).write_text("heimao:1 # 来信\u20282\n", encoding="utf-8")
    assert withdraw.listed(home) == {"heimao:1"}


@pytest.mark.parametrize("name", ["https://board.example/", "https://board.example", "", " ", "a b", "heimao:", ":"])
def test_too_much_is_not_erased(where: Home, name: str) -> None:
    """A whole site, nothing, or no name at all is refused before anything is touched."""
    with pytest.raises(KamenError, match="编号"):
        withdraw.erase(where, name, "误填")
    assert len(pages(where)) == 4 and not withdraw.listed(where)


def test_the_opt_out_list(tmp_path: Path) -> None:
    """The list takes ids, numbers and addresses with remarks, keeps hand-made lines, and names a post by any of them."""
    home = Home(tmp_path)
    home.raw.mkdir(parents=True)
    (home.raw / withdraw.LIST).write_text("# 撤回名单\nheimao:1 # 来信\n\nhttps://board.example/c/2#top", encoding="utf-8")
    assert withdraw.withdraw(home, "3", "电话") and not withdraw.withdraw(home, "3")
    names = withdraw.listed(home)
    assert names == {"heimao:1", "https://board.example/c/2#top", "3"}
    assert withdraw.is_withdrawn("heimao:1", None, names) and withdraw.is_withdrawn("board:3", None, names)
    assert withdraw.is_withdrawn("x:9", "https://board.example/c/2#top", names)
    assert not withdraw.is_withdrawn("board:1", "https://a/", names)
    with pytest.raises(KamenError, match="编号"):
        withdraw.withdraw(home, "a\nb")


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    """A record whose body cannot be decoded may hold the post: an erasure says how many it could not look into."""
    home = Home(tmp_path)
    with shelf.opened(home.raw, "heimao", shelf.About("test")) as writer:
        writer.exchange(Exchange("https://x.example/1", datetime.now(UTC), [], 200, "OK", [("Content-Encoding", "gzip")], b"no gzip"))
    assert withdraw.erase(home, "heimao:17350000001", "本人要求") == withdraw.Erased(0, 0, 1)


def test_a_damaged_capture_stops_no_erasure(where: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be read of a damaged capture is erased too, the damaged bytes stay, and the captures after it are erased as ever."""
    first, second = sorted(where.raw.glob("heimao/*.warc.gz"))
    put(where, "again.html", f"<label>投诉编号</label>{NUMBERS[1]}<p>又见甲乙丙2</p>")
    import_files("heimao", [where.root / "inbox/again.html"], where)
    hit = list(records(second))[2]
    bent = bytearray(second.read_bytes())
    bent[hit.offset + 20:hit.end] = b"?" * (hit.end - hit.offset - 20)
    second.write_bytes(bent)
    assert main(["--home", str(where.root), "withdraw", f"heimao:{NUMBERS[1]}", "--erase"]) == 1
    told = capsys.readouterr()
    assert "2 条记录改为存根，1 条记录只抹去该帖" in told.out and "另有 1 处读不出" in told.err and told.err.count("\n") == 1
    assert bytes(bent[hit.offset:hit.end]) == second.read_bytes()[hit.offset:hit.end]
    found = [page for path in where.raw.glob("heimao/*.warc.gz") for page in warc.readable(path, where.raw)]
    left = "".join(page.text() for page in found if isinstance(page, Page))
    assert NUMBERS[1] not in left and left.count("甲乙丙3") == 2
    assert second.name in verify(where).broken[0]


def test_a_list_in_another_encoding_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A remark saved as GBK is told by the file's name, whether a post is withdrawn or the list is read."""
    home = Home(tmp_path)
    home.raw.mkdir(parents=True)
    (home.raw / withdraw.LIST).write_bytes("heimao:1  # 来信".encode("gbk"))
    assert main(["--home", str(tmp_path), "withdraw", "heimao:2"]) == 2
    assert "withdrawn.txt 须为 UTF-8 编码" in capsys.readouterr().err
