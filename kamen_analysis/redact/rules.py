"""The kinds of personal data ready to run: macros written out, patterns by cue."""

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
from kamen_analysis.redact.kinds import SHELF, Rule, lists, read
from kamen_analysis.redact.kinds import Kind as Kind
from kamen_analysis.redact.kinds import book as book
from kamen_analysis.redact.levels import LEVELS
from kamen_analysis.redact.names import JUDGES, Judge, labels
from kamen_analysis.redact.reading import NUMERALS, fold
from kamen_analysis.redact.refused import refuse_flags, refuse_mark, refuse_rare, refuse_wide
from kamen_analysis.redact.residue import RESIDUE

_CHECKS = CHECKS | CODES | RESIDUE
_JUDGES = JUDGES | LEVELS
_MACRO = re.compile(r"<[A-Za-z_]+>")


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

    def value(self, match: re.Match[str]) -> tuple[int, int] | None:
        """Return where the value of a match stands; None if its check or its judge speaks against it."""
        start, end = match.span("v")
        if self.check is not always and self.check(match["v"]) is False:
            return None
        stop = self.judge(match.string, start, end) if self.judge else end
        return None if stop is None or (self.kind in _NOBODY and _NOBODY[self.kind](match.string, start, stop)) else (start, stop)

    @functools.cached_property
    def match(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """Match right at a place; compiled when first asked for, since a small build needs few of the patterns."""
        return kept.pattern(self.written).match


@functools.cache
def _macros() -> dict[str, str]:
    """Return what each <macro> stands for: one of macros.yaml, <list> (one of its words) or <list_chars> (for use within [ ])."""
    table = {f"<{name}>": value for name, value in read("macros.yaml").items()}
    for name, words in lists().items():
        folded = fold("\n".join(words)).split("\n")
        table[f"<{name}>"] = _one_of(set(folded))
        table[f"<{name}_chars>"] = "".join(sorted({char for word in folded for char in word}))
    table["<NUMERALS>"] = "".join(map(chr, NUMERALS))
    return table


def _one_of(words: set[str]) -> str:
    """Return the pattern of any of the words, longer ones first; for speed many stand behind a look at the first character, and those that
    begin alike behind it."""
    if len(words) < 100:
        return "(?:" + "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word))) + ")"
    groups = {first: {word[1:] for word in words if word[0] == first} for first in sorted({word[0] for word in words})}
    some = "|".join(re.escape(first) + _one_of(rests) for first, rests in groups.items())
    return f"(?:(?=[{''.join(map(re.escape, groups))}])(?:{some}))"


@functools.cache
def expand(pattern: str) -> str:
    """Return the pattern with its macros, and those within them, written out; an unknown macro raises KeyError."""
    return str(SHELF.plain(f"expand {pattern}", lambda: _MACRO.sub(lambda m: expand(_macros()[m[0]]), pattern)))


@functools.cache
def _compiled(macro: str) -> re.Pattern[str]:
    return re.compile(expand(macro))


def _is_shop(text: str, start: int, stop: int) -> bool:
    """Tell whether what is called a name is said of a shop, is a title's, or is a word for a role (副店长)."""
    if _is_titled(text, start) or text[start:stop].removeprefix("副") in labels():
        return True
    return bool(_compiled("<SHOP_CALLED>").search(text[max(0, start - 26):start]))


def _is_nobody(text: str, start: int, stop: int) -> bool:
    """Tell whether what is called a name is said of a shop, begins a shop's name, or what an amount goes on with (50元话费)."""
    return text[start - 1] in "0123456789" or _is_shop(text, start, stop) or bool(_compiled("<OF_A_SHOP>").match(text, start))


def _is_titled(text: str, start: int) -> bool:
    """Tell whether a place lies within the marks around a title."""
    low = max(0, start - 16)
    return text.rfind("《", low, start) > text.rfind("》", low, start)


_NOBODY = {"NAME": _is_nobody, "ACCOUNT": _is_shop}


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
