"""The kinds of personal data ready to run: patterns by cue."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from re import _parser  # type: ignore[attr-defined]
from typing import Any, TypedDict

import opencc

from kamen_analysis import kept
from kamen_analysis.redact.checks import CHECKS, Check, always
from kamen_analysis.redact.codes import CODES
from kamen_analysis.redact.kinds import SHELF, Rule, lists
from kamen_analysis.redact.kinds import Kind as Kind
from kamen_analysis.redact.kinds import book as book
from kamen_analysis.redact.levels import LEVELS
from kamen_analysis.redact.macros import expand as expand
from kamen_analysis.redact.names import JUDGES, Judge
from kamen_analysis.redact.nicknames import NICKNAMES
from kamen_analysis.redact.nobody import NOBODY
from kamen_analysis.redact.reading import fold
from kamen_analysis.redact.refused import refuse_flags, refuse_mark, refuse_rare, refuse_wide
from kamen_analysis.redact.residue import RESIDUE

_CHECKS = CHECKS | CODES | RESIDUE
_JUDGES = JUDGES | NICKNAMES | LEVELS


@dataclass(frozen=True)
class Pattern:
    """A rule ready to run: `match` right behind a cue, or `find` anywhere, hold the value in group `v`."""

    kind: str
    rank: int
    check: Check
    reads_digits: bool
    near: str | None
    needs: tuple[str, ...]
    around: int
    written: str
    first: str
    reach: int
    judge: Judge | None

    def value(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Return where the value stands that a match has between two places; None if its check or its judge speaks against it."""
        if self.check is not always and self.check(text[start:end]) is False:
            return None
        stop = self.judge(text, start, end) if self.judge else end
        return None if stop is None or (self.kind in NOBODY and NOBODY[self.kind](text, start, stop)) else (start, stop)

    @functools.cached_property
    def match(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """Match right at a place; compiled when first asked for, since a small build needs few of the patterns."""
        return kept.pattern(self.written).match


@functools.cache
def keep() -> re.Pattern[str]:
    """Return the pattern of all look-alikes; those that begin alike stand behind one look at the first character, for speed."""
    groups: dict[str, list[str]] = {}
    for entry in book().keep:
        groups.setdefault(entry.first, []).append(expand(entry.pattern))
    return kept.pattern("|".join(f"(?=[{first}])(?:{'|'.join(patterns)})" for first, patterns in groups.items()))


@functools.cache
def placeholders() -> re.Pattern[str]:
    """Return the pattern of all placeholders, as folded text shows them."""
    return re.compile("|".join(re.escape(fold(kind.placeholder)) for kind in book().kinds))


def _first(rule: Rule) -> str:
    """Return the characters one of which stands near the cue: those the rule names; a rule near a run at least has a digit or letter."""
    written = expand(rule.first or ("<PLAIN>" if rule.near == "<RUN>" else ""))
    return "".join(sorted({*written, *fold(written)}))  # As written, too: numerals stand there in full width.


def _longest(gap: str) -> int:
    """Return the most characters the gap can match."""
    return int(_parser.parse(expand(gap)).getwidth()[1])


def spelled(listed: str) -> Iterator[str]:
    """Yield the ways a cue is spelled: <list> stands for each of its words, [ab][cd] for ac, ad, bc and bd."""
    for word in lists().get(listed[1:-1], [listed]):
        choices = [inside or single for inside, single in re.findall(r"\[([^\[\]]+)\]|([^\[\]])", word)]
        yield from (fold("".join(chosen)) for chosen in itertools.product(*choices))


class _Listed(TypedDict):
    """All patterns (the fields of each, functions by name), and by number those each cue starts and those that look anywhere."""

    patterns: list[list[Any]]
    cued: dict[str, list[int]]
    free: list[int]


def patterns() -> tuple[dict[str, list[Pattern]], list[Pattern]]:
    """Return the patterns each cue starts, and those that look anywhere; KamenError with the name of a rule that could find nothing."""
    listed: _Listed = SHELF.plain(f"patterns {opencc.__version__}", _listed)
    every = [_pattern(*fields) for fields in listed["patterns"]]
    return {cue: [every[number] for number in numbers] for cue, numbers in listed["cued"].items()}, [every[n] for n in listed["free"]]


def _pattern(check: str, judge: str, needs: list[str], *fields: Any) -> Pattern:
    kind, rank, reads_digits, near, around, written, first, reach = fields
    return Pattern(kind, rank, _CHECKS[check], reads_digits, near, tuple(needs), around, written, first, reach,
                   _JUDGES[judge] if judge else None)


def _listed() -> _Listed:
    found: _Listed = {"patterns": [], "cued": {}, "free": []}
    for entry in book().keep:
        refuse_flags(entry.name, expand(entry.pattern))
    for rank, kind in enumerate(book().kinds):
        for rule in kind.rules:
            number, cues = len(found["patterns"]), sorted({cue for listed in rule.cues for cue in spelled(listed)})
            refuse_rare(rule.name, cues)
            found["patterns"].append(_fields(kind.kind, rank, rule))
            for cue in cues:
                found["cued"].setdefault(cue, []).append(number)
            if not rule.cues:
                found["free"].append(number)
    return found


def _fields(kind: str, rank: int, rule: Rule) -> list[Any]:
    # In the order `_pattern` takes them.
    refuse_mark(rule.name, rule.near)
    written = (f"(?:{expand(rule.gap)})" if rule.cues else "") + f"(?P<v>{expand(rule.pattern)})"
    needs = [fold(word) for need in rule.needs for word in lists().get(need[1:-1], [need])]
    width, first = _longest(rule.gap), _first(rule)
    refuse_flags(rule.name, written)
    refuse_flags(rule.name, expand(rule.near) if rule.near and rule.near != "<RUN>" else "")
    refuse_rare(rule.name, [*needs, first])
    refuse_wide(rule.name, width)
    reach = width + (1 if "surnames" in rule.first else 3)
    return [rule.check, rule.judge, needs, kind, rank, rule.view == "digits", rule.near, rule.around, written, first, reach]
