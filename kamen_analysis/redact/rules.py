"""The kinds of personal data as data: kinds.yaml, lists.yaml and macros.yaml, checked and compiled once."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from kamen_analysis import kept
from kamen_analysis.redact.checks import CHECKS, Check
from kamen_analysis.redact.names import JUDGES, Judge
from kamen_analysis.redact.reading import NUMERALS, fold
from kamen_analysis.redact.starts import starts

_FOLDER = Path(__file__).parent
_MACRO = re.compile(r"<[A-Za-z_]+>")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Model):
    """One way a kind is written: `pattern` right behind one of `cues` across `gap`, or anywhere; only once one of `needs` is in the text.

    `first` spares most looks behind a cue: one of its characters stands there within the reach of the gap, or nothing is found.

    With `needs`, `first` is what stands within ten characters before the word.

    `around` bounds the characters on either side of a needed word that are looked at; 0 is the whole text.

    `near` names a macro, a plain regex that must match in the text; a rule without cues then looks only around its matches.

    `judge` says from what stands around where the value ends, at most where the pattern ends, or that it is none.
    """

    name: str
    pattern: str
    cues: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    near: str | None = Field(None, pattern=r"^<[A-Z_]+>$")
    around: int = Field(0, ge=0)
    gap: str = "<NEAR>"
    first: str = ""
    view: Literal["digits", "words"] = "digits"
    check: str = "always"
    judge: str = ""


class Examples(_Model):
    """Texts that are the kind's tests: in `found` the personal data stands between ⟦ and ⟧, `kept` must stay as it is."""

    found: tuple[str, ...] = Field(min_length=1)
    kept: tuple[str, ...] = Field(min_length=1)


class Kind(_Model):
    """A kind of personal data and the placeholder it is replaced with."""

    kind: str
    name_zh: str
    placeholder: str = Field(pattern=r"^\[.+\]$")
    rules: tuple[Rule, ...]
    examples: Examples


class Keep(_Model):
    """A look-alike that is no personal data: what it matches, from a character of the class `first` on, is hidden from
    the patterns that read digits."""

    name: str
    pattern: str
    first: str = r"\d"


class Book(_Model):
    """All kinds, the first named winning a tie, and what is kept."""

    keep: tuple[Keep, ...]
    kinds: tuple[Kind, ...]


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
        if self.check(match["v"]) is False:
            return None
        stop = self.judge(match.string, start, end) if self.judge else end
        return None if stop is None else (start, stop)

    @functools.cached_property
    def match(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """Match right at a place; compiled when first asked for, since a small build needs few of the patterns."""
        return kept.pattern(self.written).match

    @functools.cached_property
    def find(self) -> Callable[[str, int, int], Iterator[re.Match[str]]]:
        """Find every match between two places."""
        return kept.pattern(self.written).finditer

    @functools.cached_property
    def begins(self) -> bytes:
        """The table (see `starts`) of what a match can begin with, if whole texts are searched for it and that is something rare."""
        if self.around or self.near or self.reads_digits or not self.written.startswith("(?P<v>(?"):
            return b""
        table = starts(self.written)
        return b"" if table[ord("1")] or table[ord("a")] else table.tobytes()


@functools.cache
def book() -> Book:
    """Return kinds.yaml; an unknown key raises."""
    return Book.model_validate(_read("kinds.yaml"))


def _read(name: str) -> Any:
    return yaml.load((_FOLDER / name).read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@functools.cache
def lists() -> dict[str, list[str]]:
    """Return lists.yaml; a list written as one string is one word a character."""
    raw = _read("lists.yaml")
    return {name: list(value.replace(" ", "")) if isinstance(value, str) else [str(word) for word in value] for name, value in raw.items()}


@functools.cache
def _macros() -> dict[str, str]:
    """Return what each <macro> stands for: one of macros.yaml, <list> (one of its words) or <list_chars> (for use within [ ])."""
    table = {f"<{name}>": value for name, value in _read("macros.yaml").items()}
    for name, words in lists().items():
        folded = fold("\n".join(words)).split("\n")
        table[f"<{name}>"] = _one_of(set(folded))
        table[f"<{name}_chars>"] = "".join(sorted({char for word in folded for char in word}))
    table["<NUMERALS>"] = "".join(map(chr, NUMERALS))
    return table


def _one_of(words: set[str]) -> str:
    """Return the pattern of any of the words, longer ones first; those that begin alike stand behind their first character, for speed."""
    if len(words) < 100:
        return "(?:" + "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word))) + ")"
    groups = {first: {word[1:] for word in words if word[0] == first} for first in sorted({word[0] for word in words})}
    return "(?:" + "|".join(re.escape(first) + _one_of(rests) for first, rests in groups.items()) + ")"


@functools.cache
def expand(pattern: str) -> str:
    """Return the pattern with its macros, and those within them, written out; an unknown macro raises KeyError."""
    return _MACRO.sub(lambda m: expand(_macros()[m[0]]), pattern)


@functools.cache
def keep() -> re.Pattern[str]:
    """Return the pattern of all look-alikes; those that begin alike stand behind one look at the first character, for speed."""
    groups: dict[str, list[str]] = {}
    for entry in book().keep:
        groups.setdefault(entry.first, []).append(expand(entry.pattern))
    return re.compile("|".join(f"(?=[{first}])(?:{'|'.join(patterns)})" for first, patterns in groups.items()))


@functools.cache
def placeholders() -> re.Pattern[str]:
    """Return the pattern of all placeholders, as folded text shows them."""
    return re.compile("|".join(re.escape(fold(kind.placeholder)) for kind in book().kinds))


def _first(rule: Rule) -> str:
    """Return the characters one of which stands near the cue: those the rule names; a rule near a run at least has a digit or letter."""
    return "".join(sorted(set(expand(rule.first or ("<PLAIN>" if rule.near == "<RUN>" else "")))))


def _longest(gap: str) -> int:
    """Return the most characters the gap can match."""
    return int(_parser.parse(expand(gap)).getwidth()[1])


def spelled(listed: str) -> Iterator[str]:
    """Yield the ways a cue is spelled: <list> stands for each of its words, [ab][cd] for ac, ad, bc and bd."""
    for word in lists().get(listed[1:-1], [listed]):
        choices = [inside or single for inside, single in re.findall(r"\[([^\]]+)\]|([^\[\]])", word)]
        yield from (fold("".join(chosen)) for chosen in itertools.product(*choices))


def patterns() -> tuple[dict[str, list[Pattern]], list[Pattern]]:
    """Return the patterns each cue starts, and those that look anywhere."""
    cued: dict[str, list[Pattern]] = {}
    free: list[Pattern] = []
    for rank, kind in enumerate(book().kinds):
        for rule in kind.rules:
            written = (f"(?:{expand(rule.gap)})" if rule.cues else "") + f"(?P<v>{expand(rule.pattern)})"
            needs = tuple(fold(word) for need in rule.needs for word in lists().get(need[1:-1], [need]))
            reach = _longest(rule.gap) + (1 if "surnames" in rule.first else 3)
            pattern = Pattern(kind.kind, rank, CHECKS[rule.check], rule.view == "digits", rule.near, needs, rule.around, written,
                              _first(rule), reach, JUDGES[rule.judge] if rule.judge else None)
            for cue in {cue for listed in rule.cues for cue in spelled(listed)}:
                cued.setdefault(cue, []).append(pattern)
            if not rule.cues:
                free.append(pattern)
    return cued, free
