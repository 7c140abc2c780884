"""Where clauses and sentences end, compared with the plain regular expression of the slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from twin.text import read

from kamen_analysis.label.marks import clause_ends
from kamen_analysis.label.text import fold

TEXTS = st.text(alphabet="我“”\"’「a1。！?；,、…~. \t\u3000\u2003\n\r\0\U0001f642", max_size=30)

WORDS = ["我说", "客服说", "退款的事", "然后", "到现在", "充了三百块", "，", "我", "。", "\0", "等"]
RUNS = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(TEXTS | RUNS, TEXTS | RUNS), min_size=1, max_size=3))
def test_clauses_and_sentences(posts: list[tuple[str, str]]) -> None:
    """In a batch the clauses and sentences of each post begin where the twin has them."""
    texts = fold(*map(list, zip(*posts, strict=True)))
    ends, full = clause_ends(texts.codes)
    assert (np.diff(ends) > 0).all()
    for number, (title, body) in enumerate(posts):
        doc, first = read(title, body, {}), int(texts.index[number])
        own = (ends > first) & (ends <= first + len(doc.text))
        assert (ends[own] - first).tolist() == doc.clauses[1:]
        assert (ends[own & full] - first).tolist() == doc.sentences[1:]


def test_voice_typed_without_commas() -> None:
    """A long run without punctuation is cut before who speaks next and before turns; one of ordinary length is left whole."""
    body = "我在网上充了三百块的点卡等了一天没有到账我就去找客服问他说系统维护让我再等等然后第二天就把我拉黑了到现在钱也没退"
    texts = fold([""], [body])
    whole = texts.strings[0]
    starts = texts.clauses.starts.tolist()
    assert [whole[a:b] for a, b in zip(starts, [*starts[1:], len(whole)], strict=True)] == [
        "\n", "我在网上充了三百块的点卡等了一天没有到账",
        "我就去找客服问他说系统维护", "让我再等等然后第二天就把我拉黑了", "到现在钱也没退"]
    assert len(fold([""], [body[:40]]).clauses.starts) == 2
