"""Verification, withdrawal, purging and revisits: what happens to captures after they were made."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from conftest import FakeClock
from hostile_site import Site

from kamen_analysis.captures import purge, revisit, shelf, sidecar, warc, withdraw
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.importer import import_files
from kamen_analysis.captures.members import record_at, records
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.verify import verify
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256

Start = Callable[..., Session]
NUMBERS = ("17350000001", "17350000002", "17350000003")


@pytest.fixture
def where(tmp_path: Path) -> Home:
    """A home with two imports of one source: a list of three posts, then a page of its own for each."""
    home = Home(tmp_path)
    posts = [{"main": {"sn": sn, "url": f"//board.example/view/{sn}/"}, "text": f"甲乙丙{sn[-1]}"} for sn in NUMBERS]
    put(home, "feed.jsonp", f"try{{cb_1({json.dumps({'data': {'list': posts}})});}}catch(e){{}};")
    for sn in NUMBERS:
        put(home, f"page{sn[-1]}.html", f"<label>投诉编号</label>{sn}<p>甲乙丙{sn[-1]}</p>")
    import_files("heimao", [tmp_path / "inbox/feed.jsonp"], home)
    import_files("heimao", sorted((tmp_path / "inbox").glob("*.html")), home)
    return home


def put(home: Home, name: str, content: bytes | str) -> Path:
    """Write a user's file."""
    path = home.root / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pages(home: Home) -> list[Page]:
    """All pages of a home."""
    return [page for path in sorted(home.raw.glob("*/*.warc.gz")) for page in warc.read(path, home.raw)]


def outputs(home: Home) -> Path:
    """Processed data and a report with the digests the build and the report write; return the report's folder."""
    inputs = {path.relative_to(home.raw).as_posix(): sha256(path) for path in sorted(home.raw.glob("*/*.warc.gz"))}
    for folder, listing in ((home.processed, "manifest.json"), (home.reports / "2026", "provenance.json")):
        folder.mkdir(parents=True)
        (folder / "table.txt").write_text("数据", encoding="utf-8")
        listed = {"inputs": inputs, "outputs": {"table.txt": sha256(folder / "table.txt")}}
        (folder / listing).write_text(json.dumps(listed), encoding="utf-8")
    return home.reports / "2026"


def test_an_untouched_home_passes(where: Home) -> None:
    """A pass counts files and records, and says what it proves and what it does not."""
    outputs(where)
    found = verify(where)
    assert found.ok and found.records == 4 + 4 + 2 and "全部相符" in found.explain()
    assert "能证明" in found.explain() and "不能证明" in found.explain()


def test_every_kind_of_damage_is_named(where: Home) -> None:
    """A byte changed, a file gone or slipped in, a sidecar edited, a table or report touched: each is named as the first broken link."""
    report = outputs(where)
    capture, second = sorted(where.raw.glob("heimao/*.warc.gz"))
    note = capture.with_name(capture.name.replace(".warc.gz", ".json"))
    damage = {
        capture: (capture.read_bytes()[:-9] + b"x" + capture.read_bytes()[-8:], f"heimao/{capture.name} 的摘要与旁注不符"),
        note: (note.read_bytes().replace("未注明".encode(), "公有".encode()), "与前一份旁注不相接"),
        second: (None, f"heimao/{second.name} 不见了"),
        where.processed / "table.txt": (b"x", "处理结果的 table.txt 已改动"),
        report / "table.txt": (None, "报告 2026的 table.txt 不见了"),
        capture.with_name("20200101T000000000000Z.warc.gz"): (capture.read_bytes(), "没有旁注"),
        capture.with_name("20200101T000000000000Z.json"): (note.read_bytes(), "与前一份旁注不相接"),
    }
    for path, (content, said) in damage.items():
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content) if content is not None else path.unlink()
        found = verify(where)
        assert not found.ok and said in found.broken[0] and f"第一处断裂：{found.broken[0]}" in found.explain()
        path.write_bytes(before) if before is not None else path.unlink()
    assert verify(where).ok


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kind": "purge", "warc": "none.warc.gz", "sha256": "", "previous": null}'])
def test_a_ruined_sidecar_is_told(where: Home, content: str) -> None:
    """A sidecar that is empty, of another shape, or about a file that never was, is a broken link in words, not a crash."""
    max(where.raw.glob("heimao/*.json")).write_text(content, encoding="utf-8")
    assert verify(where).broken[0].startswith("heimao：旁注")


