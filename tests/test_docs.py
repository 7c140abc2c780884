"""The guide is true: every command and block of code it shows runs, the site builds strictly, and it refers to nothing outside itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import demohome
import docpages
import pytest

from kamen_analysis import metrics

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
OTHERS = {"operations.md"}  # kept true by its own tests
EMPTY = {"first-ten-minutes", "own-data"}  # pages for someone who has nothing yet
CHANGING = {"add-a-source", "add-a-reason", "add-a-metric"}  # pages that change the program: on a copy
STEPS = [page for page in PAGES if page.name not in OTHERS and docpages.blocks(page.read_text("utf-8"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", STEPS, ids=lambda page: page.stem)
def test_what_the_page_shows_runs(page: Path, tmp_path: Path) -> None:
    """Run in order, every command and code block of the page ends well and prints what the page says it prints."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    if page.stem not in EMPTY:
        demohome.as_own(tmp_path)
    if page.stem in CHANGING:
        shutil.copytree(ROOT / "kamen_analysis", tmp_path / "kamen_analysis", ignore=shutil.ignore_patterns("__pycache__"))
    wrong = docpages.Runner(tmp_path, tmp_path if page.stem in CHANGING else ROOT).run(page.read_text("utf-8"))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in OTHERS], ids=lambda page: page.stem)
def test_no_block_escapes_the_runner(page: Path) -> None:
    """Every block of a page is of a kind that runs, shows output, is a file, or is marked as needing the network; none is indented."""
    text = page.read_text("utf-8")
    assert {block.kind for block in docpages.blocks(text)} <= docpages.KINDS
    assert text.count("```") == 2 * len(docpages.blocks(text))
    assert not re.search(r"\n\n {4}\S", docpages.BLOCK.sub("", text))
    networked = [block.text for block in docpages.blocks(text) if block.kind == "network"]
    assert all(re.search(r"git clone|make |kamen fetch", block) for block in networked)


def test_what_is_shown_is_compared() -> None:
    """The comparison takes … for anything in a line, and alone on a line for any lines, and nothing else."""
    assert docpages.shown("a … c\n…\nend\n", "a b c\nx\ny\nend\n")
    assert docpages.shown("…\nend\n", "end\n")
    assert not docpages.shown("a … c\nend\n", "a b c\nx\nend\n")
    assert not docpages.shown("3 件\n", "4 件\n")


def test_a_wrong_page_is_found_out(tmp_path: Path) -> None:
    """A page whose command fails, prints something else, or whose code raises is reported, each in one entry."""
    console = "```console\n$ false\n$ echo 1\n2\n$ exit 2   # 退出码 2\n```\n"
    page = f"{console}\n```python\nprint(1)\n```\n\n```text\n2\n```\n\n```python\n1 / 0\n```\n"
    wrong = docpages.Runner(tmp_path).run(page)
    assert len(wrong) == 4 and "ZeroDivisionError" in wrong[-1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", ROOT / "mkdocs.yml", "--site-dir", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class References(HTMLParser):
    """Collects what a page refers to: every href, src, action, srcset and poster."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the addresses of one tag."""
        self.found += [value for name, value in attrs if value and name in ("href", "src", "action", "srcset", "poster", "data")]


def test_the_site_refers_to_nothing_outside(site: Path) -> None:
    """No page links to or loads anything from another host, nor does a style sheet; no page has a script from elsewhere or analytics."""
    outside = re.compile(r"(?i)^\s*(?:[a-z][a-z0-9+.-]*:)?//")
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len([page for page in PAGES])
    for page in pages:
        references = References()
        references.feed(page.read_text("utf-8"))
        assert not [address for address in references.found if outside.match(address)], page.name
        assert "analytics" not in page.read_text("utf-8").lower()
    for style in site.rglob("*.css"):
        loaded = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", style.read_text("utf-8"))
        assert not [address for pair in loaded for address in pair if outside.match(address)], style.name


def test_every_page_is_reached(site: Path) -> None:
    """Every page of the guide stands in the contents of its first page."""
    references = References()
    references.feed((site / "index.html").read_text("utf-8"))
    assert {page.stem for page in PAGES} <= {Path(address).stem for address in references.found}


def test_every_figure_is_explained(site: Path) -> None:
    """The page on figures names every published metric with the words of its caption, its interval and its least number."""
    text = re.sub(r"<[^>]+>|\s", "", (site / "figures.html").read_text("utf-8"))
    sys.path.insert(0, str(DOCS / ".site"))
    try:
        import hooks
    finally:
        sys.path.pop(0)
    for metric in metrics.METRICS:
        told = metric.__name__ in hooks.MEASURED or " share" in (metric.__doc__ or "")
        assert told, f"{metric.__name__}：区间与最小基数写进 docs/.site/hooks.py"
        for line in metrics.caption(metric).values():
            assert re.sub(r"\s|[`*<>]", "", line)[:20] in re.sub(r"[`*]|&lt;|&gt;", "", text), f"{metric.__name__}: {line}"
