"""Erasing from tables: whatever form the import takes, the post is found in it as the import finds it, and nothing else changes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from capture_helpers import NUMBERS, pages, put

from kamen_analysis.captures import withdraw
from kamen_analysis.captures.importer import import_files
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.withdraw import Erased
from kamen_analysis.paths import Home
from kamen_analysis.tabular import read_bytes

KEPT = [NUMBERS[0], NUMBERS[2]]


def erased(home: Home, name: str, content: bytes | str) -> tuple[Erased, list[Page]]:
    """Import one file, erase the second post, and return what was done and the pages left."""
    import_files("table", [put(home, name, content)], home)
    return withdraw.erase(home, f"table:{NUMBERS[1]}", "本人要求"), pages(home)


def ids(page: Page) -> list[str]:
    """The numbers a build would read from the page of an imported table."""
    return [str(record["编号"]) for record in read_bytes(page.body, page.url)]


def workbook(head: str, formulas: list[tuple[str, str]]) -> bytes:
    """A workbook of three posts: in column A, called `head`, a formula each, with what it shows."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, (head, "正文"))
        for row, ((formula, shown), number) in enumerate(zip(formulas, NUMBERS, strict=True), 1):
            sheet.write_formula(row, 0, formula, None, shown)
            sheet.write_string(row, 1, f"演示 {number[-1]}")
    return out.getvalue()


def bodies(page: Page) -> list[str]:
    """Column B of the first sheet of a workbook."""
    return [str(cell.value) for cell in openpyxl.load_workbook(io.BytesIO(page.body)).worksheets[0]["B"]]


def separated(mark: str, body: str = "演示\r\n两行，{}") -> str:
    """A table of three posts with line breaks in quoted cells, parted by `mark`."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark).writerows([("编号", "正文"), *((number, body.format(number[-1])) for number in NUMBERS)])
    return out.getvalue()


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_json_line_goes_whole(tmp_path: Path, mark: str) -> None:
    """Characters that end a line only in running text do not cut a JSON line in two; the other lines keep every byte, CRLF too."""
    lines = [json.dumps({"编号": number, "正文": f"演示{number[-1]}甲{mark}乙"}, ensure_ascii=False) + "\r\n" for number in NUMBERS]
    done, [page] = erased(Home(tmp_path), "t.jsonl", "".join(lines))
    assert done == Erased(0, 1)
    assert page.body.removeprefix(b"\xef\xbb\xbf").decode() == lines[0] + lines[2]
    assert ids(page) == KEPT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(("name", "mark"), [("t.csv", "\t"), ("t.csv", ","), ("t.tsv", ","), ("t.tsv", "\t")])
def test_rows_are_told_apart_as_at_import(tmp_path: Path, name: str, mark: str, encoding: str) -> None:
    """Whatever parts the cells and encodes them, by its name or not, the post's row goes and the others stay as they were written."""
    text = separated(mark)
    done, [page] = erased(Home(tmp_path), name, text.encode(encoding))
    assert done == Erased(0, 1) and ids(page) == KEPT
    assert page.body.decode("utf-8-sig") == text.replace(f'{NUMBERS[1]}{mark}"演示\r\n两行，2"\r\n', "")


def test_a_long_cell_is_no_obstacle(tmp_path: Path) -> None:
    """A cell as long as the import takes does not stop an erasure, whatever limit the process had for cells before."""
    csv.field_size_limit(131_072)
    done, [page] = erased(Home(tmp_path), "t.csv", separated(",", "演示 {}" + "长" * 200_000))
    assert done == Erased(0, 1) and ids(page) == KEPT


@pytest.mark.parametrize("name", ["t.csv", "t.json"])
def test_a_workbook_by_any_name(tmp_path: Path, name: str) -> None:
    """A workbook is cut as one whatever its name, and a number that a formula spells is found."""
    content = workbook("编号", [(f'="{number[:6]}"&"{number[6:]}"', number) for number in NUMBERS])
    done, [page] = erased(Home(tmp_path), name, content)
    assert done == Erased(0, 1) and bodies(page) == ["正文", "演示 1", "演示 3"]


def test_json_lines_called_json(tmp_path: Path) -> None:
    """JSON lines in a .json file are cut line by line, not only the first of them."""
    lines = "".join(json.dumps({"编号": number, "正文": "演示"}) + "\n" for number in NUMBERS)
    done, [page] = erased(Home(tmp_path), "t.json", lines)
    assert done == Erased(0, 1) and ids(page) == KEPT


