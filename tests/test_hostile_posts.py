"""Hostile posts and files: what tries to be more than text stays text, in every format; what tries to be more than a table is refused."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from lxml import html as markup
from playwright.sync_api import Page, sync_playwright

from kamen_analysis import clean, cli, data, tabular
from kamen_analysis.captures import importer, sidecar
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build
from kamen_analysis.report.build import report
from kamen_analysis.report.marks import plain
from kamen_analysis.sources import audit

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Each names a shop, so that it stands in tables, figures and cases alike.
SHOPS = [
    "<script>window.pwned=1</script>", '"><img src=x onerror=window.pwned=1>', "<svg onload=window.pwned=1>",
    "</script><script>window.pwned=1</script>", "javascript:window.pwned=1", "<a href=javascript:window.pwned=1>店</a>",
    "<iframe srcdoc='<script>top.pwned=1</script>'>", "</td></tr></table>店", "]]><!-- 店", "&lt;b&gt;店",
    "![店](javascript:window.pwned=1)",
    "[店](http://evil.example)", "店 | 铺 | 子", "**店** `铺` ~~子~~", "{{7*7}} ${7*7} #{7*7}", '#let x = 1 #import "@preview/x:1"',
    '店 #read("/etc/passwd")', "\\input{/etc/passwd} $x^2$", "{ MERGEFIELD x } 店", '{DDEAUTO cmd "/k calc"}',
    '=HYPERLINK("http://evil.example","店")', "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1,2)店", "\t=1+1店", "\r=2+2店",
    "＝3+3店", "＋4+4店", "－5+5店", "＠SUM(6)店", "\u202e铺店\u202c甲", "店\u200b\u2060铺乙", "店\x00\x1b[31m铺丙", "店\ud800铺丁",
    "@@body@@ %%店",
    "店\u2028铺戊",
]
BODY = "在这里买了点卡，卡密显示已激活，客服说一经售出概不退换，第{}次等了没有人再回我。"


def _rows() -> list[dict[str, str]]:
    rows = [{
        "编号": f"TS2026{i:05}{j}", "标题": f"{shop} 不给退 {j}", "投诉对象": shop, "投诉要求": shop, "投诉进度": "处理中",
        "发布时间": f"2026-08-{j + 1:02} 10:00", "正文": f"{BODY.format(i * 3 + j)} {shop} {chr(0x4E00 + i * 40 + j) * 9}",
    } for i, shop in enumerate(map(html.escape, SHOPS)) for j in range(3)]
    rows[0]["正文"] += "退钱" * 50_000
    rows[1]["正文"] += "<b><i><div></p></article>" * 50 + "\u202e" * 100
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home made of hostile posts alone, built and reported in all formats."""
    home = Home(tmp_path_factory.mktemp("hostile"))
    (home.root / "posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in _rows()), "utf-8")
    importer.import_files("table", [home.root / "posts.jsonl"], home)
    build(home, jobs=1)
    report(home)
    return home


@pytest.fixture(scope="module")
def shown(home: Home) -> list[str]:
    """The shops as a reader should see them, word for word."""
    names = sorted({plain(name) for name in data.load(home).posts["platform"].dropna()})
    assert len(names) >= 30
    return names


@pytest.fixture(scope="module")
def listed(shown: list[str], browsed: tuple[Watched, dict[str, Any]]) -> list[str]:
    """Those of them that the page lists: a document shows the first rows of a long table."""
    names = [name for name in shown if _squeezed(name) in _squeezed(browsed[1]["text"])]
    assert len(names) >= 25
    return names


@pytest.fixture(scope="module")
def folder(home: Home) -> Path:
    """The report's folder."""
    return home.reports / "all"


class Watched:
    """The report in a browser without network; whatever it tried or said is kept."""

    def __init__(self, page: Page) -> None:
        self.page, self.tried = page, list[str]()
        page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
        page.on("request", lambda request: self.note(request.url[:80], request.url.startswith(("file:", "data:", "blob:"))))
        page.on("dialog", lambda dialog: (self.note("dialog"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.note(f"error {error}"))
        page.on("console", lambda said: self.note(f"console {said.text}", said.type not in ("error", "warning")))

    def note(self, what: str, is_harmless: bool = False) -> None:
        """Keep what the page tried, unless it is harmless."""
        self.tried += [] if is_harmless else [what]


@pytest.fixture(scope="module")
def browsed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, dict[str, Any]]:
    """The report opened, every drill-down and table tool used, every table saved; what came of it."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    kept, saved = tmp_path_factory.mktemp("saved"), []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(accept_downloads=True)
        page.set_default_timeout(180_000)  # The page is large, the machine may be busy.
        watched = Watched(page)
        page.goto(folder.joinpath("report.html").as_uri())
        texts = []
        for button in page.query_selector_all("button.cases")[::7]:
            button.evaluate("button => button.click()")
            texts.append(page.inner_text("#cases-list"))
            page.evaluate("document.getElementById('cases').close()")
        for head in page.query_selector_all("main th button"):
            head.evaluate("button => button.click()")
        for number in range(len(page.query_selector_all(".tools button"))):
            if number and number % 9 == 0:  # The browser stops at the tenth file a page's script asks for.
                page.reload()
            button = page.query_selector_all(".tools button")[number]
            with page.expect_download() as download:
                button.evaluate("button => button.click()")
            saved.append(kept / f"{number}.csv")
            download.value.save_as(saved[-1])
        found = {"pwned": page.evaluate("typeof window.pwned"), "text": page.inner_text("main"), "cases": "\n".join(texts), "saved": saved}
        browser.close()
    return watched, found


def test_the_browser_runs_nothing(browsed: tuple[Watched, dict[str, Any]]) -> None:
    """Opened, clicked through and saved from, the report runs no injected script, asks for nothing, says no error; the text is there."""
    watched, found = browsed
    assert watched.tried == []
    assert found["pwned"] == "undefined"
    assert "window.pwned=1" in found["text"] and "window.pwned=1" in found["cases"]


def test_the_page_allows_nothing(folder: Path) -> None:
    """A strict policy heads the page; it has its own script alone, no event handler, and no address but anchors and pictures within."""
    text = folder.joinpath("report.html").read_text("utf-8")
    root = markup.document_fromstring(text.encode(), parser=markup.HTMLParser(encoding="utf-8"))
    policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert [script.get("type") for script in root.iter("script")] == ["application/json", None]
    attributes = [(name, value) for element in root.iter(markup.etree.Element) for name, value in element.attrib.items()]
    assert [name for name, _ in attributes if name.startswith("on") or name == "srcdoc"] == []
    leading = {"src", "href", "action", "data", "srcset", "poster", "formaction", "background"}
    addresses = [value for name, value in attributes if name in leading]
    assert [value[:60] for value in addresses if not value.startswith(("#", "data:"))] == []
    assert not re.search(r"@import|url\((?!['\"]?data:)", "".join(style.text or "" for style in root.iter("style")))


_NUMBER = re.compile(r"[+\-]?[\d,]+(\.\d+)?([eE][+\-]?\d+)?\s*(%|个?百分点|元|件|日|天)?")


def _is_formula(cell: str) -> bool:
    return bool(re.match(r"\s*[=+\-@＝＋－＠]", cell)) and not _NUMBER.fullmatch(cell)


def test_no_csv_cell_is_a_formula(folder: Path, browsed: tuple[Watched, dict[str, Any]], shown: list[str]) -> None:
    """In the CSV files and in those saved from the page no cell begins as a formula does, plain or full width, and the words are kept."""
    files = [*folder.glob("tables/*.csv"), *browsed[1]["saved"]]
    assert len(files) > 25
    cells = [cell for path in files for row in csv.reader(path.read_text("utf-8-sig").splitlines()) for cell in row]
    assert [cell for cell in cells if _is_formula(cell)] == []
    words = {cell.removeprefix("'") for cell in cells}
    assert [name for name in shown if name not in words] == []


def test_the_workbook_holds_words(folder: Path, shown: list[str]) -> None:
    """Every shop stands in the workbook as a string, word for word; there is no formula, and no link or name that points outside."""
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(cell.hyperlink and cell.hyperlink.target for cell in cells)  # a target is outside, a location within
    words = {str(cell.value) for cell in cells}
    assert [name for name in shown if name not in words] == []
    with zipfile.ZipFile(folder / "tables.xlsx") as parts:
        assert not [name for name in parts.namelist() if "external" in name.lower() or "vba" in name.lower()]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_word_holds_words(folder: Path, listed: list[str]) -> None:
    """Every shop stands in the Word file word for word; the only fields are page numbers and contents, the only links lead within."""
    document = docx.Document(str(folder / "report.docx"))
    words = "\n".join([*(p.text for p in document.paragraphs), *(c.text for t in document.tables for r in t.rows for c in r.cells)])
    assert [name for name in listed if _squeezed(name) not in _squeezed(words)] == []
    with zipfile.ZipFile(folder / "report.docx") as parts:
        whole = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith((".xml", ".rels")))
    fields = {found.split()[0] for found in re.findall(r'w:instr="([^"]+)"|<w:instrText[^>]*>([^<]+)<', whole) for found in found if found}
    assert fields <= {"PAGE", "NUMPAGES", "TOC", "SEQ", "PAGEREF"}
    targets = re.findall(r'Target="([^"]+)"[^>]*TargetMode="External"|TargetMode="External"[^>]*Target="([^"]+)"', whole)
    assert [target for target in map("".join, targets) if "evil" in target or "javascript" in target] == []


def test_pdf_holds_words(folder: Path, listed: list[str]) -> None:
    """Every shop can be read in the PDF; nothing in it acts, links outside or reads a file."""
    reader = pypdf.PdfReader(folder / "report.pdf")
    words = _squeezed("".join(page.extract_text() for page in reader.pages))
    missing = [name for name in listed if _squeezed(name) not in words]
    assert len(missing) <= len(listed) // 4, missing  # a long name in a narrow cell is read line by line with its neighbours
    assert "root:x:0" not in words
    raw = b"".join(page.get_object().get("/Annots", []).__repr__().encode() for page in reader.pages)
    assert b"/URI" not in raw and b"/JavaScript" not in folder.joinpath("report.pdf").read_bytes()


def test_long_and_broken_text(home: Home) -> None:
    """A line of 100 kB is cut with a mark, halves of characters, NULs and escapes are gone, and no table holds what no encoding carries."""
    posts = data.load(home).posts
    assert int(posts["truncated"].sum()) == 1 and posts["body"].str.len().max() <= 20_000
    words = "".join(posts["title"] + posts["body"] + posts["target"].fillna(""))
    words.encode()
    assert not re.search(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]", words)


def test_no_unseen_mark_reaches_a_reader(folder: Path, browsed: tuple[Watched, dict[str, Any]]) -> None:
    """Bidi overrides, zero-width marks and escapes of posts and shops stand nowhere a reader looks: page, Word, PDF, CSV, workbook, SVG."""
    with zipfile.ZipFile(folder / "report.docx") as word, zipfile.ZipFile(folder / "tables.xlsx") as book:
        texts = {name: parts.read(name).decode() for parts in (word, book) for name in parts.namelist() if name.endswith(".xml")}
    files = [path for pattern in ("tables/*.csv", "figures/*.svg", "*.json") for path in folder.glob(pattern)]
    texts |= {path.name: path.read_text("utf-8-sig") for path in files}
    texts["pdf"] = "".join(page.extract_text() for page in pypdf.PdfReader(folder / "report.pdf").pages)
    texts["page"] = html.unescape(folder.joinpath("report.html").read_text("utf-8"))
    texts |= {"seen": browsed[1]["text"], "cases": browsed[1]["cases"]}
    assert len(texts) > 40
    unseen = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\x00\x1b]|\\u(?:202[a-e]|200b)", re.I)
    assert {name: found[0] for name, text in texts.items() if (found := unseen.search(html.unescape(text)))} == {}


def test_one_post_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A post on which cleaning itself breaks, in a way nobody foresaw, is one reject by name; the others are built."""
    rows = [{"标题": f"点卡不给退 {n}", "正文": "客服说已激活不退"} for n in range(3)]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    importer.import_files("table", [tmp_path / "x.jsonl"], Home(tmp_path))
    inner = clean.plain

    def breaking(text: str | None) -> str:
        return str(int("9" * 5000)) if text == "点卡不给退 1" else inner(text)

    monkeypatch.setattr(clean, "plain", breaking)
    manifest = build(Home(tmp_path), jobs=1)
    assert manifest["stages"][1]["rejected"] == {"parser_failed": 1} and manifest["stages"][1]["out"] == 2


def test_numbers_without_end(tmp_path: Path) -> None:
    """Character references, amounts, times and numbers of thousands of digits are text or missing, and never end the build."""
    nines = "9" * 6000
    row = {"标题": f"点卡&#{nines};不退", "正文": f"客服说&#x{nines};已激活&#{nines}", "涉诉金额": nines, "编号": nines,
           "发布时间": f"2026-08-{nines}"}
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + f'\n{{"标题": "点卡", "涉诉金额": {nines}}}\n', "utf-8")
    importer.import_files("table", [tmp_path / "x.jsonl"], Home(tmp_path))
    stages = build(Home(tmp_path), jobs=1)["stages"]
    assert (stages[1]["in"], stages[1]["out"], stages[1]["rejected"]) == (2, 1, {"damaged_row": 1})
    assert nines not in data.load(Home(tmp_path)).posts["body"].iloc[0]


def _workbook(path: Path, parts: dict[str, bytes]) -> Path:
    """Write a small workbook, some of its parts replaced or added."""
    book = openpyxl.Workbook()
    book.active.append(["编号", "标题", "正文"])
    book.active.append(["TS20260001", "点卡不给退", "正文"])
    book.save(path)
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in (kept | parts).items():
            new.writestr(name, content)
    return path


_SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_SHEET = f'<worksheet {_SPACE}><sheetData><row><c t="inlineStr"><is><t>{{}}</t></is></c></row></sheetData></worksheet>'
_OUTSIDE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
_LAUGHS = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "haha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)) + "]>"


