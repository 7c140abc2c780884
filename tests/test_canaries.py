"""Canaries: nothing that identifies a person, planted anywhere in any form, comes out of the corridor anywhere."""

from __future__ import annotations

import hashlib
import html
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import onepost
import pytest

from kamen_analysis import clean, sources
from kamen_analysis.canaries import forms, streams
from kamen_analysis.canaries.trial import Found, searched
from kamen_analysis.canaries.walk import Walk, walked
from kamen_analysis.captures import importer, warc
from kamen_analysis.captures.page import Page
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build
from kamen_analysis.report import svg

SHOWN = "白马点卡"  # what a reader must see: the proof that each stream was really read
ROWS = "编号,标题,正文,投诉对象\nTS20269999,点卡不给退,客服说已激活不退，等了四天没人再回我,青鸟充值\n"


def _digests(home: Home) -> dict[str, str]:
    """Return the digest of every file of a home, locks and what a kill of the walk would leave included."""
    return {str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(home.root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A user's home with captures and tables of its own."""
    home = Home(tmp_path_factory.mktemp("own"))
    (home.root / "a.csv").write_text(ROWS, "utf-8")
    importer.import_files("table", [home.root / "a.csv"], home)
    build(home, jobs=1)
    return home


@pytest.fixture(scope="module")
def walk(home: Home) -> Iterator[Walk]:
    """The corridor walked once with canaries beside the user's own data, notebooks and all."""
    before = _digests(home)
    with walked(home, jobs=2) as walk:
        yield walk
    assert _digests(home) == before


@pytest.fixture(scope="module")
def found(walk: Walk) -> Found:
    """What the search of that walk's outputs found."""
    return searched(walk)


def test_captures_hold_every_canary(walk: Walk) -> None:
    """The search that finds nothing in the outputs finds every canary in the captures: it can see them in every form."""
    raw = walk.home.raw
    text = "\n".join(_said(page) for path in raw.rglob("*.warc.gz") for page in warc.read(path, raw))
    seen = set(forms.Search(walk.plant.planted)(text))
    assert [canary for canary in walk.plant.planted if canary not in seen and not canary.field.startswith("坏文件")] == []


def _said(page: Page) -> str:
    if page.url.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(page.body)) as parts:
            return page.url + html.unescape("".join(parts.read(name).decode() for name in parts.namelist()))
    text = page.text().replace("\\n", "\n")
    return page.url + html.unescape(_unescaped(text) if page.url.endswith("jsonp") else text)


def _unescaped(text: str) -> str:
    return text.encode().decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16")


def test_every_stream_was_read(walk: Walk) -> None:
    """Each stream that shows posts shows the shop they name: what is searched is what a reader sees."""
    seen = Counter(stream for stream, text in walk.outputs() if SHOWN in "".join(text.split()))
    wanted = {".parquet", ".parquet（缓存）", ".html", ".pdf", ".docx", ".xlsx", ".csv", ".svg", ".ipynb", "check 的屏幕输出"}
    assert wanted <= seen.keys()
    assert "坏文件" not in walk.said["label"] and "没有 title 或 body 列" in walk.said["label"]


def test_no_canary_survives(found: Found, record_property: Callable[[str, object], None]) -> None:
    """Of some thousands of identifiers, eighteen kinds in ten forms in every field of five ways in, none is in any output stream."""
    record_property("table", "\n".join(found.lines()))
    assert len(found.planted) > 7000 and len(found.volume) > 20
    assert found.survivors == []


def test_the_search_sees_each_form_in_each_stream(tmp_path: Path, found: Found) -> None:
    """A canary of each kind and form, written into a stream, is found there; figures in neighbouring cells that make one are not."""
    search, first = forms.Search(found.planted), {(canary.kind, canary.form): canary for canary in found.planted}
    assert [pair for pair, canary in first.items() if canary not in search(f"x {canary.written} y")] == []
    phone = first["PHONE", "原样"]
    assert search(f"a {phone.value[:5]},{phone.value[5:]} b") == [] and search(f"{phone.value[:5]} {phone.value[5:]}") == [phone]


def test_the_search_reads_the_pictures_in_a_page(tmp_path: Path) -> None:
    """What a picture says that a page carries within it is found."""
    canary = forms.Canary("NAME", "原样", "图", "王建国")
    (tmp_path / "a.html").write_text(f'<img src="{svg.address(f"<svg><text>{canary.written}</text></svg>")}">', encoding="utf-8")
    assert forms.Search([canary])(streams.of(tmp_path / "a.html")) == [canary]


# Redaction that misses one kind: in every process of the walk, and at the gate as well, as a rule nobody wrote would be missing.
_BLIND = '''
import importlib.abc, importlib.machinery, sys
class Blind(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "kamen_analysis.redact.search":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (execute(module), blind(module.Engine))
        return spec
def blind(engine):
    seen = engine.search
    engine.search = lambda self, *given: [one for one in seen(self, *given) if one[3] != "PLATE"]
sys.meta_path.insert(0, Blind())
'''


def test_one_survivor_stops_the_build(home: Home, tmp_path: Path) -> None:
    """Where redaction misses one kind, `kamen build --canaries` names kind, form, field and stream, ends with 3, and writes nothing."""
    own = Home(tmp_path / "home")
    shutil.copytree(home.root, own.root, ignore=shutil.ignore_patterns(".canaries"))  # the other tests' walk
    (own.root / "b.csv").write_text(ROWS.replace("9999", "9998"), "utf-8")
    importer.import_files("table", [own.root / "b.csv"], own)
    before = _digests(own)
    (tmp_path / "sitecustomize.py").write_text(_BLIND, "utf-8")
    command = [sys.executable, "-m", "kamen_analysis", "--home", str(own.root), "build", "--canaries"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 3, done.stderr
    assert re.search(r"漏出：PLATE \| 原样 \| csv 正文 \| \.parquet", done.stdout)
    assert set(re.findall(r"^漏出：(\w+) \|", done.stdout, re.M)) == {"PLATE"}
    assert not re.search(r"粤B[A-H]\d{4}", done.stdout + done.stderr)
    assert _digests(own) == before


@pytest.mark.parametrize(("given", "kept"), [
    ("https://a.example/c/17351054590?tel=13912345678&page=2#13912345678", "https://a.example/c/17351054590?page=2"),
    ("https://13912345678:pw@a.example/c/1", "https://a.example/c/1"),
    ("https://a.example/view?id=17351054590", "https://a.example/view?id=17351054590"),
    ("https://a.example/u/li.ming@post.example/1", None),
    ("https://a.example/%E6%94%B6%E6%AC%BE%E4%BA%BA%EF%BC%9A%E7%8E%8B%E5%BB%BA%E5%9B%BD", None),
    ("https://[a.example/", None), ("javascript:alert(1)", None), (None, None),
])
def test_an_address_keeps_no_person(given: str | None, kept: str | None) -> None:
    """Of an address the page is kept; who asked, whose number or mailbox it carries, is not."""
    assert clean.address(given) == kept


@pytest.mark.parametrize("before", range(19_985, 20_001))
def test_nothing_is_cut_in_two(before: int) -> None:
    """An identifier that straddles the longest text kept leaves no half of itself behind."""
    page = Page("file:///x.csv", datetime(2026, 9, 1, tzinfo=UTC), 200, "", b"", "table/1.warc.gz", 0, "0" * 64)
    body = "退" * before + "13912345678" + "钱" * 300
    post = onepost.cleaned({"id": "TS202600001", "title": "点卡", "body": body}, page, sources.registry()["table"]).post
    assert not re.search(r"\d{4}", post["body"]) and len(post["body"]) <= 20_000
