"""The HTML report in a real browser, with the network off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"]


@pytest.fixture(scope="module")
def tab(page: Path) -> Iterator[tuple[Any, list[str], list[str]]]:
    """The report opened: the tab, what the console said, and what was asked of the network."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = browser.new_context(offline=True, accept_downloads=True)
        shown, console, asked = context.new_page(), [], []
        shown.on("console", lambda message: console.append(message.text))
        shown.on("pageerror", lambda error: console.append(str(error)))
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(page.as_uri())
        yield shown, console, asked
        browser.close()


def column(shown: Any, key: str, number: int) -> list[str]:
    """Return the visible texts of one column of table `key`."""
    cells = f"#tbl-{key} tbody tr:not([hidden]) td:nth-child({number})"
    return list(shown.eval_on_selector_all(cells, "cells => cells.map(cell => cell.textContent.trim())"))


def test_nothing_is_fetched_and_nothing_complains(tab: tuple[Any, list[str], list[str]]) -> None:
    """Opening the report asks only for itself (pictures are inside it) and the console stays empty."""
    shown, console, asked = tab
    shown.wait_for_load_state()
    assert console == [] and {url.split(":")[0] for url in asked} <= {"file", "data"} and sum(url.startswith("file:") for url in asked) == 1


def test_tables_sort_by_value(tab: tuple[Any, list[str], list[str]]) -> None:
    """A click on a head sorts by the number, not by its letters; a second click turns the order round; the state is announced."""
    shown = tab[0]
    head = shown.locator("#tbl-reasons th").nth(1)
    head.get_by_role("button").click()
    rising = [int(text.replace(",", "")) for text in column(shown, "reasons", 2)]
    assert rising == sorted(rising) and head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert [int(text.replace(",", "")) for text in column(shown, "reasons", 2)] == rising[::-1]
    assert head.get_attribute("aria-sort") == "descending"


def test_tables_filter(tab: tuple[Any, list[str], list[str]]) -> None:
    """Words typed into a table's filter leave only the rows that hold them."""
    shown = tab[0]
    box = shown.locator("xpath=//div[@class='tools'][following-sibling::div[1]//table[@id='tbl-reasons']]")
    box.locator("input").fill("拖延")
    assert column(shown, "reasons", 1) == ["拖延"]
    box.locator("input").fill("")
    assert len(column(shown, "reasons", 1)) == 13


def test_a_number_opens_its_complaints(tab: tuple[Any, list[str], list[str]]) -> None:
    """A figure reached by keyboard opens the complaints behind it, marks the deciding words and names rule and digest; Escape closes it."""
    shown = tab[0]
    row = shown.locator("#tbl-reasons tbody tr", has_text="拖延").first
    button = row.locator("button.cases").first
    button.focus()
    shown.keyboard.press("Enter")
    dialog = shown.locator("dialog#cases")
    assert dialog.is_visible()
    assert f"共 {button.text_content()} 件" in dialog.locator("#cases-about").text_content()
    case = dialog.locator("article.case").first
    assert "客服让我再等三到五个工作日" in case.locator("mark").all_text_contents()
    assert "存档摘要 SHA-256" in case.text_content() and "规则" in case.text_content()
    shown.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_table_downloads_as_csv(tab: tuple[Any, list[str], list[str]]) -> None:
    """The CSV button saves the table as shown, with a byte-order mark."""
    shown = tab[0]
    with shown.expect_download() as saved:
        shown.get_by_role("button", name="下载 CSV").first.click()
    content = Path(saved.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and "环节".encode() in content


@pytest.mark.parametrize("width", [360, 1280])
def test_no_width_makes_the_page_scroll_sideways(tab: tuple[Any, list[str], list[str]], width: int) -> None:
    """On a phone and on a desk the page itself never scrolls sideways: wide tables scroll in their own box."""
    shown = tab[0]
    shown.set_viewport_size({"width": width, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_no_date_is_broken_in_two(tab: tuple[Any, list[str], list[str]]) -> None:
    """On a desk, where a column is as narrow as its words allow, a date in a table stands on one line."""
    dated = "cells => cells.filter(cell => /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(cell.textContent))"
    rows = "cell => { const words = document.createRange(); words.selectNodeContents(cell); return words.getClientRects().length; }"
    tab[0].set_viewport_size({"width": 1280, "height": 800})
    lines = tab[0].eval_on_selector_all("table td", f"{dated}.map({rows})")
    assert lines and set(lines) == {1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_stands_in_the_way_of_anybody(tab: tuple[Any, list[str], list[str]], scheme: Any, width: int) -> None:
    """axe finds nothing serious or critical (WCAG 2.1 A and AA), light and dark, on phone and desk, with the complaints open and shut."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    shown = tab[0]
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": width, "height": 800})
    found = axe.run(shown).response["violations"]
    shown.locator("#tbl-reasons button.cases").first.click()
    found += axe.run(shown, context="dialog").response["violations"]
    shown.keyboard.press("Escape")
    shown.emulate_media(color_scheme="light")
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_every_count_and_share_opens_its_complaints(tab: tuple[Any, list[str], list[str]]) -> None:
    """In the tables of complaints each count that is not withheld is a button, and its window says the very number of the cell."""
    shown = tab[0]
    script = """keys => keys.flatMap(key => [...document.querySelectorAll(`#tbl-${key} tbody td.right`)]
        .filter(cell => /^[1-9][\\d,]*$/.test(cell.textContent.trim()) && !cell.querySelector("button"))
        .map(cell => key + cell.textContent))"""
    keys = ["reasons", "products", "volume_week", "resolved", "naive", "self_reported", "evidence", "payment", "platforms_reasons",
            "chains", "chain_lengths", "campaigns", "channel", "channel_outcomes"]
    assert shown.evaluate(script, keys) == []
    cells = """() => { const data = JSON.parse(document.getElementById("cases-data").textContent);
        return [...document.querySelectorAll("button.cases")].filter(b => /^[\\d,]+$/.test(b.textContent))
        .filter(b => Number(b.textContent.replace(/,/g, "")) !== data.cells[b.dataset.cases].n).map(b => b.textContent); }"""
    assert shown.evaluate(cells) == []


def test_it_prints_without_its_tools(tab: tuple[Any, list[str], list[str]]) -> None:
    """On paper contents, filters and buttons are gone, the mark stays, and the print is more than one page of A4."""
    shown = tab[0]
    shown.emulate_media(media="print")
    assert not shown.locator("nav").is_visible() and not shown.locator(".tools").first.is_visible() and shown.locator(".mark").is_visible()
    printed = shown.pdf(prefer_css_page_size=True)
    shown.emulate_media(media="screen")
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") > 5


def test_after_all_this_the_console_is_still_empty(tab: tuple[Any, list[str], list[str]]) -> None:
    """Sorting, filtering, opening and saving raised no error and asked for nothing outside the file."""
    _, console, asked = tab
    assert console == [] and not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