def test_the_last_sidecar_is_held_by_its_file(where: Home) -> None:
    """The newest sidecar, which no other covers yet, cannot be made to tell another command, licence or date than its file does."""
    last = max(where.raw.glob("heimao/*.json"))
    whole = last.read_text(encoding="utf-8")
    changes = {"kamen import": "kamen fetch", "未注明": "公有领域", "page1.html": "page9.html", '"keep_until": "20': '"keep_until": "21'}
    for was, is_now in changes.items():
        last.write_text(whole.replace(was, is_now), encoding="utf-8")
        assert "旁注被改动" in verify(where).broken[0]


def test_a_forged_file_with_a_matching_sidecar_breaks_the_chain(where: Home) -> None:
    """Whoever rewrites a capture and its own sidecar still breaks the link from the next sidecar."""
    capture = min(where.raw.glob("heimao/*.warc.gz"))
    note = capture.with_name(capture.name.replace(".warc.gz", ".json"))
    was = sha256(capture)
    capture.write_bytes(capture.read_bytes() + capture.read_bytes())
    note.write_text(note.read_text(encoding="utf-8").replace(was, sha256(capture)), encoding="utf-8")
    assert "与前一份旁注不相接" in verify(where).broken[0]


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
    assert record_at(where.raw / kept.file, kept.offset).block == kept.body


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


@pytest.mark.parametrize("name", ["https://board.example/", "https://board.example", "", " ", "a b"])
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


def test_purge_at_the_keep_until_date(where: Home) -> None:
    """A capture past its date leaves the disk with an entry in the chain; one with time left stays; a report made from it is told so."""
    outputs(where)
    put(where, "late.csv", "x")
    about = shelf.About("test", keep_until=datetime(2040, 1, 1, tzinfo=UTC).date())
    import_files("table", [where.root / "inbox/late.csv"], where, about=about)
    assert purge.purge(where) == []
    gone = purge.purge(where, lambda: datetime(2035, 1, 1, tzinfo=UTC))
    assert len(gone) == 2 and not list(where.raw.glob("heimao/*.warc.gz")) and len(list(where.raw.glob("table/*.warc.gz"))) == 1
    found = verify(where)
    assert found.ok and "到期清除" in found.explain()


def test_revisits_thin_out(tmp_path: Path) -> None:
    """A post is due after 1, 2, 4, 8 … days, the most overdue first, within the budget; closed, gone and old ones never."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    day = timedelta(days=1)

    def seen(first: int, last: int, gone: bool = False) -> revisit.Seen:
        return revisit.Seen(Page("", now, 200, "", b"", "", 0, ""), now - first * day, now - last * day, gone, {})

    known = {"new": seen(0, 0), "one": seen(1, 1), "four": seen(8, 4), "early": seen(8, 3), "late": seen(9, 6), "gone": seen(9, 6, True),
             "old": seen(181, 90), "closed": seen(9, 6)}
    assert revisit.due(known, now, 10, lambda url: url != "closed") == ["late", "one", "four"]
    assert revisit.due(known, now, 1, lambda url: True) == ["late"] or revisit.due(known, now, 1, lambda url: True) == ["closed"]


def test_a_revisit_keeps_no_second_copy(session: Start, hostile: Site, clock: FakeClock) -> None:
    """Unchanged (304, or same content) is a revisit record; an edit is stored and noted by digests; a deletion is a tombstone."""
    first = session()
    for path in ("post/1", "charset/latin", "edit/1", "gone/1"):
        first.get(f"{hostile.url}/{path}")
    first.__exit__(None, None, None)
    hostile.edited = True
    clock.at = datetime.now(UTC) + timedelta(days=2)
    second = session()
    done = revisit.look_again(second, 10, lambda url: True)
    second.__exit__(None, None, None)
    assert (done.unchanged, done.edited, done.gone, done.refused) == (2, 1, 1, {})
    assert list(done.lines()) == ["再访：未变 2 页，有改动 1 页，已删除 1 页"]
    found = list(records(second.raw / second.file))
    assert sum(record.type == "revisit" for record in found) == 2
    assert {page.status for page in warc.read(second.raw / second.file, second.raw)} == {200, 410}
    notes = [record.fields() for record in found if record.type == "metadata" and b"digest-before" in record.block]
    assert {note.get("tombstone", "edited") for note in notes} == {"410", "edited"}
    assert all(len(note["digest-before"]) == 64 for note in notes)
    again = revisit.history(first.raw, "board")
    assert f"{hostile.url}/gone/1" not in revisit.due(again, datetime.now(UTC) + timedelta(days=9), 10, lambda url: True)
    check = [sys.executable, "-m", "warcio.cli", "check", str(second.raw / second.file)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
