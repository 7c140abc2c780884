"""The gate: is a post a first-hand complaint? Evidence is weighed per type (codebook/gate.yaml) and the heaviest type wins."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook import coding
from kamen_analysis.label._hits import Hits, Spots, inside
from kamen_analysis.label._reading import read
from kamen_analysis.label.glance import found
from kamen_analysis.label.points import add_worth, count_different, heaviest
from kamen_analysis.label.text import Bools, Floats, Indexes, Ints, fold
from kamen_analysis.label.traits import TRAITS, traits


def _behind(words: Sequence[str]) -> str:
    # A pattern for the rest of one of the words, behind its first character.
    return "|".join(f"(?<={word[0]}){word[1:]}" for word in words)


_TELLERS = ("客服", "卖家", "店家", "商家", "对方", "平台", "官方", "老板", "店主", "发卡方", "他", "她", "群主", "网点", "公司")
_TOLD_IN = ("公告", "网页", "页面", "短信", "邮件", "弹窗", "协议", "回我", "答复", "回复")
_MARKS = "“\"「『"
# The set of all characters a quotation can begin with comes first, so that the rest is tried only where one of them stands.
_QUOTED = re.compile(
    rf"[{_MARKS}答{''.join(word[0] for word in (*_TELLERS, *_TOLD_IN))}](?:(?<=[{_MARKS}])[^“”\"「」『』\n]{{1,200}}[”\"」』]"
    rf"|(?:{_behind(_TELLERS)})[^，。:：\n]{{0,4}}(?:[:：]|说|称|讲|回|答复|表示|告知)[^。！？!?\n]{{1,60}}"
    rf"|(?<=[答回])[:：][^。！？!?\n]{{1,60}}|(?:{_behind(_TOLD_IN)})[^，。\n]{{0,4}}(?:说|写|称|:|：|为)[^。！？!?\n]{{1,60}})")
_REACH = 10  # Characters a modal word reaches inside its clause.
_HARMS = ("refused", "trouble", "said")
_NARRATED = (*_HARMS, "bought", "settled", "spender")
_MADE = ("case", "told", "named")  # Traits made of other evidence.


class Gate(NamedTuple):
    """What a post is, and the name of the evidence that weighed most for it (a group or trait of codebook/gate.yaml)."""

    post_type: str
    rule: str


@dataclass(frozen=True, eq=False)
class Scales:
    """How often each piece of evidence counts in each post of a batch: `count` (posts, evidence), in the order of `evidence()`."""

    count: npt.NDArray[np.int64]

    def points(self, kind: int) -> tuple[Indexes, Floats]:
        """Return the numbers of the evidence for or against a type of post, given by its number, and its points (posts, evidence)."""
        worth = _worth()[:, kind]
        bearing = np.flatnonzero(worth)
        count = self.count[:, bearing]
        return bearing, worth[bearing] * np.where(worth[bearing] > 0, count, count > 0)

    @functools.cached_property
    def totals(self) -> Floats:
        """The sums of the points (posts, types), in the order of the gate."""
        totals = np.zeros((len(self.count), len(coding.gate().order)))
        add_worth(self.count, _worth(), totals)
        return totals

    def has(self, *names: str) -> Bools:
        """Return which posts have one of these pieces of evidence."""
        columns = [list(evidence()).index(name) for name in names]
        found: Bools = np.logical_or.reduce(self.count[:, columns] > 0, axis=1)
        return found


@functools.cache
def evidence() -> dict[str, dict[str, float]]:
    """Return the points of every group, then of every trait of the gate."""
    book = coding.gate()
    points = {name: group.points for name, group in book.groups.items()} | {name: book.traits[name].points for name in (*TRAITS, *_MADE)}
    return {name: {str(kind): worth for kind, worth in row.items()} for name, row in points.items()}


@functools.cache
def _worth() -> Floats:
    # The points of the evidence (evidence, types).
    return np.array([[points.get(kind, 0.0) for kind in coding.gate().order] for points in evidence().values()])


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
    return list(map(Gate, *decided(scales, targets)))


def decided(scales: Scales, targets: Sequence[object]) -> tuple[list[str], list[str]]:
    """Return what `decide` does as two lists, the types and the rules."""
    book = coding.gate()
    best = scales.totals.argmax(axis=1)
    rules = heaviest(scales.count, _worth(), best)
    filed = np.array([bool(target) for target in targets]) | _narrated(scales)
    weak = scales.totals.max(axis=1) < book.least
    types, names = np.array(book.order, object)[best], np.array(list(evidence()), object)[rules]
    types[weak], names[weak] = np.where(filed[weak], "complaint", "other"), "filed"
    return types.tolist(), names.tolist()


def _narrated(scales: Scales) -> Bools:
    # Which posts tell of a case: have some of the _NARRATED evidence that bears on complaints.
    return scales.has(*(name for name in _NARRATED if "complaint" in evidence()[name]))


def weigh(title: str, body: str, target: str | None = None) -> dict[str, dict[str, float]]:
    """Return for each post type the points that each group or trait gives it, which explains the gate's decision."""
    scales = scale(read(fold([title or ""], [body or ""])), [target])
    tally: dict[str, dict[str, float]] = {}
    for number, kind in enumerate(coding.gate().order):
        bearing, points = scales.points(number)
        row = {list(evidence())[i]: float(worth) for i, worth in zip(bearing.tolist(), points[0], strict=True) if scales.count[0, i]}
        if row:
            tally[kind] = row
    return tally


