"""Crawls: every page once, also when the process is killed again and again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FakeClock
from crawler import links, run
from hostile_site import Site

from kamen_analysis.captures import shelf, warc
from kamen_analysis.captures.crawl import crawl
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import Torn, records
from kamen_analysis.captures.verify import verify
from kamen_analysis.paths import Home

Start = Callable[..., Session]


def paths(raw: Path) -> Counter[str]:
    """Return how often each path is stored over all closed files."""
    files = sorted((raw / "board").glob("*.warc.gz"))
    return Counter("/" + page.url.split("/", 3)[3] for file in files for page in warc.read(file, raw))


def everything(site: Site) -> Counter[str]:
    """Return each path of the site's list and posts, once."""
    lists = -(-site.posts // site.per_page)
    return Counter([f"/list/{n + 1}" for n in range(lists)] + [f"/post/{n}" for n in range(site.posts)])


@pytest.mark.parametrize("shift", [False, True])
def test_every_page_once(session: Start, hostile: Site, shift: bool) -> None:
    """A list and its posts are fetched once each, also when listings shift and repeat posts from page to page."""
    hostile.shift = shift
    one = session()
    summary = crawl(one, [f"{hostile.url}/list/1"], links, 1000)
    one.__exit__(None, None, None)
    assert summary.pages == 33 and paths(one.raw) == everything(hostile)
    assert hostile.hits["/post/8"] == 1


def test_the_page_budget_ends_a_crawl(session: Start, hostile: Site) -> None:
    """No more than max_pages are fetched."""
    one = session()
    assert crawl(one, [f"{hostile.url}/list/1"], links, 7).pages == 7
    assert sum(hostile.hits.values()) - hostile.hits["/robots.txt"] == 7


def test_refusals_are_counted_by_reason(session: Start, hostile: Site) -> None:
    """Refused addresses are counted by reason and the rest of the crawl goes on; the summary says it in Chinese."""
    hostile.robots = "User-agent: *\nDisallow: /post/1\n"
    summary = crawl(session(), [f"{hostile.url}/list/1", "http://169.254.169.254/", f"{hostile.url}/bomb/gzip"], links, 1000)
    assert summary.refused == {"robots": 11, "host": 1, "decoded_size": 1} and summary.pages == 22
    assert "未取 11 个：robots.txt 不允许" in list(summary.lines())


def test_a_stopped_crawl_goes_on(session: Start, hostile: Site, clock: FakeClock) -> None:
    """A run ended by the site is no error; the next run fetches only what is lacking, and the one after that begins anew."""
    start = [f"{hostile.url}/list/1", f"{hostile.url}/busy/long"]
    first = session()
    stopped = crawl(first, start, links, 1000)
    first.__exit__(None, None, None)
    assert "要求等待 86400 秒" in stopped.stopped and stopped.pages == 1
    second = session()
    done = crawl(second, start, links, 1000)
    second.__exit__(None, None, None)
    assert (done.resumed, done.pages, done.stopped) == (1, 33, "")
    assert paths(first.raw) == everything(hostile) + Counter(["/busy/long"])
    assert crawl(session(), start, links, 5).resumed == 0


def test_a_crawl_is_over_when_its_file_is_closed(session: Start, hostile: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the last page but before the file is closed, the next run finds everything there and fetches nothing twice."""
    start = [f"{hostile.url}/list/1"]
    first = session()
    crawl(first, start, links, 1000)
    with monkeypatch.context() as killed:
        killed.setattr(shelf, "finish", lambda path: None)
        killed.setattr(first, "at_close", [])
        first.__exit__(None, None, None)
    assert list(first.raw.rglob("*.open"))
    again = session()
    summary = crawl(again, start, links, 1000)
    again.__exit__(None, None, None)
    assert (summary.resumed, summary.pages) == (33, 0) and paths(first.raw) == everything(hostile)


def test_a_torn_file_is_recovered(session: Start, hostile: Site) -> None:
    """A file cut at any byte of its last record loses that record alone, and the next run closes the file."""
    one = session()
    for number in range(5):
        one.get(f"{hostile.url}/post/{number}")
    whole = one.writer.path.read_bytes()
    marks = [record.offset for record in records(one.writer.path)]
    for cut in {marks[-1] + 1, marks[-1] + 100, len(whole) - 1}:
        torn = one.raw / f"torn{cut}" / one.writer.path.name
        torn.parent.mkdir()
        torn.write_bytes(whole[:cut])
        with pytest.raises(Torn):
            list(records(torn))
        closed, = shelf.recover(torn.parent)
        assert closed.read_bytes() == whole[:marks[-1]]
        assert len(list(warc.read(closed, one.raw))) == 5


def check(path: Path) -> bool:
    """Return whether `warcio check` finds nothing wrong."""
    return subprocess.run([sys.executable, "-m", "warcio.cli", "check", str(path)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kills", [int(os.environ.get("KAMEN_KILLS", "4"))])
def test_kill_at_random_moments(hostile: Site, tmp_path: Path, kills: int) -> None:
    """However often the process is killed, the runs together hold exactly the site's pages, each once, with every digest right."""
    hostile.posts = 455 if kills > 10 else 110
    raw, dice = tmp_path / "data/raw", random.Random(kills)
    command = [sys.executable, str(Path(__file__).with_name("crawler.py")), hostile.url, str(raw), "10000"]
    for _ in range(kills):
        before = sum(hostile.hits.values())
        child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}, stdout=subprocess.DEVNULL)
        while child.poll() is None and sum(hostile.hits.values()) < before + 2:
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.02))
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert run(hostile.url, raw, 10_000).stopped == ""
    assert paths(raw) == everything(hostile)
    assert not list(raw.rglob("*.open")) and all(check(path) for path in raw.rglob("*.warc.gz"))
    assert verify(Home(tmp_path)).ok