@pytest.mark.parametrize("parts", [
    {"xl/worksheets/sheet1.xml": b" " * (300 << 20)},
    {"xl/worksheets/sheet1.xml": (_LAUGHS + _SHEET.format("&i;")).encode()},
    {"xl/sharedStrings.xml": f"{_LAUGHS}<sst {_SPACE}><si><t>&i;</t></si></sst>".encode()},
    {"xl/worksheets/sheet1.xml": (_OUTSIDE + _SHEET.format("正文&x;")).encode()},
], ids=["zip bomb", "entities in a sheet", "entities in strings", "external entity"])
def test_a_hostile_workbook_is_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    """A workbook that unpacks without end, multiplies entities or asks for a file is one clear line, quickly; the file is not read."""
    path = _workbook(tmp_path / "x.xlsx", parts)
    try:
        got = json.dumps(list(tabular.read_records(path)), default=str)
    except KamenError as error:
        assert "x.xlsx" in str(error) and "\n" not in str(error)
    else:
        assert len(got) < 10_000 and Path("/etc/hostname").read_text("utf-8").strip() not in got


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    """A workbook whose parts are named to climb out of the folder writes nothing anywhere: nothing is unpacked to disk."""
    (tmp_path / "in").mkdir()
    path = _workbook(tmp_path / "in" / "x.xlsx", {"../../evil.txt": b"x", "/evil.txt": b"x"})
    importer.import_files("table", [path], Home(tmp_path / "home"))
    assert [found.name for found in tmp_path.rglob("*evil*")] == []
    assert not Path("/evil.txt").exists()


