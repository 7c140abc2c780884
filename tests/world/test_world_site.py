"""The board serves the whole world in the stated form, with the habits of a real one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import onepost
import pandas as pd
import pytest
import requests

from kamen_analysis.captures.page import Page
from kamen_analysis.plain import plain
from kamen_analysis.sources import board
from kamen_analysis.world import draw
from kamen_analysis.world.site import FORBIDDEN, Site, serve


@pytest.fixture(scope="module")
def site(world: draw.World) -> Iterator[Site]:
    """The small world, served."""
    with serve(world) as served:
        yield served


def listed(site: Site) -> list[str]:
    """Return what every list page links to, page after page."""
    found, target = [], "/list?page=1"
    while target:
        text = site.answer(target).body.decode()
        found += re.findall(r'<li><a href="(/c/\w+)"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        target = following[1] if following else ""
    return found


def read(site: Site, path: str) -> Page:
    """Return the answer to `path` as a captured page; a busy board is asked again."""
    answer = site.answer(path)
    answer = site.answer(path) if answer.status == 503 else answer
    return Page(url=site.url + path, fetched_at=pd.Timestamp("2026-11-20", tz="UTC").to_pydatetime(), status=answer.status,
                content_type=answer.kind, body=answer.body, file="x.warc.gz", offset=0, digest="0" * 64)


def test_lists_show_every_post_and_shift(site: Site, tables: dict[str, pd.DataFrame]) -> None:
    """Every shown post is on some list page, and some stand on two, as on a board that grows while one reads."""
    found = listed(site)
    ids = {"board:" + path.removeprefix("/c/") for path in found}
    assert set(tables["posts"]["post_id"]) == ids - {f"board:{n}" for n in (*site.removed, *site.members)}
    assert len(found) > len(set(found))


def test_pages_read_back_to_the_truth(site: Site, tables: dict[str, pd.DataFrame], world: draw.World) -> None:
    """The parser and the cleaner make of a served page the very row and events of the truth, each with its times."""
    posts = tables["posts"]
    same = ["post_id", "target", "appeal", "amount_yuan", "status", "posted_at", "posted_precision", "first_seen_at", "last_seen_at"]
    events = {post_id: rows for post_id, rows in tables["events"].groupby("post_id")}
    for _, post in posts[::13].iterrows():
        page = read(site, "/c/" + post["post_id"].removeprefix("board:"))
        made = onepost.cleaned(next(iter(board.parse(page))), page, board)
        for column in same:
            assert made.post[column] == post[column] or (made.post[column] is None and pd.isna(post[column])), column
        seen = [(event["kind"], pd.Timestamp(event["at"]), event["actor"]) for event in made.events]
        assert seen == list(events[post["post_id"]][["kind", "at", "actor"]].itertuples(index=False, name=None))


def test_bodies_read_back_to_the_words_written(site: Site, world: draw.World) -> None:
    """Title and body come back from a served page to the letter, personal data and all, but for what nobody sees."""
    rows = [row for row in world.posts.index[world.posts["shown"]] if not world.posts["hostile"][row]]
    for row in rows[::13]:
        page = read(site, f"/c/{world.posts['number'][row]}")
        post = onepost.cleaned(next(iter(board.parse(page))), page, board).post
        assert (post["title"], post["body"]) == (plain(world.texts[row].title), plain(world.texts[row].body))


def test_hostile_text_stays_text(site: Site, world: draw.World) -> None:
    """What a poster wrote comes back from the page as he wrote it and adds no element to it."""
    for row in world.posts.index[world.posts["hostile"] != ""]:
        page = read(site, f"/c/{world.posts['number'][row]}")
        assert b"<script>" not in page.body and b"<img" not in page.body
        raw = next(iter(board.parse(page)))
        tight = str.maketrans("", "", " \n\u3000")
        assert raw["body"].translate(tight) == world.texts[row].body.translate(tight)


def test_trespasses_are_written_down(world: draw.World) -> None:
    """Fetching what robots.txt forbids is recorded, fetching what it allows is not."""
    with serve(world) as site:
        rules = requests.get(site.url + "/robots.txt", timeout=5).text
        assert all(f"Disallow: {path}" in rules for path in FORBIDDEN)
        requests.get(site.url + "/list?page=2", timeout=5)
        assert site.trespasses == []
        requests.get(site.url + "/admin/export", timeout=5)
        assert site.trespasses == ["/admin/export"]


def test_pages_that_cannot_be_read(site: Site) -> None:
    """A deleted post is gone, a members' page shows a login form, an unknown or not yet listed one is not found: all are marked."""
    waiting = site.pages.world.posts.loc[~site.pages.world.posts["shown"], "number"]
    assert len(waiting) and {site.answer(f"/c/{number}").status for number in waiting} == {404}
    answers = [site.answer(path) for path in (f"/c/{site.removed[0]}", f"/c/{site.members[0]}", "/c/1", "/nowhere")]
    assert [a.status for a in answers] == [410, 200, 404, 404]
    assert b'class="login"' in answers[1].body
    assert all('<p class="mark">演示数据</p>' in a.body.decode() for a in answers)


def test_a_busy_board_answers_the_second_time(world: draw.World) -> None:
    """Few pages are refused with 503 and Retry-After once, and answered when asked again."""
    with serve(world) as site:
        paths = [f"/c/{number}" for number in site.pages.rows]
        refused = [path for path in paths if site.answer(path).status == 503]
        assert 3 <= len(refused) <= 20
        assert {site.answer(path).status for path in refused} == {200}
        other = serve(world)
        with other as again:
            reply = requests.get(again.url + refused[0], timeout=5)
            assert reply.status_code == 503 and reply.headers["Retry-After"] == "0"


def test_compression_tags_and_charsets(site: Site) -> None:
    """Answers are compressed on request, carry a tag that answers 304, and GBK pages say so and decode to the same marks."""
    path = f"{site.url}/list?page=3"
    first = requests.get(path, timeout=5)
    assert first.headers["Content-Encoding"] == "gzip"
    plain = requests.get(path, headers={"Accept-Encoding": "identity"}, timeout=5)
    assert "Content-Encoding" not in plain.headers and plain.content == first.content
    again = requests.get(path, headers={"If-None-Match": first.headers["ETag"]}, timeout=5)
    assert (again.status_code, again.content) == (304, b"")
    kinds = {answer.kind: answer for answer in (site.answer(f"/c/{number}") for number in site.pages.rows)}
    assert set(kinds) == {"text/html; charset=utf-8", "text/html; charset=gbk", "text/html"}
    assert "演示数据" in kinds["text/html; charset=gbk"].body.decode("gbk")


def test_a_thousand_pages_a_second(site: Site) -> None:
    """The board answers more than 1,000 requests a second on one connection (best of three rounds of warm pages)."""
    where, paths = urlsplit(site.url), [f"/c/{number}" for number in list(site.pages.rows)[:300]]

    def ask(path: str) -> HTTPResponse:
        line.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = line.getresponse()
        answer.read()
        return answer

    line = HTTPConnection(str(where.hostname), where.port)
    took = []
    for _ in range(4):
        start = time.perf_counter()
        assert all(ask(path).status in (200, 503) for path in paths)
        took.append(time.perf_counter() - start)
    line.close()
    assert len(paths) / min(took[1:]) > 1000
