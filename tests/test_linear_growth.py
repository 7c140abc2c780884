"""No slow pattern: what each pattern of redaction, labelling and parsing does with a text made to be slow grows as the text does.

Nothing here is timed in seconds: the same search is done on texts of growing length, and only the growth is judged. The patterns are
those the rooms compile, found by importing them and running them: a new one is among them by itself.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from kamen_analysis import plain
from kamen_analysis.label.posts import label_posts
from kamen_analysis.redact import find

# money and times look at no more than 60 and 80 characters (tests/test_clean.py shows it).
ROOMS = ("redact", "label", "codebook", "sources", "captures", "zh", "clean", "plain", "dedupe", "platforms")
LENGTHS = (2_000, 4_000, 8_000, 16_000)  # each twice the one before
# Quadratic is 2, linear 1; a short text has its own cost on top, a busy machine adds noise.
STEEP = 1.5
FAST = 3e-3  # below, on the second text, growth cannot be told from noise; what is quadratic takes longer

# A process of its own lists what the rooms compile: on import, from their YAML, and while they work.
_LIST = """
import importlib, json, pkgutil, re, sys
seen, inner = {}, re._compile
def note(pattern, flags):
    found = inner(pattern, flags)
    if isinstance(found.pattern, str):
        files = [frame.f_code.co_filename for frame in frames()]
        room = next((file.split("kamen_analysis/")[1].split("/")[0].removesuffix(".py") for file in files if "kamen_analysis/" in file), "")
        if room in sys.argv[1:]:
            seen[found.pattern, found.flags] = room
    return found
def frames():
    frame = sys._getframe(2)
    while frame and "/re/" in frame.f_code.co_filename:
        frame = frame.f_back
    return [frame] if frame else []
re._compile = note
from kamen_analysis import kept
kept.pattern = re.compile  # what was compiled in an earlier run is compiled again
for room in sys.argv[1:]:
    module = importlib.import_module(f"kamen_analysis.{room}")
    for one in pkgutil.walk_packages(getattr(module, "__path__", []), f"kamen_analysis.{room}."):
        importlib.import_module(one.name)
from kamen_analysis import sources
from kamen_analysis.label.posts import label_posts
from kamen_analysis.redact import redact, rules
for pattern in [one for behind in rules.patterns()[0].values() for one in behind] + rules.patterns()[1]:
    pattern.match
label_posts([{"id": "1", "title": "点卡", "body": "买了点卡，客服说已激活不退款，让我加微信。" * 3, "target": "某店"}])
redact("我叫王小明，手机13912345678")
for source in sources.registry().values():
    for pattern in [source.SITE, *source.STEPS]:
        seen[pattern, re.compile(pattern).flags] = "sources"
