"""Duplicates: the right posts are grouped, the earliest is kept, short texts are left alone."""

from __future__ import annotations

import functools
import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kamen_analysis import dedupe
from kamen_analysis.dedupe import essences, similarity
from kamen_analysis.pipeline import copies
from kamen_analysis.pipeline.partition import NO_DATE

STORY = "上周六在这家店买了一张一百元的点卡，输进去提示卡号不存在，客服说要等技术核实，等了六天没有下文，再问就不回了。"

OTHER = "话费没到账，打电话给运营商说没有收到这一笔，商家又说已经交给上游处理了，一直没结果。"


def _posts(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    day = pd.Timestamp("2026-03-01", tz="Asia/Shanghai")
    return pd.DataFrame(
        {
            "post_id": [f"board:{i}" for i in range(len(rows))], "source": "board", "target": [r[0] for r in rows],
            "title": [r[1] for r in rows], "body": [r[2] for r in rows],
            "posted_at": [day + pd.Timedelta(days=i) for i in range(len(rows))],
        }
    )


def test_kinds() -> None:
    """The same words against another target, a copy and a near copy each get their kind, and the earliest names the group."""
    posts = _posts([("甲店", "卡号不存在", STORY), ("乙店", "卡号不存在", STORY), ("甲店", "卡号不存在", STORY + " "),
                    ("甲店", "卡号不存在", STORY.replace("六天", "七天")), ("甲店", "别的事", OTHER)])
    found = dedupe.duplicates(posts)
    assert found["dup_kind"].tolist() == ["first", "two_targets", "exact", "near", "first"]
    assert found["dup_group"].tolist() == ["board:0"] * 4 + ["board:4"]
    assert found["dup_size"].tolist() == [4, 4, 4, 4, 1]


def test_earliest_kept_whatever_the_order() -> None:
    """Rows given in another order, and a copy without a date, still leave the earliest dated post as the first."""
    posts = _posts([("甲店", "t", STORY), ("甲店", "t", STORY), ("甲店", "t", STORY)])
    posts.loc[0, "posted_at"] = pd.NaT
    found = dedupe.duplicates(posts.iloc[[2, 0, 1]])
    assert found.loc[1, "dup_kind"] == "first" and set(found["dup_group"]) == {"board:1"}


@pytest.mark.parametrize("kind", ["category", "str", "object"])
def test_no_target_is_another_target(kind: str) -> None:
    """A post may name no target, in whatever way the column is held: two without one are copies, one with and one without are not."""
    posts = _posts([("甲店", "t", STORY), ("乙店", "t", STORY), ("甲店", "u", STORY + OTHER), ("甲店", "u", STORY + OTHER)])
    posts = posts.assign(target=posts["target"].where(posts.index == 1)).astype({"target": kind})
    assert dedupe.duplicates(posts)["dup_kind"].tolist() == ["first", "two_targets", "first", "exact"]


def test_short_texts_are_not_copies() -> None:
    """Two people may both write the same few words: texts under the minimum length are never grouped."""
    assert dedupe.duplicates(_posts([("甲店", "", "充了没到"), ("甲店", "", "充了没到")]))["dup_size"].tolist() == [1, 1]


def test_empty() -> None:
    """No posts give no rows and no error."""
    assert dedupe.duplicates(_posts([])).empty


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4EFF), min_size=60, max_size=120), st.integers(0, 50))
def test_jaccard_twin(text: str, cut: int) -> None:
    """The similarity of two shingle arrays equals the one reckoned slowly from sets of strings."""
    other = text[cut:] + text[:cut]
    a, b = ({t[i : i + 4] for i in range(len(t) - 3)} for t in (text, other))
    points = np.frombuffer(f"{text}{other}".encode("utf-32-le"), np.uint32)
    found, counts = essences.grams(points, np.array([len(text), len(other)]))
    assert np.isclose(essences.jaccard(*np.split(found, counts[:1])), len(a & b) / len(a | b))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("点卡充值不到账退款", min_size=4, max_size=40), min_size=1, max_size=6))
