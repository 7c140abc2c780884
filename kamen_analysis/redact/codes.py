"""Codes and handles that no word announces, told from models, versions, units and files by how letters and digits alternate in them."""

from __future__ import annotations

import functools
import itertools
import re

from kamen_analysis.redact.checks import Check
from kamen_analysis.redact.kinds import lists

_RUNS = re.compile(r"[a-z]+|\d+")
_DOMAIN = re.compile(r"\.[a-z]{2,8}$")
_FILE = re.compile(r"\.(?:jpe?g|png|gif|mp[34]|mov|avi|wav|zip|rar|7z|apk|exe|pdf|docx?|xlsx?|pptx?|txt|csv|json|py|js|html?)$")
_SIGN = re.compile(r"[☆★♡]")
_SWAPPED = re.compile(r"[a-z][0135][a-z]+[-_.]|[-_.][a-z]+[0135][a-z]")  # q1ng_feng: digits for letters
_ONE_BY_ONE = re.compile(r"(?:[-_.·]\d(?!\d)){3}")  # xue-6-6-6: no model is numbered so
_VOWEL = re.compile(r"[aeiou]")
_COMPANY = re.compile(r"9[1-3]\d{6}[0-9a-z]{10}$")  # the unified social credit code (GB 32100)
# Updates, standards, errors, pages, versions; models of appliances, routers, headphones, cards; what a camera calls its files; 2025-q4-v2.
_PUBLIC = re.compile(r"(?:0x|kb\d|cve|gbt?\d|isbn|issn|icp|sku|err|error|http|www|e-|v\d|"
                     r"(?:bcd|kfrd?|xq[gbs]|cxw|jsq|jz[tyr]|hp)-?\d{2}|\d{2,3}[a-z]\d{0,2}[a-z]{0,3}-(?:pro|max|plus|ultra|lite|se)(?![a-z])|"
                     r"(?:cn|us|eu|ap|sg|hk|jp)-(?:north|south|east|west|central)|tl-|dir-|rt-|w[hf]-|sm-|ssd|ddr|[rg]tx|rx\d|i[3579]-|(?:img|image|video|vid|dsc|rec|pic|photo|screen|screenshot|mmexport)[-_]?\d|"
                     r"(?:[a-z]{1,4}[-_.])?20[12]\d[-_.](?:[qhwvrs]\d{1,2}|\d{1,2})(?:[-_.][a-z]{0,2}\d{0,2}){0,2}$)")
_CROSSED = re.compile(r"(?<![a-z0-9])x{3,}(?![a-z0-9])")  # 138-xxxx-7720
_UNITS = re.compile(r"\d{1,11}+(?:[a-z]{1,4}|x\d{1,11})$")  # 20000mah, 1000000kb, 2560x1440


def code(value: str) -> bool | None:
    """Judge a code no word announces: letters and seven digits, or three groups with letters and five digits, and no public number."""
    digits, letters = sum(map(str.isdecimal, value)), any(map(str.isalpha, value))
    if digits < 5:
        return False
    is_amount = digits < 12 and _UNITS.match(value)
    if not letters or is_amount or _PUBLIC.match(value) or _COMPANY.match(value) or _CROSSED.search(value):
        return False
    groups, turns = len(re.findall(r"[a-z0-9]+", value)), len(_RUNS.findall(value)) - 1
    return None if digits >= 7 or (digits >= 6 and turns >= 4) or (groups >= 3 and digits >= 5) else False


def code_signs(value: str) -> bool | None:
    """Judge groups of letters and digits with signs between them that no word announces: six digits in three groups, or eight."""
    digits, groups = sum(map(str.isdecimal, value)), re.findall(r"[a-z0-9]+", value)
    if digits < 6 or _CROSSED.search(value):
        return False
    is_path = sum(group.isalpha() and len(group) > 5 for group in groups) > 0
    if is_path or _PUBLIC.match(value) or not any(map(str.isalpha, value)) or re.match(r"(?:[a-z]{2}/t|t/)", value):
        return False
    return None if digits >= 8 or (len(groups) >= 3 and digits >= 6 and max(map(len, groups)) >= 4) else False


def serial(value: str) -> bool | None:
    """Judge what is called a number: seven digits, since shorter ones are of goods, lockers and agents."""
    return None if sum(map(str.isdecimal, value)) >= 7 else False


def apart(value: str) -> bool | None:
    """Judge groups of letters and digits with blanks between: nine digits or more, and no row of round sums."""
    groups = re.findall(r"\d+", value)
    return None if sum(map(len, groups)) >= 9 and not all(group[-1] in "0589" for group in groups) else False