print(json.dumps([[room, pattern, flags] for (pattern, flags), room in sorted(seen.items())]))
"""


def _listed() -> list[tuple[str, str, int]]:
    done = subprocess.run([sys.executable, "-c", _LIST, *ROOMS], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).resolve().parent.parent)
    return [(room, pattern, flags) for room, pattern, flags in json.loads(done.stdout)]


Tree = Any


def _one(tree: Tree) -> str:
    """Return a short text that a parsed pattern matches, assertions aside: each repeat as seldom as may be, but once."""
    return "".join(_piece(op, argument) for op, argument in tree)


def _piece(op: Any, argument: Any) -> str:
    if op in (_constants.LITERAL, _constants.NOT_LITERAL):
        return chr(argument) if op is _constants.LITERAL else "㐀" if argument != ord("㐀") else "㐁"
    if op is _constants.ANY:
        return "㐀"
    if op is _constants.IN:
        return _member(argument)
    if op is _constants.BRANCH:
        return _one(argument[1][0])
    if op is _constants.SUBPATTERN:
        return _one(argument[3])
    if op is _constants.ATOMIC_GROUP:
        return _one(argument)
    if op in _REPEATS:
        return _one(argument[2]) * max(1, argument[0])
    return ""


_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_CLASSES = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a", "CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_SPACE": "a",
            "CATEGORY_NOT_WORD": "-"}


def _member(choices: Any) -> str:
    if choices[0][0] is _constants.NEGATE:
        pattern = re.compile("[^" + "".join(_written(*choice) for choice in choices[1:]) + "]")
        return next((char for char in "㐀1a -，_\n.。@/\U0001f60aA\t" if pattern.match(char)), "㐀")
    op, argument = choices[0]
    return chr(argument if op is _constants.LITERAL else argument[0]) if op is not _constants.CATEGORY else _CLASSES[str(argument)]


def _written(op: Any, argument: Any) -> str:
    if op is _constants.CATEGORY:
        return {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_DIGIT": r"\D",
                "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_NOT_WORD": r"\W"}[str(argument)]
    return re.escape(chr(argument)) if op is _constants.LITERAL else "-".join(re.escape(chr(end)) for end in argument)


def _parts(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield (lead, body) of every repeat at any depth: a text up to it, and what it repeats."""
    for at, (op, argument) in enumerate(tree):
        lead = _one(tree[:at])
        for inner in _inner(op, argument):
            yield from ((lead + before, body) for before, body in _parts(inner))
        if op in _REPEATS and argument[1] > 1:
            yield lead, _one(argument[2])


def _inner(op: Any, argument: Any) -> list[Tree]:
    if op is _constants.BRANCH:
        return list(argument[1])
    if op in _REPEATS:
        return [argument[2]]
    found = argument if isinstance(argument, (list, tuple)) else [argument]
    return [part for part in found if isinstance(part, _parser.SubPattern)]


def attacks(pattern: str, flags: int) -> set[tuple[str, str]]:
    """Return (lead, piece): texts to try are lead + piece × n, of every repeat its body, the lead too, and the whole pattern's example."""
    tree = _parser.parse(pattern, flags)
    whole = _one(tree)
    found = {("", whole), ("", whole[:-1]), ("", whole[:1])}
    for lead, body in _parts(tree):
        found |= {(lead, body), ("", lead + body), ("", body), ("", lead)}
    return {(lead, piece) for lead, piece in found if piece}


