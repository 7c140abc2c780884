"""Find what complaints tell of their way: who sent the consumer on to whom, and which channels were tried, in the order of the text."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import pandas as pd

from kamen_analysis import zh
from kamen_analysis.codebook.bodies import UNTOLD, Say, bodies
from kamen_analysis.label._lexicon import Hit, Lexicon
from kamen_analysis.label.extract import worded

_REACH = 7  # characters between the words of sending and the body one is sent to
_SPEAKS = 3  # characters between a body and the word that shows it speaking
_SENTENCE = re.compile(r"[^。！？!?\n]+")
_CLAUSE = re.compile(r"[^，,。！？!?；;\n]+")


class Handoff(NamedTuple):
    """One body sends the consumer to another: keys of codebook/bodies.yaml (UNTOLD where the text does not say), and the span."""

    source: str
    target: str
    start: int
    end: int


class _Named(NamedTuple):
    start: int
    end: int
    body: str


def handoffs(text: str) -> list[Handoff]:
    """Return who sends the consumer to whom in `text`, in text order; what is denied, supposed or the consumer's own way is left out."""
    folded = zh.fold(text)
    return _handoffs(folded, _lexicon().find(folded))


def _handoffs(folded: str, hits: dict[str, list[Hit]]) -> list[Handoff]:
    named = _bodies(hits)
    found: dict[int, Handoff] = {}
    for start, end, _ in sorted(hits.get("sends", ()), key=lambda hit: (hit[1], -hit[0])):
        target = next((one for one in named if end <= one.start + 1 and one.end > end and one.start - end <= _REACH), None)
        if target is None or not _is_free(folded, hits.get("denied", ()), start, target):
            continue
        found.setdefault(target.start, Handoff(_speaker(folded, hits, [one for one in named if one.body != target.body], start),
                                                  target.body, start, target.end))
    return sorted(found.values(), key=lambda one: one.end)


def _bodies(hits: dict[str, list[Hit]]) -> list[_Named]:
    """Return the bodies named, in text order; a name inside a longer one (平台 in 平台客服) does not count."""
    every = [_Named(start, end, key) for key in bodies().bodies for start, end, _ in hits.get(f"body.{key}", ())]
    kept: list[_Named] = []
    for one in sorted(every, key=lambda one: (one.start, -one.end)):
        if not kept or one.end > kept[-1].end:
            kept.append(one)
    return kept


def _is_free(text: str, denied: list[Hit] | tuple[()], start: int, target: _Named) -> bool:
    """Return whether the words of sending and their target stand in one clause that nothing undoes."""
    if _CLAUSE.fullmatch(text, start, target.end) is None:
        return False
    low, high = _around(_CLAUSE, text, start)
    return not any(low <= at < high for at, _, _ in denied)


def _around(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int]:
    # Start and end of the clause or sentence that holds a place.
    return next((mark.span() for mark in pattern.finditer(text) if mark.start() <= at < mark.end()), (at, at))


def _speaker(text: str, hits: dict[str, list[Hit]], named: list[_Named], start: int) -> str:
    """Return the last body before `start` in its sentence that speaks (a word of telling follows) or that the consumer asked; or UNTOLD."""
    low, _ = _around(_SENTENCE, text, start)
    tells, asked = [*(at for at, _, _ in hits.get("tells", ())), start], {end for _, end, _ in hits.get("asks", ())}
    before = [one for one in named if low <= one.start and one.end <= start]
    speaking = [one.body for one in before if one.start in asked or _tells(text, one, [at for at in tells if at <= start])]
    return speaking[-1] if speaking else UNTOLD


def _tells(text: str, body: _Named, tells: list[int]) -> bool:
    # Whether a word of telling stands close behind the body in the same clause.
    near = (at for at in tells if body.end <= at <= body.end + _SPEAKS)
    return any(_CLAUSE.fullmatch(text, body.start, at + 1) for at in near)


@functools.cache
def _lexicon() -> Lexicon:
    book = bodies()
    groups: dict[str, Say] = {**{f"body.{key}": body for key, body in book.bodies.items()}, "sends": book.sends, "tells": book.tells,
              "asks": book.asks, "denied": book.denied}
    return Lexicon({name: words.cues for name, words in groups.items()} | {f"{name}!": w.unless for name, w in groups.items() if w.unless})


def told_handoffs(posts: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each handoff that `posts` (post_id, title, body) tell of: post_id, step (from 0), source, target."""
    folded = [zh.fold(text) for text in _texts(posts)]
    rows = [{"post_id": post_id, "step": step, "source": one.source, "target": one.target}
            for post_id, text, hits in zip(posts["post_id"], folded, _lexicon().find_each(folded), strict=True)
            for step, one in enumerate(_handoffs(text, hits))]
    return pd.DataFrame(rows, columns=["post_id", "step", "source", "target"]).astype(
        {"post_id": "str", "step": "int64", "source": "str", "target": "str"})


def told_channels(posts: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each post and channel tried (codebook/extract.yaml): post_id, channel, start (where it is first told)."""
    rows = [{"post_id": post_id, "channel": fact.value, "start": fact.start}
            for post_id, facts in zip(posts["post_id"], worded(_texts(posts)), strict=True) for fact in facts if fact.kind == "channel"]
    table = pd.DataFrame(rows, columns=["post_id", "channel", "start"]).astype({"post_id": "str", "channel": "str", "start": "int64"})
    return table.sort_values(["post_id", "start"], kind="stable").drop_duplicates(["post_id", "channel"], ignore_index=True)


def _texts(posts: pd.DataFrame) -> list[str]:
    return [f"{title}。{body}" for title, body in zip(posts["title"], posts["body"], strict=True)]