def test_half_an_emoji_is_stored_as_it_came(tmp_path: Path) -> None:
    """Text cut inside an emoji, which JSON can write and UTF-8 cannot, stays as it was beside an erased post."""
    posts = [{"编号": number, "正文": "演示\ud83d"} for number in NUMBERS]
    done, [page] = erased(Home(tmp_path), "t.json", json.dumps(posts))
    assert done == Erased(0, 1) and json.loads(page.text()) == [posts[0], posts[2]]


def test_a_column_of_numbers_with_gaps(tmp_path: Path) -> None:
    """Numbers that Parquet holds as floats, since some are missing, are found as the import writes them."""
    out = io.BytesIO()
    pd.DataFrame({"编号": [*map(float, NUMBERS), None], "正文": ["演示"] * 4}).to_parquet(out)
    done, [page] = erased(Home(tmp_path), "t.parquet", out.getvalue())
    assert done == Erased(0, 1) and ids(page)[:2] == [f"{number}.0" for number in KEPT]


def test_a_quote_left_open(tmp_path: Path) -> None:
    """Behind a quote that nothing closes only what names the post goes; the other rows stay as they are written."""
    whole = separated(",")
    broken = whole.replace("两行，2\"", "两行，2") + "4,演示\r\n"
    home = Home(tmp_path)
    import_files("table", [put(home, "t.csv", broken)], home)
    assert withdraw.erase(home, f"table:{NUMBERS[2]}", "本人要求") == Erased(0, 1)
    assert pages(home)[0].body.decode("utf-8-sig") == broken[:broken.index(NUMBERS[2])] + "4,演示\r\n"


@pytest.mark.parametrize(("name", "magic"), [("t.xlsx", b"PK\x03\x04"), ("t.parquet", b"PAR1")])
def test_a_damaged_table_is_counted(tmp_path: Path, name: str, magic: bytes) -> None:
    """A damaged workbook or Parquet file does not end an erasure: it is counted as one that may hold the post."""
    done, _ = erased(Home(tmp_path), name, magic + b"\0" * 64)
    assert done == Erased(0, 0, 1)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "xlsx", "parquet"])
def test_a_short_number_is_no_amount(tmp_path: Path, kind: str) -> None:
    """A short number takes the row of that number, not another whose amount is the same."""
    frame, out = pd.DataFrame({"编号": [92, 93], "金额": [5, 92], "正文": "演示"}), io.BytesIO()
    frame.to_excel(out, index=False) if kind == "xlsx" else frame.to_parquet(out) if kind == "parquet" else None
    text = frame.to_csv(index=False) if kind == "csv" else frame.to_json(orient="records", lines=kind == "jsonl")
    content = out.getvalue() or text.encode()
    home = Home(tmp_path)
    import_files("table", [put(home, f"t.{kind}", content)], home)
    assert withdraw.erase(home, "table:92", "本人要求") == Erased(0, 1)
    assert ids(pages(home)[0]) == ["93"]


@pytest.mark.parametrize("formula", ['=HYPERLINK("https://x.example/view/{}","查看")', '=HYPERLINK("https://x.example/view/{}", "查看")'])
def test_a_number_only_in_a_formula(tmp_path: Path, formula: str) -> None:
    """A row whose number stands only in the address of a link formula, which shows a word, goes too."""
    content = workbook("链接", [(formula.format(number), "查看") for number in NUMBERS])
    done, [page] = erased(Home(tmp_path), "t.xlsx", content)
    assert done == Erased(0, 1) and bodies(page) == ["正文", "演示 1", "演示 3"]


def test_a_longer_address_is_another_page(tmp_path: Path) -> None:
    """An address takes the row that holds it, not those of pages whose address goes on behind it."""
    home = Home(tmp_path)
    ways = ["123456-2", "123456", "123456/other", "123456/"]
    rows = "".join(f"https://x.example/post/{way},演示\n" for way in ways)
    import_files("table", [put(home, "t.csv", f"链接,正文\n{rows}")], home)
    assert withdraw.erase(home, "https://x.example/post/123456", "本人要求") == Erased(0, 1)
    assert [row["链接"].rpartition("post/")[2] for row in read_bytes(pages(home)[0].body, "t.csv")] == ["123456-2", "123456/other"]


def test_json_nested_too_deep(tmp_path: Path) -> None:
    """JSON nested deeper than can be walked does not end an erasure: it goes as a whole if it names the post."""
    deep = f'{{"list": [{{"编号": "{NUMBERS[1]}", "正文": {"[" * 600}{"]" * 600}}}]}}'
    done, _ = erased(Home(tmp_path), "t.json", deep)
    assert done == Erased(1, 0)