def test_an_external_entity_in_a_page_is_not_read(tmp_path: Path) -> None:
    """An HTML page that declares an external entity gives its own words only."""
    home = Home(tmp_path)
    page = ('<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><article class="complaint"><h1>点卡不给退</h1><dl><dt>投诉编号</dt>'
            "<dd>90001</dd></dl><div class='content'><p>我买的点卡&x;客服不退</p></div></article>")
    (tmp_path / "x.html").write_text(f"<!-- saved from url=(0020)http://127.0.0.1/c/1 -->{page}", "utf-8")
    importer.import_files("board", [tmp_path / "x.html"], home)
    build(home, jobs=1)
    words = data.load(home).posts["body"].iloc[0]
    assert "客服不退" in words and Path("/etc/hostname").read_text("utf-8").strip() not in words


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    """A folder's links, to files or to folders, are passed over: only what lies in the folder is imported."""
    inbox, secret = tmp_path / "inbox", tmp_path / "secret"
    inbox.mkdir()
    secret.mkdir()
    (secret / "s.csv").write_text("标题,正文\n秘密,秘密\n", "utf-8")
    (inbox / "a.csv").write_text("标题,正文\n点卡,不退\n", "utf-8")
    (inbox / "link.csv").symlink_to(secret / "s.csv")
    (inbox / "folder").symlink_to(secret)
    assert importer.import_files("table", [inbox], Home(tmp_path / "home")).files == 1