def test_shingles_of_many(texts: list[str]) -> None:
    """The shingles of several essences in one row are those reckoned letter by letter for each: none reaches into the next."""
    def number(piece: str) -> int:
        return functools.reduce(lambda before, letter: (before * 1_000_003 + ord(letter)) % (1 << 64), piece, 0)

    found, counts = essences.grams(*essences.codes(texts))
    slow = [sorted({number(text[i : i + 4]) for i in range(len(text) - 3)}) for text in texts]
    assert [part.tolist() for part in np.split(found, np.cumsum(counts)[:-1])] == slow


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(0, 60), min_size=1), min_size=2, max_size=8), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_no_pair_is_passed_over(drawn: list[set[int]], threshold: float) -> None:
    """What the counts in drawers leave out is never alike: the pairs confirmed are those whose Jaccard similarity, of sets, is enough."""
    grams = [np.array(sorted(numbers), np.uint64) for numbers in drawn]
    first, second = np.triu_indices(len(drawn), 1)
    slowly = [len(drawn[a] & drawn[b]) / len(drawn[a] | drawn[b]) >= threshold for a, b in zip(first, second, strict=True)]
    assert (similarity.similarities(first, second, lambda rows: [grams[row] for row in rows], threshold) > 0).tolist() == slowly


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))))))
def test_linked_rows_share_the_lowest(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    """Over any links each row is given the lowest row of its component, as scipy finds the components."""
    size, links = drawn
    first, second = np.array(links, np.int64).reshape(-1, 2).T
    _, group = connected_components(coo_array((np.ones(len(first)), (first, second)), (size, size)), directed=False)
    lowest = [int(np.flatnonzero(group == own)[0]) for own in group]
    assert dedupe.components(size, first, second).tolist() == lowest


@given(st.lists(st.integers(0, 12), max_size=40), st.integers(1, 9))
def test_the_lowest_row_of_each_key(drawn: list[int], rows: int) -> None:
    """Each row but the first of its key is told that first row, however few rows are looked at together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dedupe, "ROWS", rows)
        first, second = dedupe.repeated(np.array(drawn, np.uint64))
    slowly = [(drawn.index(key), row) for row, key in enumerate(drawn) if drawn.index(key) < row]
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == sorted(slowly)


def test_keys_alike_by_chance() -> None:
    """Keys that agree in all the bits sorted by, and posts of one moment whose ids do, are told apart all the same."""
    back = pow(int(essences.MIX), -1, 1 << 64)
    keys = np.array([back * number % (1 << 64) for number in (5, 6, 5, 7, 6)], np.uint64)
    first, second = dedupe.repeated(keys)
    assert dict(zip(second.tolist(), first.tolist(), strict=True)) == {2: 0, 4: 1}
    moments, ids = np.array([2, 1, 1, 2, 1], np.uint64), np.array([9, 3, 2, 8, 1 << 63], np.uint64)
    assert copies.order(moments, ids).tolist() == [2, 1, 4, 3, 0]


_BEFORE_1970 = (1 << 64) - 551_616  # a whole number of seconds, too
_MOMENTS = st.sampled_from([0, 1, 10**6, 10**6 + 1, 1_700_000_000 * 10**6, 1_700_000_001 * 10**6, _BEFORE_1970, int(NO_DATE)])
_IDS = st.sampled_from([0, 1, 2, 1 << 63, (1 << 63) + 1, (1 << 64) - 1])


@given(st.lists(st.tuples(_MOMENTS, _IDS), max_size=12))
def test_order_of_posts(drawn: list[tuple[int, int]]) -> None:
    """Posts are in the order of their moments, undated ones last, those of one moment by id: also before 1970 and by microseconds."""
    moments, ids = np.array(drawn, np.uint64).reshape(-1, 2).T
    assert copies.order(moments, ids).tolist() == sorted(range(len(drawn)), key=drawn.__getitem__)


@given(st.lists(st.lists(st.integers(1, 3), min_size=8, max_size=8), max_size=20), st.integers(1, 9))
def test_pairs_that_share_enough(drawn: list[list[int]], rows: int) -> None:
    """The pairs to compare are, once each, those of a row and the first of one of its bands that share enough minima, reckoned slowly."""
    bands = np.array(drawn, np.uint64).reshape(-1, essences.BANDS).T  # three of the four minima of a band are always 0
    shared = essences.BANDS * (essences.LANES - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dedupe, "ROWS", rows)
        patch.setattr(dedupe, "AGREE", shared + 3)
        first, second = dedupe.candidates(lambda k: bands[k])
    columns = list(zip(*drawn, strict=True))
    slowly = {(column.index(row[k]), at) for at, row in enumerate(drawn) for k, column in enumerate(columns)}
    slowly = {(a, b) for a, b in slowly if a < b and sum(map(operator.eq, drawn[a], drawn[b])) >= 3}
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == sorted(slowly)
