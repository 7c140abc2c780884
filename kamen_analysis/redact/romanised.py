"""Names in Latin letters: in pinyin, or as they are spelled in Hong Kong, Macau and Taiwan."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence

from kamen_analysis.redact.checks import Check
from kamen_analysis.redact.kinds import lists

_LONGEST = 6  # letters of a syllable
BARE = dict(zip("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ", "aaaaeeeeiiiioooouuuuvvvv", strict=True))
_PARTICLES = frozenset({"ba", "de", "le", "ne", "o", "a", "wo", "ni", "bu", "men"})  # of sentences, not of names
# A given name as it is spelled in Hong Kong or Taiwan.
_GIVEN = re.compile(r"(?:(?:[bcdfghjklmnpstwyz]|ch|sh|ts|hs|kw|gw)?(?:[aeiou]{1,2}|y[aeiou]{1,2}|i[aeo]{1,2})(?:ng|[hnktpm])?|"
                    r"tsz|tzu|szu|sz|ng){1,3}")


def romanised(value: str) -> bool | None:
    """Judge words behind a word for a person: a surname first or last, and one to three syllables or their letters one by one."""
    words = re.findall(r"[a-z]+", value)
    if "".join(words) in _no_names():
        return False
    if len(words) > 3 and all(len(word) == 1 for word in words):
        apart = ["".join(group.split()) for group in re.split(r"\s{2,}", value)]
        return None if (_is_name(apart) if len(apart) > 1 else _surname_and_given(apart[0])) else False
    if len(words) > 3 and all(len(word) == 1 for word in words[1:]):
        return None if words[0] in _surnames() else False
    return None if _is_name(words) or _is_name(words[::-1]) else False


def romanised_told(value: str) -> bool | None:
    """Judge words behind a word for writing: a surname in pinyin and a given name of one or two syllables, which no word is."""
    words = re.findall(r"[a-z]+", value)
    is_name = len(words) > 1 and words[0] in lists()["pinyin_surnames"] and 1 <= _syllables("".join(words[1:])) <= 2
    is_word = not _PARTICLES.isdisjoint(words[1:]) or not _no_names().isdisjoint(["".join(words), *words])
    return None if is_name and not is_word else False


def pinyin_name(value: str) -> bool | None:
    """Judge one word behind a word for a person: a surname and a given name of one or two syllables in pinyin."""
    return None if value not in _no_names() and _surname_and_given(value) else False


def romanised_long(value: str) -> bool | None:
    """Judge two words no word announces: a surname in pinyin and a given name of two syllables, in either order."""
    pairs = itertools.permutations(value.split())
    return None if any(one in lists()["pinyin_surnames"] and len(other) >= 5 and _syllables(other) == 2 for one, other in pairs) else False


def pinyin_three(value: str) -> bool | None:
    """Judge one word between signs: a surname and a given name of two syllables in pinyin."""
    parts = ((value[:end], value[end:]) for end in range(2, _LONGEST + 1))
    is_name = any(first in lists()["pinyin_surnames"] and len(given) >= 4 and _syllables(given) == 2 for first, given in parts)
    return None if is_name and value not in _no_names() else False


def pinyin_surname(value: str) -> bool | None:
    """Judge a surname in pinyin with a given name in Han characters behind it."""
    letters = "".join(char for char in value if "a" <= char <= "z")
    return None if letters in lists()["pinyin_surnames"] else False


def tone_between(value: str) -> bool | None:
    """Judge a name with the sound of its surname told behind that: one syllable, a mark of its tone left out."""
    said = "".join(BARE.get(char, char) for char in value if "a" <= char <= "z" or char in BARE)
    return None if said in _known() else False


def one_syllable(value: str) -> bool | None:
    """Judge a name of which one character is written in pinyin: its letters are one syllable."""
    return None if "".join(char for char in value if "a" <= char <= "z") in _known() else False


def toned_name(value: str) -> bool | None:
    """Judge syllables with marks of their tones: the first is a surname, one to three follow."""
    words = re.split(r"[\s-]+", "".join(BARE.get(char, char) for char in value))
    return None if _is_name(words) or _surname_and_given("".join(words)) else False


def _surname_and_given(word: str) -> bool:
    """Tell whether a word is a surname in pinyin and one or two syllables of two letters or more."""
    return any(len(word) - end >= 2 and word[:end] in lists()["pinyin_surnames"] and 1 <= _syllables(word[end:]) <= 2
               for end in range(2, min(len(word), _LONGEST) + 1))


def _is_name(words: Sequence[str]) -> bool:
    """Tell whether the first word is a surname and the others spell a given name."""
    if len(words) > 3 and "".join(words[:2]) not in _surnames():
        return False
    given = "".join(words[1:])
    if words[0] in lists()["pinyin_surnames"] and 1 <= _syllables(given) <= 3:
        return True
    return words[0] in _surnames() and bool(_GIVEN.fullmatch(given))


@functools.cache
def _no_names() -> frozenset[str]:
    return frozenset(word for name in ("public_words", "english", "products") for word in lists()[name])


@functools.cache
def _surnames() -> frozenset[str]:
    return frozenset(lists()["pinyin_surnames"] + lists()["cantonese_surnames"])


def _syllables(word: str) -> int:
    """Return the fewest syllables of pinyin a word is spelled with; 0 if with none."""
    fewest = {0: 0}
    for start in range(len(word)):
        for end in range(start + 1, min(start + _LONGEST, len(word)) + 1) if start in fewest else ():
            if word[start:end] in _known():
                fewest[end] = min(fewest.get(end, len(word)), fewest[start] + 1)
    return fewest.get(len(word), 0)


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(lists()["syllables"])


ROMANISED: dict[str, Check] = {
    check.__name__: check for check in (romanised, romanised_told, romanised_long, pinyin_name, pinyin_surname, pinyin_three,
                                        tone_between, one_syllable, toned_name)}
