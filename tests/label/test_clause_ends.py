"""Where clauses and sentences end, compared with the plain regular expression of the slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from twin.text import read

from kamen_analysis.label.marks import clause_ends
from kamen_analysis.label.text import fold

TEXTS = st.text(alphabet="我“”\"’「a1。！?；,、…~. \t\u3000\u2003\n\r\0\U0001f642", max_size=30)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
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
