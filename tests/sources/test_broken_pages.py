"""Whatever bytes a page holds, a parser gives posts, rejects or one verdict on the page: it never falls over."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onepost
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamen_analysis import sources
from kamen_analysis.captures.page import Page
from kamen_analysis.sources import base, heimao

HERE = Path(__file__).parent
SAMPLES = [(key, path.read_bytes(), path.name) for key in sorted(sources.registry()) for path in sorted((HERE / key).glob("page*.*"))]
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def page(body: bytes, name: str = "page.html", status: int = 200) -> Page:
    """A page of `body`, fetched on a day of November 2025."""
    digest = hashlib.sha256(body).hexdigest()
    return Page(f"https://tousu.sina.com.cn/{name}", datetime(2025, 11, 1, tzinfo=UTC), status, "", body, "x/x", 0, digest)


def _survives(key: str, given_page: Page) -> None:
    source = sources.registry()[key]
    try:
        items = list(source.parse(given_page))
    except base.Unreadable as verdict:
        assert verdict.reason
        return
    for item in items:
        if not isinstance(item, base.Reject):
            try:
                onepost.cleaned(item, given_page, source)
            except base.Reject as reject:
                assert reject.reason


@QUICK
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), max_size=6), st.floats(0, 1))
def test_changed_bytes_never_crash_a_parser(sample: tuple[str, bytes, str], changes: list[tuple[float, bytes]], cut: float) -> None:
    """Pages with bytes replaced, put in or cut off give posts, rejects or a verdict."""
    key, body, name = sample
    for where, what in changes:
        at = int(where * len(body))
        body = body[:at] + what + body[at + 1:]
    _survives(key, page(body[:int(cut * len(body)) + 1], name))


@QUICK
@given(st.sampled_from(sorted(sources.registry())), st.binary(max_size=80) | st.text(max_size=60).map(str.encode))
def test_any_bytes_never_crash_a_parser(key: str, body: bytes) -> None:
    """Bytes that are no page at all give posts, rejects or a verdict."""
    _survives(key, page(body))


@QUICK
@given(st.sampled_from([*heimao.FIELDS, "brand_new"]), JSON)
def test_a_field_of_any_kind_never_crashes_the_list_parser(name: str, value: Any) -> None:
    """A list record whose field holds anything JSON can hold gives a post or a reject."""
    item = {"main": {"sn": "90000000011", "title": "演示数据", "summary": "", name: value}, "author": {}}
    body = {"result": {"status": {"code": 0}, "timestamp": value, "data": {"lists": [item, value]}}}
    _survives("heimao", page(json.dumps(body).encode(), "page.json"))


@pytest.mark.parametrize(("status", "reason"), [(401, "login_required"), (403, "blocked"), (404, "no_such_page"), (410, "gone"),
                                                (429, "blocked"), (456, "blocked"), (302, "redirected"), (503, "server_error")])
def test_a_refused_page_is_named_and_holds_no_post(status: int, reason: str) -> None:
    """An HTTP status other than success is the verdict, even where the body would parse."""
    body = (HERE / "heimao/page.jsonp").read_bytes()
    result = base.read_page(sources.registry()["heimao"], page(body, "page.jsonp", status))
    assert (result.posts, result.unreadable) == ([], (reason, f"HTTP {status}"))


@pytest.mark.parametrize(("code", "reason"), [(10017, "login_required"), (10019, "no_such_page"), (1, "refused"), ("x", "refused")])
def test_the_sites_own_answer_codes_are_verdicts(code: object, reason: str) -> None:
    """An envelope that says no is reported as what it says."""
    body = json.dumps({"result": {"status": {"code": code, "msg": ""}}}).encode()
    result = base.read_page(heimao, page(body, "page.json"))  # type: ignore[arg-type]
    assert result.unreadable is not None and result.unreadable[0] == reason


def test_a_page_of_another_site_is_not_read() -> None:
    """What a browser's archive holds from elsewhere is named as such; a subdomain of the source is its own."""
    given_page = page((HERE / "heimao/page.jsonp").read_bytes())
    source = sources.registry()["heimao"]
    assert base.read_page(source, replace(given_page, url="https://ads.example/x")).unreadable == ("other_site", "ads.example")
    assert base.read_page(source, replace(given_page, url="https://m.tousu.sina.com.cn/x")).posts


def test_names_of_authors_never_leave_the_parser() -> None:
    """A page's nicknames are in no value of what its parser gives."""
    for name in ("page_steps.html", "page.jsonp"):
        result = base.read_page(heimao, page((HERE / "heimao" / name).read_bytes(), name))  # type: ignore[arg-type]
        assert result.posts and "演示用户甲" not in str(result.posts) and "gender" not in str(result.posts)
