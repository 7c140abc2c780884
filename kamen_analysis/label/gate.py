"""The gate: is a post a first-hand complaint? Evidence is weighed per type (codebook/gate.yaml) and the heaviest type wins."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import coding
from kamen_analysis.label._hits import Hits, Spots, inside
from kamen_analysis.label._reading import read
from kamen_analysis.label.text import Bools, Indexes, Ints, Texts, distinct, fold
from kamen_analysis.label.traits import TRAITS, searched, traits


def _behind(words: Sequence[str]) -> str:
    # One of the words, where the first character has been read.
    return "|".join(f"(?<={word[0]}){word[1:]}" for word in words)


_TELLERS = ("客服", "卖家", "店家", "商家", "对方", "平台", "官方", "老板", "店主", "发卡方", "他", "她", "群主", "网点", "公司")
_TOLD_IN = ("公告", "网页", "页面", "短信", "邮件", "弹窗", "协议", "回我", "答复", "回复")
_MARKS = "“\"「『"
# Each character that a quotation can begin with first, in one set: what stands there is looked at only where one does.
_QUOTED = re.compile(
    rf"[{_MARKS}答{''.join(word[0] for word in (*_TELLERS, *_TOLD_IN))}](?:(?<=[{_MARKS}])[^“”\"「」『』\n]{{1,200}}[”\"」』]"
    rf"|(?:{_behind(_TELLERS)})[^，。:：\n]{{0,4}}(?:[:：]|说|称|讲|回|答复|表示|告知)[^。！？!?\n]{{1,60}}"
    rf"|(?<=[答回])[:：][^。！？!?\n]{{1,60}}|(?:{_behind(_TOLD_IN)})[^，。\n]{{0,4}}(?:说|写|称|:|：|为)[^。！？!?\n]{{1,60}})")
_REACH = 10  # Characters a modal word reaches inside its clause.
_HARMS = ("refused", "trouble", "said")
_NARRATED = (*_HARMS, "bought", "settled", "spender")
_MADE = ("case", "told", "named")  # Traits made of other evidence.
Floats = npt.NDArray[np.float64]


class Gate(NamedTuple):
    """What a post is, and the name of the evidence that weighed most for it (a group or trait of codebook/gate.yaml)."""

    post_type: str
    rule: str


@dataclass(frozen=True, eq=False)
class Scales:
    """The evidence of a batch: (posts, evidence) how often each counts, in the order of `evidence()`."""

    count: npt.NDArray[np.int64]

    def points(self, kind: str, posts: Indexes | slice = slice(None)) -> tuple[Indexes, Floats]:
        """Return the evidence that speaks for or against a type of post (its numbers), and its points (posts, evidence)."""
        worth = np.array([points.get(kind, 0.0) for points in evidence().values()])
        some = np.flatnonzero(worth)
        count = self.count[posts][:, some]
        return some, worth[some] * np.where(worth[some] > 0, count, count > 0)

    def total(self, kind: str) -> Floats:
        """Return the sum of the points (posts,) for a type of post."""
        total: Floats = np.cumsum(self.points(kind)[1], axis=1)[:, -1]  # One after the other, so that no sum hangs on the batch.
        return total

    @functools.cached_property
    def totals(self) -> Floats:
        """The sums (posts, types), in the order of the gate."""
        return np.stack([self.total(kind) for kind in coding.gate().order], axis=1)

    def has(self, *names: str) -> Bools:
        """Return which posts have one of these pieces of evidence."""
        columns = [list(evidence()).index(name) for name in names]
        some: Bools = np.logical_or.reduce(self.count[:, columns] > 0, axis=1)
        return some


@functools.cache
def evidence() -> dict[str, dict[str, float]]:
    """Return the points of every group, then of every trait of the gate."""
    book = coding.gate()
    points = {name: group.points for name, group in book.groups.items()} | {name: book.traits[name].points for name in (*TRAITS, *_MADE)}
    return {name: {str(kind): worth for kind, worth in row.items()} for name, row in points.items()}


def gate(title: str, body: str, target: str | None = None) -> Gate:
    """Return the post type (a key of `records.POST_TYPES`) and its rule; what no type speaks for is a complaint if filed or told as one.

    `target` is the party the post was filed against, when its source names one: that speaks for a complaint.
    """
    return gates(read(fold([title or ""], [body or ""])), [target])[0]


def gates(hits: Hits, targets: Sequence[object]) -> list[Gate]:
    """Return the gate's decision on each post of a batch."""
    return decide(scale(hits, targets), targets)