def growth(work: Callable[[str], object], lead: str, piece: str, lengths: tuple[int, ...] = LENGTHS) -> float:
    """Return the exponent by which the work grows with the length of lead + piece × n: 1 is linear, 2 quadratic."""
    texts = [lead + piece * (length // len(piece)) + "\u3400" for length in lengths]
    least = math.inf
    if _seconds(work, texts[1], 1) <= FAST:
        return 0.0
    for short, long in zip(texts, texts[2:], strict=False):  # over two doublings noise weighs half as much as over one
        for _ in range(3):
            least = min(least, math.log(_seconds(work, long, 1) / _seconds(work, short, 2)) / math.log(len(long) / len(short)))
            if least < STEEP:
                return least
    return least


def _seconds(work: Callable[[str], object], text: str, times: int) -> float:
    best = math.inf
    for _ in range(times):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
    return max(best, 1e-6)


def _work(room: str, one: re.Pattern[str]) -> Callable[[str], object]:
    # A source's patterns say what a step or a page is: they are tried at its beginning alone (`base.step_event`).
    return one.match if room == "sources" else lambda text: sum(1 for _ in one.finditer(text))


@pytest.fixture(scope="module")
def listed() -> list[tuple[str, str, int]]:
    """Every pattern of the rooms, once."""
    return _listed()


def test_every_room_is_listed(listed: list[tuple[str, str, int]]) -> None:
    """The list holds each pattern of kinds.yaml and every one a module of the rooms keeps under a name."""
    rooms = {room for room, _, _ in listed}
    assert {"redact", "label", "sources", "plain", "clean", "zh"} <= rooms and len(listed) > 200
    named = [value for name, module in sys.modules.items() if name.split(".")[0] == "kamen_analysis" and name.split(".")[-1] and
             (name.split(".") + [""])[1] in ROOMS for value in vars(module).values() if isinstance(value, re.Pattern)]
    known = {pattern for _, pattern, _ in listed}
    assert len(named) > 20 and [one.pattern for one in named if isinstance(one.pattern, str) and one.pattern not in known] == []


def test_no_pattern_grows_faster_than_its_text(listed: list[tuple[str, str, int]], record_property: Callable[[str, object], None]) -> None:
    """Searched through texts pumped at each of its repeats, no pattern takes longer than its text is."""
    steep, tried = [], 0
    for room, pattern, flags in listed:
        compiled = re.compile(pattern, flags)
        for lead, piece in attacks(pattern, flags):
            tried += 1
            found = growth(_work(room, compiled), lead, piece)
            if found >= STEEP:
                steep.append(f"{room}: {pattern[:60]!r} on {lead!r} + {piece!r} × n grows by n^{found:.1f}")
    record_property("table", f"{len(listed)} patterns, {tried} texts to be slow on, {len(steep)} that grow faster than their text")
    assert not steep, "\n".join(steep)


def test_the_growth_is_judged_at_doubling_lengths() -> None:
    """What is quadratic is worked on at each length, and each is twice the one before."""
    seen, slow = set[int](), re.compile(r"\s*x")
    growth(lambda text: seen.add(len(text) - 1) or slow.search(text), "", " ")
    assert sorted(seen) == list(LENGTHS) and all(long == 2 * short for short, long in itertools.pairwise(LENGTHS))


def test_what_doubles_with_each_character_is_seen() -> None:
    """An exponential pattern takes many times as long for four characters more."""
    work = re.compile("(a|a)*b").search
    assert _seconds(work, "a" * 22, 1) > 8 * _seconds(work, "a" * 18, 1)


@pytest.mark.parametrize(("pattern", "lengths"), [
    (r"\s*x", LENGTHS), ("<!--.*?-->", LENGTHS), ("(?:ab?)+c", LENGTHS), ("(?=a+b)a", LENGTHS), ("a*a*b", (200, 400, 800))])
def test_the_growth_is_seen_where_it_is(pattern: str, lengths: tuple[int, ...]) -> None:
    """The same check calls steep what is quadratic or worse."""
    compiled = re.compile(pattern)
    assert any(growth(lambda text: sum(1 for _ in compiled.finditer(text)), *attack, lengths) >= STEEP for attack in attacks(pattern, 0))


PIECES = [
    "1", "1 ", "a", "\u3000", " ", "\n", "<", "<!--", "&#", "&", "“", "…", "-", "\u200b", "\U0001f60a", "\u202e", "a@a.", "http://a.a/",
    "我叫", "王", "客服说", "不退款", "微信", "13912345678 ", "卡密", "路1号", "已激活，", "？", "退", "如果", "不是", "500元", "没",
]


@pytest.mark.parametrize("what", ["redact", "label", "plain"])
def test_no_text_is_slow(what: str) -> None:
    """Redaction, labelling and cleaning as a whole grow as the text does, whatever single thing it repeats."""
    work: dict[str, Callable[[str], object]] = {
        "redact": find, "plain": plain.plain, "label": lambda text: label_posts([{"id": "1", "title": "", "body": text, "target": None}])}
    steep = [f"{piece!r} grows by n^{found:.1f}" for piece in PIECES if (found := growth(work[what], "", piece)) >= STEEP]
    assert not steep, "\n".join(steep)


def test_many_repeated_values_grow_no_faster_than_their_text() -> None:
    """Nor does a text that announces ever more accounts and repeats each of them."""
    def work(text: str) -> object:
        values = [f"kami_{number * 7919 % 100_003:05}x" for number in range(len(text) // 40)]
        return find("".join(f"微信号{value}，" for value in values) + "".join(f"（{value}），" for value in values))

    assert growth(work, "", "退") < STEEP