@pytest.mark.parametrize("name", ["a\r\nkeep-until: 1999-01-01\r\n.csv", "..%2f..%2fevil.csv", "\x1b[31m红.csv", "-rf.csv", "$(id).csv"])
def test_a_file_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    """Line breaks, escapes and climbing paths in a file's name change no field of the sidecar and no place on disk."""
    home = Home(tmp_path / "home")
    path = tmp_path / name
    path.write_text("标题,正文\n点卡不给退,客服说已激活不退\n", "utf-8")
    importer.import_files("table", [path], home)
    (_, entry), = sidecar.entries(home.raw / "table")
    assert entry["keep_until"] > "2027" and len(entry["inputs"]) == 1
    assert sorted(found.suffix for found in home.raw.rglob("*") if found.is_file() and found.name != ".lock") == [".gz", ".json"]
    build(home, jobs=1)
    assert len(data.load(home).posts) == 1


def test_names_told_hold_nothing_unseen() -> None:
    """Names of columns, states and files are shown without zero-width marks, directions, escapes and halves of characters."""
    assert audit.told("\ufeff状\u200b态\u2060\u202e\x1b[31m\ud800", 40) == "状 态 [31m"


def test_a_file_name_of_broken_bytes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file whose name no encoding carries is one clear line, and nothing of the name reaches the terminal that it could obey."""
    path = tmp_path / os.fsdecode(b"\xff\x1b[31m.csv")
    path.write_text("标题,正文\n点卡不给退,客服说已激活不退\n", "utf-8")
    assert cli.main(["--home", str(tmp_path), "import", "table", str(path)]) == 2
    said = capsys.readouterr().err
    assert "文件名" in said and "\x1b" not in said and len(said.splitlines()) == 1