def decide(scales: Scales, targets: Sequence[object]) -> list[Gate]:
    """Return the gate's decision on each post by its evidence."""
    book, names = coding.gate(), list(evidence())
    best = scales.totals.argmax(axis=1)
    rules = np.zeros(len(best), np.intp)
    for i, kind in enumerate(book.order):
        some, points = scales.points(kind, won := np.flatnonzero(best == i))
        rules[won] = some[points.argmax(axis=1)]
    filed = np.array([bool(target) for target in targets]) | _told(scales)
    weak = scales.totals.max(axis=1) < book.least
    return [Gate("complaint" if f else "other", "filed") if w else Gate(book.order[b], names[r])
            for b, r, f, w in zip(best.tolist(), rules.tolist(), filed.tolist(), weak.tolist(), strict=True)]


def _told(scales: Scales) -> Bools:
    # Some evidence of a case that speaks for or against a complaint.
    return scales.has(*(name for name in _NARRATED if "complaint" in evidence()[name]))


def weigh(title: str, body: str, target: str | None = None) -> dict[str, dict[str, float]]:
    """Return, for each post type, the points each group or trait gives it: why the gate decided as it did."""
    scales = scale(read(fold([title or ""], [body or ""])), [target])
    tally: dict[str, dict[str, float]] = {}
    for kind in coding.gate().order:
        some, points = scales.points(kind)
        row = {list(evidence())[i]: float(worth) for i, worth in zip(some.tolist(), points[0], strict=True) if scales.count[0, i]}
        if row:
            tally[kind] = row
    return tally


def totals(titles: Sequence[str], bodies: Sequence[str], targets: Sequence[object]) -> dict[str, Floats]:
    """Return for each post type the sum of its points for each of the posts, NaN where nothing speaks for or against it."""
    texts = fold([title or "" for title in titles], [body or "" for body in bodies])
    scales = scale(read(texts), targets)
    speaks = {kind: scales.has(*(name for name, points in evidence().items() if kind in points)) for kind in coding.gate().order}
    return {kind: np.where(some, scales.total(kind), np.nan) for kind, some in speaks.items()}


def scale(hits: Hits, targets: Sequence[object]) -> Scales:
    """Return the evidence found in a batch; `targets` are the parties the posts were filed against, where known."""
    quotes = _quotes(hits)
    groups: dict[str, npt.NDArray[Any]] = {name: _counted(hits, name, group, quotes) for name, group in coding.gate().groups.items()}
    rows: dict[str, npt.NDArray[Any]] = dict(zip(TRAITS, traits(hits, quotes).T, strict=True))
    said = {name: count > 0 for name, count in groups.items()}
    rows["case"] = said["bought"] & np.logical_or.reduce([said[name] for name in _HARMS]) & ~rows["third_person"] & ~rows["pure_question"]
    rows["told"] = rows["case"] & said["own"] & (said["said"] | said["refused"])
    rows["named"] = np.array([bool(target) for target in targets])
    columns = {**groups, **rows}
    return Scales(np.stack([columns[name].astype(np.int64) for name in evidence()], axis=1))


def _counted(hits: Hits, name: str, group: coding.Evidence, quotes: tuple[Ints, Ints]) -> Ints:
    """Return for each post how many different cues of a group count, up to its cap."""
    found = hits.get(f"gate.{name}")
    if not group.quoted:
        found = found.take(~inside(found, *quotes))
    if group.real:
        found = found.take(~hits.behind("gate.unreal", found.start, _REACH))
    count = np.minimum(_different(hits.texts, found), group.cap).astype(np.int32)
    if group.regex:
        test = searched(group.regex)
        seen = [post for post in np.flatnonzero(count == 0).tolist() if test(hits.texts.strings[post])]
        count[seen] = 1
    return count


def _different(texts: Texts, found: Spots) -> Ints:
    pairs = distinct(texts.post(found.start).astype(np.int64) << 16 | found.cue)
    return np.bincount(pairs >> 16, minlength=len(texts)).astype(np.int32)


def _quotes(hits: Hits) -> tuple[Ints, Ints]:
    """Return starts and ends of what stands in quotes, in the posts where that matters."""
    texts, groups = hits.texts, [f"gate.{name}" for name, group in coding.gate().groups.items() if not group.quoted]
    asked = np.flatnonzero(hits.has(*groups, "gate.you")).tolist()
    found = [(texts.start[post], *mark.span()) for post in asked for mark in _QUOTED.finditer(texts.strings[post])]
    begun, start, end = np.array(found, np.int32).reshape(-1, 3).T
    return begun + start, begun + end
