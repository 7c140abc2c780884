"""The matcher against its slow and plain twin: any templates, any words that bar others, any texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin import cues as slow
from twin.text import read

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.errors import KamenError
from kamen_analysis.label import cues as fast
from kamen_analysis.label.chains import HEAD
from kamen_analysis.label.matches import Found
from kamen_analysis.label.senses import END, START
from kamen_analysis.label.text import Ints, fold

CLASSES = {"short": WordClass(words=("退", "款", "退款", "了")), "not": WordClass(words=("不", "没"), not_in=("不但", "没人", "没")),
           "both": WordClass(words=("不退", "退款了"), include=("short",), not_in=("退款了了", "不退款", "款不"))}
CHOICES = ["{short}", "{not}", "{both}", "退", "款", "不", "没人", "我", "我|你|{not}", "退款|{both}|退", "{short}|{both}"]
PARTS = st.tuples(st.sampled_from(["", "", "..0 ", "..2 ", "..9 ", "^ ", "^^ "]), st.sampled_from(CHOICES), st.sampled_from(["", "", "?"]))
LINES = st.tuples(st.lists(PARTS, min_size=1, max_size=5).filter(lambda parts: any(not optional for *_, optional in parts)),
                  st.sampled_from(["clause", "sentence", "line", "text"]), st.integers(0, 1))
PIECES = ["退", "款", "了", "不", "没", "没人", "不但", "退款了了", "我", "你", "他", "，", "。", " ", "\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)

Key = tuple[object, ...]
Drawn = list[tuple[list[tuple[str, str, str]], str, int]]
Rows = list[tuple[int, int, list[tuple[int, int]]]]


def _fast(lines: list[fast.Line], posts: list[tuple[str, str]]) -> list[dict[Key, Rows]]:
    matcher, texts = fast.Matcher(CLASSES, lines), fold(*zip(*posts, strict=True))
    out: list[dict[Key, Rows]] = [{} for _ in posts]
    found = matcher.scan(hits := matcher.words(texts))
    for key, matches in found.items():
        homes, parts = texts.post(matches.start), hits.table[[START, END]].T[_chains(matcher, found, key)[:, HEAD:]]
        for post, start, end, spans in zip(homes.tolist(), matches.start.tolist(), matches.end.tolist(), parts.tolist(), strict=True):
            first = int(texts.start[post])
            out[post].setdefault(key, []).append((start - first, end - first, [(a - first, b - first) for a, b in spans]))
    return out


def _chains(matcher: fast.Matcher, found: Found, key: Key) -> Ints:
    return found.chains(np.arange(*found.rows(matcher.numbers([key]))[:, 0]))


def _slow(lines: list[fast.Line], posts: list[tuple[str, str]], width: int) -> list[dict[Key, Rows]]:
    matcher, out = slow.Matcher(CLASSES, [slow.Line(*line[:3]) for line in lines]), []
    for title, body in posts:
        doc = read(title, body, {})
        found = matcher.scan(doc, matcher.hits(doc), *dict.fromkeys(line.key[0] for line in lines))
        out.append({key: [(a, b, [*parts, *[parts[0]] * (width - len(parts))]) for a, b, parts in matches]
                    for key, matches in found.items()})
    return out


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6), st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_any_templates(drawn: Drawn, posts: list[tuple[str, str]]) -> None:
    """Both find the same matches, part by part."""
    lines = [fast.Line((number, within), " ".join(map("".join, parts)), within) for parts, within, number in drawn]
    mine, other = _fast(lines, posts), _slow(lines, posts, max(len(parts) for parts, *_ in drawn))
    for one, two in zip(mine, other, strict=True):
        assert one.keys() == two.keys()
        for key, rows in one.items():
            assert [row[0] for row in rows] == sorted(row[0] for row in rows)
            assert sorted({(a, b, *parts) for a, b, parts in rows}) == sorted({(a, b, *parts) for a, b, parts in two[key]})


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6), st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.data())
def test_stretches_touched(drawn: Drawn, posts: list[tuple[str, str]], data: st.DataObject) -> None:
    """Lines looked for on demand touch the same stretches as their matches would if they were looked for everywhere."""
    lines = [fast.Line((number, within), " ".join(map("".join, parts)), within) for parts, within, number in drawn]
    cue, within = fast.Line(("cue",), "{short}", "text"), data.draw(st.sampled_from([line.within for line in lines]))
    eager, lazy = (fast.Matcher(CLASSES, [cue, *(line._replace(only_asked=only) for line in lines)]) for only in (False, True))
    texts = fold(*zip(*posts, strict=True))
    every, hits = eager.scan(eager.words(texts)), lazy.words(texts)
    found = lazy.scan(hits)
    (start, end), cues = found.get(("cue",)), _chains(lazy, found, ("cue",))
    low, high = texts.bounds(start, within)
    reach = data.draw(st.integers(0, 9))
    bounds = np.stack([low, high, np.maximum(low, start - reach), np.minimum(high, end + reach)], axis=1)
    for key in {line.key for line in lines if line.within == within}:
        other = every.get(key)
        slow = [bool(((other.start < b) & (other.end > a)).any()) for a, b in bounds[:, 2:]]
        assert lazy.touched(hits, np.repeat(lazy.numbers([key]), len(start)), cues, bounds).tolist() == slow
        assert not len(found.get(key).start)


def test_more_matches_than_expected() -> None:
    """Texts of nothing but cue words give every match, more than there is room for at first; nor do tries that fail use up that room."""
    lines = [fast.Line((number,), "退") for number in range(40)]
    (found,) = _fast([*lines, fast.Line(("none",), "退 ..0 款 ..0 退")], [("", "退" * 500 + "款")])
    assert {key: len(rows) for key, rows in found.items()} == {line.key: 500 for line in lines}


def test_word_in_too_many_classes() -> None:
    """A word in more classes with `not_in` words than there is room for is refused by name."""
    classes = {f"c{i}": WordClass(words=("退",), not_in=("退款",)) for i in range(13)}
    lines = [fast.Line((0,), f"{{{name}}}") for name in classes]
    assert fast.Matcher(classes, lines[:-1])
    with pytest.raises(KamenError, match="“退”"):
        fast.Matcher(classes, lines)
