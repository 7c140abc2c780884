"""The looks before a pattern hide no match: against twins that try every pattern at every place."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis import kept
from kamen_analysis.redact import leads, near, redact, redact_many, windows, words
from kamen_analysis.redact.engine import _engine
from kamen_analysis.redact.gates import Cued
from kamen_analysis.redact.leads import Leads, every
from kamen_analysis.redact.reading import JOINT, read
from kamen_analysis.redact.rules import book, expand, patterns, placeholders
from kamen_analysis.redact.tables import Look
from kamen_analysis.redact.windows import widened

_CUED, _FREE = patterns()
_CUES = sorted(_CUED)
_BEHIND = list({id(pattern): pattern for cue in _CUES for pattern in _CUED[cue]}.values())
_ALL = [*map(expand, near.MARKS), *(expand(entry.pattern) for entry in book().keep), *(pattern.written for pattern in [*_FREE, *_BEHIND])]
_MATCHES = [kept.pattern(written).match for written in _ALL]
_LEADS = Leads([list(map(Look, _ALL)), [Look(pattern.written, pattern.first, pattern.reach) for pattern in _BEHIND]])
_GATES, _TREE = Cued([_CUED[cue] for cue in _CUES], _BEHIND, _LEADS.groups[1]), words.Words(_CUES)

_WAYS = [re.sub("[⟦⟧]", "", line) for line in (Path(__file__).parent / "ways.txt").read_text("utf-8").splitlines()]
_SLICES = st.builds(lambda way, start, length: way[start:start + length], st.sampled_from(_WAYS), st.integers(0, 30), st.integers(1, 30))
_PIECES = st.one_of(_SLICES, st.sampled_from(["微信", "13800138000", "路12号", "一三八", "阿杰", "：", " ", "\n", "，", "a1", "-", "㐀"]))
_TEXTS = st.lists(_PIECES, min_size=1, max_size=6).map("".join)


def _hidden(texts: list[str]) -> list[tuple[str, str]]:
    """Return the matches (pattern, what it matches) at places where the pattern is said to begin at none."""
    reading = read(texts, placeholders())
    whole = np.array([[len(JOINT), len(reading.words) - len(JOINT), 0]])
    begun = _LEADS.groups[0].begin(_LEADS.view(reading.words, reading.codes).classes, whole, every(len(_ALL)))
    can = set(zip(begun.number.tolist(), begun.at.tolist(), strict=True))
    tries = ((number, place, int(end)) for start, end in zip(reading.starts, reading.ends, strict=True) for place in range(start, end)
             for number in range(len(_ALL)) if (number, place) not in can)
    found = ((number, _MATCHES[number](reading.words, place, end)) for number, place, end in tries)
    return [(_ALL[number], match[0]) for number, match in found if match]


@settings(max_examples=60, deadline=None)
@given(_TEXTS)
def test_no_match_is_hidden(text: str) -> None:
    """Wherever a pattern matches, what is looked at before it lets it begin."""
    assert not _hidden([text])


def test_no_match_is_hidden_in_ways_of_saying() -> None:
    """So it is in texts that hold personal data of every kind."""
    assert not _hidden(_WAYS[::4])


@settings(max_examples=100, deadline=None)
@given(_TEXTS)
def test_gates_keep_no_pattern_from_its_value(text: str) -> None:
    """Behind every cue, every pattern that finds a value is among those the gates let through."""
    reading = read([text], placeholders())
    view = _LEADS.view(reading.words, reading.codes)
    hits = _TREE.hits(view.places)
    assert sorted(map(tuple, hits.tolist())) == sorted((number, at, at + len(cue)) for number, cue in enumerate(_CUES)
                                                       for at in range(len(reading.words)) if reading.words.startswith(cue, at))
    runs = np.stack([reading.starts, reading.ends], axis=1)
    opened = _GATES.open(hits, runs, reading, view)
    tried = {(*hit, id(pattern)) for pattern, starts, at, _ in opened for hit in zip(starts, at, strict=True)}
    for word, start, end in hits.tolist():
        for pattern in _CUED[_CUES[word]]:
            match = pattern.match(reading.words, end, int(reading.ends[0]))
            assert match is None or pattern.value(match.string, *match.span("v")) is None or (start, end, id(pattern)) in tried


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("12一lo-、 a元。", max_size=40), min_size=1, max_size=3))
def test_five_digits_in_a_row(texts: list[str]) -> None:
    """Windows lie around every five digits, of which the first is no letter, with few signs and no word from one to the next."""
    reading = read(texts, placeholders())
    row = "([0-9一](?:[- 、]{0,4}[0-9一lo]){4})"
    spans = [match.span(1) for match in re.finditer(f"(?={row})", reading.words)]
    within = {place for start, end in zip(reading.starts.tolist(), reading.ends.tolist(), strict=True) for first, last in spans
              if start <= first < end for place in range(max(start, first - 24), min(end, last + 16))}
    found = _engine()._near.runs(reading, _LEADS.view(reading.words, reading.codes))
    assert {place for start, end in found.tolist() for place in range(start, end)} == within


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(3, 60), st.integers(1, 5), st.integers(0, 60)), max_size=8), st.integers(0, 9))
def test_windows_around_spans(drawn: list[tuple[int, int, int, int]], reach: int) -> None:
    """They hold, of each kind, what lies within reach in the same text and not before the least place, and are apart."""
    reading = read(["a" * 25, "b" * 10, "c" * 40], placeholders())
    within = [start for start, end in zip(reading.starts.tolist(), reading.ends.tolist(), strict=True) for start in range(start, end - 5)]
    rows = sorted((kind, within[at % len(within)], length, least) for kind, at, length, least in drawn)
    leasts = dict[int, int]()
    spans = np.array([(at, at + length, kind) for kind, at, length, _ in rows], np.int64).reshape(-1, 3)
    least = np.array([leasts.setdefault(kind, min(at, low)) for kind, at, _, low in rows], np.int64)
    found = widened(spans, reading, np.array([[reach, 3], [2 * reach, 0]]), least).tolist()
    slow = set()
    for (start, end, kind), low in zip(spans.tolist(), least.tolist(), strict=True):
        text = reading.of(np.array([start]))
        before, behind = ((reach, 3), (2 * reach, 0))[kind]
        first, last = max(start - before, int(reading.starts[text][0]), low), min(end + behind, int(reading.ends[text][0]))
        slow |= {(kind, place) for place in range(first, last)}
    assert {(kind, place) for start, end, kind in found for place in range(start, end)} == slow
    assert all(one[2] != other[2] or one[1] < other[0] for one, other in zip(found, found[1:], strict=False))


def test_each_kernel_is_compiled_for_one_kind_of_arrays() -> None:
    """Texts in large batches and alone, with nothing to find or much, ask for no other machine code than one text does."""
    redact("我叫王小明，手机13912345678")
    kernels = [kernel for module in (leads, near, windows, words) for kernel in vars(module).values() if hasattr(kernel, "signatures")]
    before = [kernel.signatures for kernel in kernels]
    redact_many(_WAYS * 3)
    redact_many(["", "好", "🙂"])
    assert len(kernels) > 4 and [kernel.signatures for kernel in kernels] == before
