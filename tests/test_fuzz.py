"""Fuzzing for a bounded time: whatever comes in, the answer is a result or one clear error, never a crash and never a hang."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import ParamSpec

import onepost
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamen_analysis import sources, tabular, zh
from kamen_analysis.captures.page import Page
from kamen_analysis.errors import KamenError
from kamen_analysis.label.posts import label_posts
from kamen_analysis.redact import find, redact
from kamen_analysis.sources import base

# The clock on the wall also counts the tests that run beside: it finds what waits for ever, the processor's what works for ever.
_SETTINGS = settings(max_examples=120, deadline=20_000, suppress_health_check=list(HealthCheck), derandomize=True)
LIMIT = 2.0  # seconds of the processor for one example
P = ParamSpec("P")
TEXT = st.text(st.characters(codec=None, categories=None), max_size=120)  # lone surrogates, NULs, bidi marks
BITS = st.sampled_from([
    "卡密", "显示已激活", "不给退", "13912345678", "一三八", "，", "。", "\n", "<p>", "</div>", "{", "}", "[", '"', ":", "&#x", ";",
    "\u202e", "\u200b", "\ufeff", "\x00", "\ud800", "😡", "元", "客服说", "订单号", "https://a.example/?x=", "=1+1", "'", "\\u", ",",
])
MIXED = st.one_of(TEXT, st.lists(st.one_of(BITS, TEXT), max_size=20).map("".join))
SEEDS = {
    "heimao": b'try{jQuery1({"result":{"status":{"code":0},"data":{"lists":[{"main":{"sn":"1","title":"t","summary":"s"}}]}}});}catch(e){}',
    "board": b'<article class="complaint"><h1>t</h1><dl><dt>x</dt><dd>y</dd></dl><div class="content"><p>b</p></div></article>',
    "table": "编号,标题,正文\n1,t,b\n".encode(), "s12315": b'{"rows":[{"id":"1","content":"c","res":"r"}]}',
    "dianshubao": b'{"code":1,"list":{"title":"t","remark2":"b"}}', "jutousu": b'{"postList":[{"id":"1","title":"t"}]}',
    "cca": b"<html><body><p>x</p></body></html>",
}


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    # The first post waits for what is compiled: that is no hang.
    label_posts([{"id": "0", "title": "", "body": "客服说已激活，不退", "target": None}])
    redact("加微信 abc_kefu01")


def within_limit(test: Callable[P, None]) -> Callable[P, None]:
    """Return `test`, which fails if one example takes the processor longer than LIMIT."""
    @functools.wraps(test)
    def timed(*given: P.args, **named: P.kwargs) -> None:
        start = time.process_time()
        test(*given, **named)
        assert time.process_time() - start < LIMIT
    return timed


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    """Return `seed` with pieces cut out, doubled, overwritten or put in."""
    body = bytearray(seed)
    for _ in range(draw(st.integers(0, 6))):
        at, n = draw(st.integers(0, len(body))), draw(st.integers(0, 12))
        piece = draw(st.one_of(st.binary(max_size=8), MIXED.map(lambda text: text.encode("utf-8", "surrogatepass"))))
        body[at:at + n] = piece
    return bytes(body)


@_SETTINGS
@given(MIXED)
@within_limit
def test_zh(text: str) -> None:
    """Folding keeps the length, squeezing only leaves out, clauses lie in order within the text."""
    assert len(zh.fold(text)) == len(text)
    kept, offsets = zh.squeeze(text)
    assert [text[i] for i in offsets] == list(kept)
    edges = [edge for clause in zh.clauses(text) for edge in clause]
    assert edges == sorted(edges) and all(0 <= edge <= len(text) for edge in edges)
    assert sum(map(len, zh.tokens(text))) == len(text)


@_SETTINGS
@given(MIXED)
@within_limit
def test_redact(text: str) -> None:
    """What is found lies within the text, and redacted text has nothing left to find."""
    assert all(0 <= span.start < span.end <= len(text) for span in find(text))
    assert find(redact(text).text) == []


@_SETTINGS
@given(st.lists(st.tuples(MIXED, MIXED, st.one_of(st.none(), MIXED)), max_size=4))
@within_limit
def test_label(posts: list[tuple[str, str, str | None]]) -> None:
    """Every post gets one verdict, in order; evidence lies within its field."""
    asked = [{"id": str(i), "title": title, "body": body, "target": target} for i, (title, body, target) in enumerate(posts)]
    labelled = label_posts(asked)
    assert [found.id for found in labelled] == [post["id"] for post in asked]
    for found, post in zip(labelled, asked, strict=True):
        for reason in found.reasons:
            assert 0 <= reason.start < reason.end <= len(post[reason.field] or "")


@pytest.mark.parametrize("key", sorted(sources.registry()))
def test_parsers(key: str) -> None:
    """A parser given any page says what it is (posts, rejects or unreadable), and each post cleans or is rejected."""
    module: ModuleType = sources.registry()[key]

    @_SETTINGS
    @given(st.one_of(mutated(SEEDS.get(key, b"{}")), mutated(SEEDS["board"]), st.binary(max_size=60)), st.sampled_from([200, 404, 500]))
    @within_limit
    def holds(body: bytes, status: int) -> None:
        digest = hashlib.sha256(body).hexdigest()
        page = Page(module.HOME or "file:///x.csv", datetime(2026, 9, 1, tzinfo=UTC), status, "", body, "x/1.warc.gz", 0, digest)
        result = base.read_page(module, page)
        for post in result.posts:
            try:
                done = onepost.cleaned(post, page, module)
            except base.Reject as reject:
                assert reject.reason
                continue
            json.dumps(done.post, default=str).encode()
            assert "\x00" not in f"{done.post['title']}{done.post['body']}"
            f"{done.post['title']}{done.post['body']}{done.post['target']}{done.post['post_id']}".encode()

    holds()


_FILES = st.one_of(
    st.binary(max_size=80), mutated(SEEDS["table"]), mutated(b'{"title": "t"}\n{"title": "u"}\n'), mutated(b'[{"title": "t"}]'),
    mutated(b"PAR1\x15\x04\x15"), mutated(b"PK\x03\x04\x14\x00"),
)


@_SETTINGS
@given(_FILES, st.sampled_from(["x.csv", "x.jsonl", "x.json", "x.xlsx", "x.parquet", "x"]))
@within_limit
def test_tabular(body: bytes, name: str) -> None:
    """Any bytes under any name are records or one clear line naming the file."""
    try:
        assert all(isinstance(record, dict) for record in tabular.read_bytes(body, name))
    except KamenError as error:
        assert name in str(error) and "\n" not in str(error)
