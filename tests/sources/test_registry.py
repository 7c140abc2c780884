"""Sources register by being in the folder; their links and figures; the skeleton of a new one."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kamen_analysis import sources
from kamen_analysis.captures.page import Page
from kamen_analysis.errors import KamenError
from kamen_analysis.sources import base, board, cca, columns, heimao, skeleton

HERE = Path(__file__).parent


def _page(name: str, url: str) -> Page:
    body = (HERE / name).read_bytes()
    return Page(url, datetime(2025, 11, 1, tzinfo=UTC), 200, "", body, "x/x", 0, hashlib.sha256(body).hexdigest())


def test_every_module_of_the_folder_is_a_source_or_says_it_is_none() -> None:
    """The registry holds each module by its file's name, and no list names them."""
    stems = {path.stem for path in Path(sources.__file__).parent.glob("*.py")} - {"__init__"} - sources.NOT_SOURCES
    assert {key: source.KEY for key, source in sources.registry().items()} == {stem: stem for stem in stems}


@pytest.mark.parametrize("source", sources.registry().values(), ids=lambda source: source.KEY)
def test_a_source_says_who_it_is(source: base.Source) -> None:
    """Name, terms, expected counts and pause are stated, and addresses stay on the source's own hosts."""
    assert source.NAME_ZH and source.TERMS and 0 < source.EXPECT[0] <= source.EXPECT[1] and source.PAUSE_S >= 0
    assert all(any(host in url for host in source.HOSTS) for url in source.pages())
    assert not set(source.FIELDS) & set(source.IGNORED)


def test_a_board_list_leads_to_its_posts_and_the_next_list() -> None:
    """Links are absolute and in order; what is no post is not followed; a post leads nowhere."""
    found = board.links(_page("board/page_list.html", "http://127.0.0.1:8000/list?page=1"))
    assert [url.removeprefix("http://127.0.0.1:8000") for url in found] == ["/c/2025080312", "/c/k-77", "/list?page=2"]
    assert board.links(_page("board/page.html", "http://127.0.0.1:8000/c/2025080312")) == []


def test_a_heimao_list_leads_to_the_page_its_pager_names() -> None:
    """The next page keeps the other parameters; the last page and complaint pages lead nowhere."""
    asked = "https://tousu.sina.com.cn/api/index/feed?type=2&page_size=10&page=1"
    assert heimao.links(_page("heimao/page.jsonp", asked)) == [asked.replace("page=1", "page=2")]
    assert heimao.links(_page("heimao/page.jsonp", asked.removesuffix("1") + "2")) == []
    assert heimao.links(_page("heimao/page_block.html", "https://tousu.sina.com.cn/complaint/view/1/")) == []


def test_the_national_figures_are_read_from_the_analysis() -> None:
    """Period, totals in cases and yuan, and each nature's cases and share come out; a page without totals gives none."""
    found = cca.benchmark(_page("cca/page.html", "https://www.cca.org.cn/a"))
    assert found is not None and found.period == "2020年上半年"
    assert found.totals == {"accepted": 1000, "resolved": 800, "recovered_yuan": 125_000}
    assert found.natures == {"售后服务": (400, 0.40), "合同": (350, 0.35), "其他": (250, 0.25)}
    assert cca.benchmark(_page("cca/page_changed.html", "https://www.cca.org.cn/b")) is None


def test_a_list_of_articles_leads_to_each_once() -> None:
    """An association's list gives its articles, each once, and nothing else."""
    found = cca.links(_page("cca/page_list.html", "https://www.cca.org.cn/tsdh/list"))
    assert found == [f"https://www.cca.org.cn/tsdh/detail/{n}.html" for n in (10001, 10002)]


def test_a_new_source_is_written_whole_and_its_page_fails_until_it_is_real(tmp_path: Path) -> None:
    """The skeleton is a module the registry accepts, and its first page cannot be read, so the fixture test fails."""
    (tmp_path / "kamen_analysis/sources").mkdir(parents=True)
    module_path, page_path = skeleton.new_source("newsite", tmp_path)
    spec = importlib.util.spec_from_file_location("newsite", module_path)
    assert spec and spec.loader and ast.get_docstring(ast.parse(module_path.read_text("utf-8")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.KEY == "newsite" and all(hasattr(module, name) for name in sources.REQUIRED)
    body = page_path.read_bytes()
    page = Page("https://newsite.example/", datetime(2025, 11, 1, tzinfo=UTC), 200, "", body, "x/x", 0, "0" * 64)
    assert base.read_page(module, page).unreadable == ("damaged", "不是完整的 JSON")


@pytest.mark.parametrize("key", ["Bad-Key", "base", "1site", "../x", ""])
def test_a_wrong_key_is_refused(tmp_path: Path, key: str) -> None:
    """A key that is no module name, or the name of a helper, is refused and nothing is written."""
    (tmp_path / "kamen_analysis/sources").mkdir(parents=True)
    with pytest.raises(KamenError, match="来源键"):
        skeleton.new_source(key, tmp_path)
    assert not list(tmp_path.rglob("*.py"))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A source that exists stays as it is; outside a project nothing is written."""
    with pytest.raises(KamenError, match="根目录"):
        skeleton.new_source("newsite", tmp_path)
    (tmp_path / "kamen_analysis/sources").mkdir(parents=True)
    module = tmp_path / "kamen_analysis/sources/newsite.py"
    module.write_text("x", "utf-8")
    with pytest.raises(KamenError, match="已经有了"):
        skeleton.new_source("newsite", tmp_path)
    assert module.read_text("utf-8") == "x"


def test_the_document_names_every_constant_and_reason_it_should(root: Path) -> None:
    """docs/add-a-source.md names what a source must state, and its example mapping loads."""
    text = (root / "docs/add-a-source.md").read_text("utf-8")
    assert [name for name in sources.REQUIRED if name.isupper() and f"`{name}`" not in text] == []
    example = columns.load(re.split(r"```[{.]*yaml[^\n]*\n", text)[1].split("```")[0], "add-a-source.md")
    assert example.statuses["已办结"] == "closed" and all(key in text for key in columns.NAMES_ZH)