def totals(titles: Sequence[str], bodies: Sequence[str], targets: Sequence[object]) -> dict[str, Floats]:
    """Return for each post type the sum of its points for each of the posts, NaN where nothing speaks for or against it."""
    texts = fold([title or "" for title in titles], [body or "" for body in bodies])
    scales = scale(read(texts), targets)
    speaks = {kind: scales.has(*(name for name, points in evidence().items() if kind in points)) for kind in coding.gate().order}
    return {kind: np.where(some, total, np.nan) for (kind, some), total in zip(speaks.items(), scales.totals.T, strict=True)}


def scale(hits: Hits, targets: Sequence[object]) -> Scales:
    """Return the evidence found in a batch; `targets` are the parties the posts were filed against, where known."""
    groups, quotes = list(coding.gate().groups), _quotes(hits)
    count = np.zeros((len(hits.texts), len(evidence())), np.int64)
    count[:, :len(groups)] = _counted(hits, quotes)
    said = dict(zip(groups, count.T > 0, strict=False))
    rows: dict[str, Bools] = dict(zip(TRAITS, traits(hits, quotes).T, strict=True))
    rows["case"] = said["bought"] & np.logical_or.reduce([said[name] for name in _HARMS]) & ~rows["third_person"] & ~rows["pure_question"]
    rows["told"] = rows["case"] & said["own"] & (said["said"] | said["refused"])
    rows["named"] = np.array([bool(target) for target in targets])
    count[:, len(groups):] = np.stack([rows[name] for name in (*TRAITS, *_MADE)], axis=1)
    return Scales(count)


def _counted(hits: Hits, quotes: tuple[Ints, Ints]) -> Ints:
    """Return (posts, groups) how many different cues of each group count, up to its cap."""
    book = coding.gate().groups
    rows = slice(0, hits.at(f"gate.{list(book)[-1]}").stop)
    group, spots = hits.group[rows], Spots(hits.start[rows], hits.end[rows], hits.cue[rows])
    unquoted, real = (np.array(flags)[group] for flags in ([not one.quoted for one in book.values()], [one.real for one in book.values()]))
    dropped = np.zeros(len(group), np.bool_)
    dropped[unquoted] = inside(spots.take(unquoted), *quotes)
    dropped[real] |= hits.behind("gate.unreal", spots.start[real], _REACH)
    count = np.zeros((len(hits.texts), len(book)), np.int32)
    count_different(group[~dropped], hits.post[rows][~dropped], spots.cue[~dropped], count)
    count = np.minimum(count, np.array([one.cap for one in book.values()], np.int32))
    for number, one in enumerate(book.values()):
        if one.regex:
            count[found(hits.texts, count[:, number] == 0, one.regex), number] = 1
    return count


def _quotes(hits: Hits) -> tuple[Ints, Ints]:
    """Return the starts and ends of quotations, in the posts with cues that depend on them."""
    texts, groups = hits.texts, [f"gate.{name}" for name, group in coding.gate().groups.items() if not group.quoted]
    asked = np.flatnonzero(hits.has(*groups, "gate.you")).tolist()
    found = [(texts.start[post], *mark.span()) for post in asked for mark in _QUOTED.finditer(texts.strings[post])]
    begun, start, end = np.array(found, np.int32).reshape(-1, 3).T
    return begun + start, begun + end
