"""Numbers, codes, handles and links told in parts or by their letters, told from sums, sizes and words."""

from __future__ import annotations

import functools
import itertools
import re

from kamen_analysis.redact.checks import Check, plain
from kamen_analysis.redact.kinds import lists
from kamen_analysis.redact.reading import NUMERALS

_PLACE = re.compile(r"第\d|[后末头]\d(?=[位个段半截])|\d{1,2}(?=位|个数)|另\d半|后\d[段半截]|\d段")  # which part it is
_NUMBER = re.compile(r"\d(?:[\s-]?\d)*")
_YEAR = re.compile(r"(?:19[5-9]|20[0-3])\d$")
_SIZE = re.compile(r"(?:\d{1,6}(?:[pkgmw]|[gmk]b|hz|fps|mah|sp)|\d{1,5}0q)$")  # 1080p, 5g, 100q币
_MODEL = re.compile(r"[a-z]{1,4}\d{1,2}00$")  # a100, b200
_DEVICE = re.compile(r"(?:i[3579]-\d{4,5}|[a-z]{1,8}-?\d{1,5})"  # i5-12400f, mate60pro
                     r"(?:ti|pro|max|plus|ultra|super|se|lite|mini|[xkfhsuge]|[gt]b?){0,3}$")
_HANDLE = re.compile(r"[a-z0-9零〇一幺二两三四五六七八九]")


def told(value: str) -> bool | None:
    """Judge a number of which each part is announced: seven to 32 places, and neither sums nor years."""
    groups = [_digits(group) for group in _NUMBER.findall(_PLACE.sub(" ", value.translate(NUMERALS)))]
    is_sums = all(group.endswith("00") for group in groups) or all(map(_YEAR.match, groups))
    return None if len(groups) > 1 and 7 <= sum(map(len, groups)) <= 32 and not is_sums else False


def _digits(group: str) -> str:
    return "".join(str(int(char)) for char in group if char.isdecimal())


def eight(value: str) -> bool | None:
    """Judge a number as long as those of Hong Kong and Macau: eight places, and no round sum."""
    digits = plain(value)
    return None if len(digits) == 8 and not digits.endswith("000") else False


def code_parts(value: str) -> bool | None:
    """Judge a code told in parts: eight letters and digits or more, two of each, and no part is a size."""
    groups = re.findall(r"[a-z0-9-]+", value)
    bare = "".join(groups).replace("-", "")
    digits = sum(map(str.isdecimal, bare))
    is_code = len(bare) >= 8 and 2 <= digits <= len(bare) - 2 and not all(map(_MODEL.match, groups))
    return None if is_code and not any(map(_SIZE.match, groups)) else False


def code_numerals(value: str) -> bool | None:
    """Judge a code with Chinese numerals in it: six letters and digits or more, two of which are digits and one is a letter."""
    bare = [char for char in value if char.isalnum()]
    digits = sum(map(str.isnumeric, bare))
    return None if len(bare) >= 6 and 2 <= digits < len(bare) and not value.isascii() else False


def listed(value: str) -> bool | None:
    """Judge codes told one after the other: not all of them are models of processors, cards or telephones."""
    return None if not all(map(_DEVICE.match, re.findall(r"[a-z0-9-]+", value))) else False


def code_written(value: str) -> bool | None:
    """Judge a code behind a word for one, however it is written: eight letters and digits, two of each, and neither words nor sizes."""
    letters, digits = sum("a" <= char <= "z" for char in value), sum(map(str.isnumeric, value))
    if letters < 2 or digits < 2 or letters + digits < 8 or any(map(_SIZE.match, value.split())):
        return False
    return None if not any(word in _words() for word in re.findall("[a-z]{3,}", value)) else False


def order_written(value: str) -> bool | None:
    """Judge a number of an order that begins with letters, however it is written: six digits, and no words."""
    if sum(map(str.isnumeric, value)) < 6 or sum("a" <= char <= "z" for char in value) > 10:
        return False
    return None if not any(word in _words() for word in re.findall("[a-z]{3,}", value)) else False


def letters_said(value: str) -> bool | None:
    """Judge a code read out letter by letter: seven letters and digits or more, two of them digits."""
    bare = re.findall(r"[a-z0-9０-９零〇一幺二两三四五六七八九]", value)
    return None if len(bare) >= 7 and sum(map(str.isnumeric, bare)) >= 2 else False


def numerals_among(value: str) -> bool | None:
    """Judge a code some signs of which are Chinese numerals: eight signs or more, two letters and two digits among them."""
    bare = [char for char in value if char.isalnum()]
    letters = sum(char.isascii() and char.isalpha() for char in bare)
    digits = sum(map(str.isnumeric, bare))
    return None if len(bare) >= 8 and letters >= 2 and digits >= 2 and not "".join(bare).isascii() else False


def mixed_key(value: str) -> bool | None:
    """Judge what stands before a key word: nine or more places that change four times between letters and digits, or twelve digits that
    are no count."""
    bare = [c.isdecimal() for c in value if c.isalnum()]
    turns = sum(a != b for a, b in itertools.pairwise(bare))
    return None if (len(bare) >= 9 and turns >= 4) or (len(bare) >= 12 and all(bare) and not _is_count(value)) else False


def _is_count(value: str) -> bool:
    """Tell whether numbers are counted up or down one by one (1 2 3 … 12)."""
    numbers = [int(group) for group in re.findall(r"\d+", value)]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    return len(numbers) > 3 and steps in ({1}, {-1})


def pieces(value: str) -> bool | None:
    """Judge a code told in pieces with blanks and dashes: ten signs or more, two pieces of letters and digits, none a size or a word."""
    groups = re.findall(r"[a-z0-9]+", value)
    bare = "".join(groups)
    digits = sum(map(str.isdecimal, bare))
    mixed = sum(not group.isalpha() and not group.isdecimal() for group in groups)
    if len(bare) < 10 or mixed < 2 or not 3 <= digits <= len(bare) - 3 or any(map(_SIZE.match, groups)):
        return False
    return None if not any(word in _words() for word in re.findall("[a-z]+", value)) else False


def mixed_pieces(value: str) -> bool | None:
    """Judge a code in pieces behind a word for one: nine signs or more, four digits and a letter among them, and no piece is a size."""
    groups = value.split()
    digits = sum(map(str.isdecimal, value))
    is_code = sum(map(len, groups)) >= 9 and digits >= 4 and any(map(str.isalpha, value))
    return None if is_code and not any(map(_SIZE.match, groups)) else False


@functools.cache
def _words() -> frozenset[str]:
    return frozenset(word for name in ("english", "products", "public_words", "channels") for word in lists()[name])


def handle_said(value: str) -> bool | None:
    """Judge a handle with signs that are said: six letters and digits beside these."""
    return None if len(_HANDLE.findall(value)) >= 6 else False


def link_apart(value: str) -> bool | None:
    """Judge a link with blanks at its slashes: a part behind one has letters and digits, or digits alone."""
    behind = re.findall(r"[a-z0-9]{2,}", value.partition("/")[2])
    return None if any(not part.isalpha() for part in behind) else False


PARTS: dict[str, Check] = {check.__name__: check for check in (
    told, eight, code_parts, code_numerals, code_written, order_written, letters_said, handle_said, listed, numerals_among, pieces,
    mixed_pieces, mixed_key, link_apart)}
