"""What tells of a name by itself: the class of each character and its part in names, and what each listed word says, as tables."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kamen_analysis.errors import KamenError
from kamen_analysis.kernels import compiled, inlined
from kamen_analysis.redact.kinds import SHELF, lists, read
from kamen_analysis.redact.names import figures, ordinary
from kamen_analysis.redact.reading import HIDDEN, fold
from kamen_analysis.redact.starts import SIZE
from kamen_analysis.redact.tables import Ints

Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]

MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: what is multiplied by it is spread over the high bits
LETTER = np.uint64(16)  # bits of a character in the key of a word
REST = 0xFFFF  # stands for every character from there on: no word has one
_OUTSIDE = 10  # what stands before a text and behind it: a line break
SHORTEST, LONGEST = 2, 4  # characters of a word
_SLOTS, _SLOT = 1 << 16, np.uint64(48)  # less than half of the slots are taken

# Classes of characters; from SIGN on, each sign has its own.
OTHER, HAN, DIGIT, LATIN, BLANK, BREAK, GONE, SIGN = range(8)
_SIGNS = ",。;!?:()[]\"“”'「」【】、.-/·*_|~+@"
_BETWEEN = " ·.、-_*/|~+•丶❤♥●"
# Parts in a name, bits of one number: how sure a surname is (0: none), how sure a given name, and what a character can be besides.
SURNAME, GIVEN, COMPOUND, NEVER, BETWEEN = 3, 12, 16, 32, 64
GIVEN_STEP = 4
# What a word is, bits of one number.
ORDINARY, NO_NAME, FOLLOWS, LABEL, SURNAMES = 1, 2, 4, 8, 16
_LABELS = ("labels", "roles", "role_words", "nick_roles", "name_labels", "channels")


class Tables(NamedTuple):
    """Of each code point its class and its parts in a name; the keys of the listed words, and in the same slots what they are."""

    classes: Bytes
    parts: Bytes
    words: Keys
    marks: Bytes


class Settings(BaseModel):
    """What names.yaml holds: the score from which on a candidate is a name, and characters that are in no given name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(ge=-5, le=5)
    never_given: str = Field(pattern="^[\u4e00-\u9fff]*$")


@functools.cache
def settings() -> Settings:
    """Return names.yaml; an unknown key or an impossible value raises KamenError with its place."""
    try:
        return Settings.model_validate(read("names.yaml"))
    except ValidationError as error:
        first = error.errors()[0]
        raise KamenError(f"脱敏规则 names.yaml 有误：{'.'.join(map(str, first['loc']))} {first['msg']}") from None


@functools.cache
def tables() -> Tables:
    """Return the tables of lists.yaml, ordinary.yaml and names.yaml."""
    return Tables(**SHELF.packed("name tables", _made))


def _made() -> dict[str, npt.NDArray[Any]]:
    keys, marks = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint8)
    for word, mark in sorted(_words().items()):
        written = np.uint64(sum(ord(each) << 16 * place for place, each in enumerate(reversed(word))))
        keys[slot(keys, written)], marks[slot(keys, written)] = written, mark
    return {"classes": _classes(), "parts": _parts(), "words": keys, "marks": marks}


@compiled
def slot(keys: Keys, written: np.uint64) -> int:
    """Return where a word stands in the table, or the free slot it would take."""
    at = (written * MIX) >> _SLOT
    while keys[at] != 0 and keys[at] != written:
        at = (at + np.uint64(1)) & np.uint64(_SLOTS - 1)
    return int(at)


@inlined
def char(places: Ints, at: int, low: int, high: int) -> int:
    """Return a character of the text from `low` to `high`."""
    return int(min(places[at], REST)) if low <= at < high else _OUTSIDE


@inlined
def key(places: Ints, start: int, end: int, low: int, high: int) -> np.uint64:
    """Return the key of what stands from `start` to `end`, of at most four characters."""
    written = np.uint64(0)
    for at in range(start, end):
        written = np.uint64(written << LETTER | np.uint64(char(places, at, low, high)))
    return written


def _words() -> dict[str, int]:
    known = [word for name in ("not_names", "provinces", "cities") for word in lists()[name]]
    by_mark = {ORDINARY: ordinary(), NO_NAME: [*known, *figures()], FOLLOWS: lists()["name_follows"],
               LABEL: [word for name in _LABELS for word in lists()[name]], SURNAMES: lists()["compound_surnames"]}
    words: dict[str, int] = {}
    for mark, some in by_mark.items():
        for word in map(fold, some):
            if SHORTEST <= len(word) <= LONGEST and ord(max(word)) < REST:
                words[word] = words.get(word, 0) | mark
    return words


def _classes() -> Bytes:
    table = np.zeros(SIZE, np.uint8)
    table[0x3400:0xA000] = HAN
    for number, chars in ((DIGIT, "0123456789０１２３４５６７８９"), (LATIN, "abcdefghijklmnopqrstuvwxyz"),
                          (BLANK, " \t\u3000\xa0"), (BREAK, "\n\r"), (GONE, HIDDEN)):
        table[[ord(each) for each in chars]] = number
    table[[ord(sign) for sign in _SIGNS]] = np.arange(SIGN, SIGN + len(_SIGNS))
    return table


def _parts() -> Bytes:
    table = np.zeros(SIZE, np.uint8)
    sure = (("doubtful_surnames", 1), ("surnames", 2), ("unworded_surnames", 3))
    for name, bits in (*sure, ("given_more", GIVEN_STEP), ("given", 2 * GIVEN_STEP), ("telling", 3 * GIVEN_STEP)):
        codes = [ord(each) for each in fold("".join(lists()[name])) if ord(each) < REST]
        table[codes] = table[codes] & ~np.uint8(SURNAME if bits <= SURNAME else GIVEN) | bits
    beginnings = [word[0] for word in lists()["compound_surnames"]]
    for some, bit in (([*lists()["never_in_name"], *settings().never_given], NEVER), (beginnings, COMPOUND), (_BETWEEN, BETWEEN)):
        table[[ord(each) for each in some]] |= bit
    return table