def alone(value: str) -> bool | None:
    """Judge a handle no word announces: pinyin of two syllables, or two words that are no public ones, with what people put to these."""
    if len(value) < 7 or _FILE.search(value):
        return False
    runs = _RUNS.findall(value)
    words = [run for run in runs if run.isalpha()]
    letters, digits = sum(map(len, words)), sum(map(str.isdecimal, value))
    own = [word for word in words if word not in _public()]
    if "_" in value and not _PUBLIC.match(value) and _underscored(own, letters, digits):
        return None
    is_public = len(own) < len(words) and not _SIGN.search(value) and not _ONE_BY_ONE.search(value)
    if _PUBLIC.match(value) or is_public or ("_" not in value and _DOMAIN.search(value)):
        return False
    named = any(len(word) >= 5 and _is_pinyin(word) for word in words) or (letters >= 4 and bool(_SWAPPED.search(value)))
    if not digits:
        return None if named and len(words) >= 2 and all(map(_is_short, words)) else False
    return None if named or _joined(value, words, digits) or _several(runs, words, digits) else False


def _underscored(own: list[str], letters: int, digits: int) -> bool:
    """Tell whether what an underscore joins, its public words left out, is a handle: with digits, with pinyin, or with no words at all."""
    named = any(len(word) >= 5 and _is_begun(word) for word in own)
    if digits:
        return named or (letters >= 3 and any(len(word) >= 2 for word in own) and digits >= 2)
    if len(own) == 2 and own[0] in lists()["english_names"] and not _VOWEL.search(own[1]):
        return True  # a first name and initials
    return any(len(word) >= 5 and _is_pinyin(word) for word in own) or (letters >= 6 and len(own) >= 2 and all(map(_is_short, own)))


def _joined(value: str, words: list[str], digits: int) -> bool:
    """Tell whether a word spelled or begun in pinyin is joined to digits."""
    return not value.isalnum() and digits >= 2 and any(len(word) >= 5 and _is_begun(word) for word in words)


def _several(runs: list[str], words: list[str], digits: int) -> bool:
    """Tell whether words and digits alternate as in a handle."""
    long = max(map(len, words), default=0)
    spelled = all(len(word) < 3 or _is_pinyin(word) for word in words)
    telling = long >= 4 or (long == 3 and (digits >= 3 or spelled))
    return len(runs) >= 3 and sum(len(word) >= 2 for word in words) >= 2 and sum(map(len, words)) >= 5 and telling


def alone_odd(value: str) -> bool | None:
    """Judge a handle with signs, numerals or pictures within: six letters and digits; without a digit, all words pinyin or begun in it."""
    words = re.findall(r"[a-z]+", value)
    letters, digits = sum(map(len, words)), sum(map(str.isnumeric, value))
    if value.isascii() or letters < 2 or letters + digits < 6 or _PUBLIC.match(value) or any(word in _public() for word in words):
        return False
    return None if digits >= 2 or all(map(_is_short, words)) else False


def letters_apart(value: str) -> bool | None:
    """Judge letters and digits written one by one: two letters, and not the alphabet or a count."""
    bare = [char for char in value if char.isalnum() and char.isascii()]
    counted = sum(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(bare))
    words = re.findall(r"[a-z]+", "".join(bare))
    written = "".join(bare).isalpha() and any(map(str.isspace, value))  # letters with signs between are hidden on purpose
    is_word = any(word in _public() for word in words) or (written and not all(map(_is_short, words)))
    return None if sum(map(len, words)) >= 2 and counted * 2 < len(bare) and not is_word else False


def pinyin(value: str) -> bool | None:
    """Judge one Latin word: a name only if it is pinyin."""
    return None if _is_pinyin(value) else False


@functools.cache
def _public() -> frozenset[str]:
    return frozenset(word for name in ("english", "products", "public_words", "promo_words") for word in lists()[name])


@functools.cache
def _syllables() -> frozenset[str]:
    return frozenset(lists()["syllables"])


def _is_short(word: str) -> bool:
    """Tell whether a word of a handle is pinyin, begun in it, or too short or without a vowel to be a word of its own."""
    return len(word) < 3 or not _VOWEL.search(word) or _is_begun(word)


def _is_begun(word: str) -> bool:
    """Tell whether a word is pinyin, but for up to three letters that stand for syllables at one of its ends."""
    return any(_is_pinyin(part) for part in _parts(word))


def _parts(word: str) -> list[str]:
    """Return a word, and it without the consonants, at most three, at its beginning or at its end, if three letters are left."""
    lead, tail = (re.match(r"[^aeiouv]{0,3}", turned) for turned in (word, word[::-1]))
    ends = [word, *(word[n:] for n in range(1, lead.end() + 1)), *(word[:-n] for n in range(1, tail.end() + 1))]  # type: ignore[union-attr]
    return [part for part in ends if len(part) >= 3]


@functools.lru_cache(maxsize=1 << 12)
def _is_pinyin(word: str) -> bool:
    """Tell whether a word is pinyin: one syllable behind another."""
    reached = {0}
    for start, length in itertools.product(range(len(word)), range(1, 7)):
        if start in reached and word[start:start + length] in _syllables():
            reached.add(min(start + length, len(word)))
    return len(word) in reached


CODES: dict[str, Check] = {f.__name__: f for f in (code, code_signs, serial, apart, alone, alone_odd, letters_apart, pinyin)}
