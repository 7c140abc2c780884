"""Digits that no word announces, told from dates, lists, sums and versions by how they are written: what is left is somebody's number."""

from __future__ import annotations

import itertools
import re

from kamen_analysis.redact.checks import Check
from kamen_analysis.redact.parts import PARTS
from kamen_analysis.redact.romanised import ROMANISED

_GROUP = re.compile(r"[\dlo]+")
_LETTERS = str.maketrans("lo", "10")
_PRICE = re.compile(r"(?:[05]|99|98|88|68)$")
_YEAR = re.compile(r"(?:19[5-9]|20[0-3])\d$")
_PRODUCT = re.compile(r"\d\)\s?[*×]\s?\d|\d\s?[*×]\s?\(\d")
_DAY = re.compile(r"(?:19[5-9]|20[0-3])\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")


def residue(value: str) -> bool | None:
    """Judge digits in a row or apart that no word announces: seven or more, unless they read as a day, a list, prices or a version."""
    written = _GROUP.findall(value)
    together, between = "".join(written), "".join(_GROUP.split(value))
    digits, letters = len(together), together.count("l") + together.count("o")
    is_model = len(written) == 1 and value[0].isalpha() and value[0] not in "lo"
    if digits < 7 or is_model or letters * 2 > digits or "=" in between or between in ("点", "减"):
        return False
    groups = list(map(_plain, written))
    if _is_reckoned(groups, value):
        return False
    if len(groups) == 1:
        return False if _DAY.match(groups[0]) or groups[0].endswith("000") or len(set(groups[0])) < 3 or _counted(groups[0]) else None
    return False if _is_list(groups, between) or _is_date(groups) else None


def _is_reckoned(groups: list[str], value: str) -> bool:
    """Tell whether numbers are multiplied, in brackets or as the sides of something: (129-19)*24, 118×44×179."""
    if any(len(group) > 4 or (len(group) > 1 and group[0] == "0") for group in groups):
        return False
    are_sides = 1 < len(groups) < 4 and max(map(len, groups)) < 4 and set("".join(_GROUP.split(value))) == {"×"}
    return are_sides or bool(_PRODUCT.search(value))


def _plain(group: str) -> str:
    digits = group.translate(_LETTERS)
    return digits if digits.isascii() else "".join(str(int(char)) for char in digits)


def _counted(digits: str) -> bool:
    """Tell whether most digits are one more, or one less, than the one before."""
    steps = [b - a for a, b in itertools.pairwise(digits.encode())]
    return max(steps.count(1), steps.count(-1)) >= len(steps) - 1


def _is_list(groups: list[str], between: str) -> bool:
    """Tell whether groups are counted up or down, are prices, sums, a version, or of no length a number is cut into."""
    lengths, numbers = list(map(len, groups)), list(map(int, groups))
    steps = {(b > a) - (b < a) for a, b in itertools.pairwise(numbers)}
    if len(groups) >= 4 and len(steps) == 1:
        return True
    if max(lengths) == 1:
        return len(groups) < 6
    if all(map(_PRICE.search, groups)) or any(sign in between for sign in ",、") or ("+" in between and sum(lengths) < 9):
        return True
    if set(between) == {"."} and (len(groups) == 2 or (lengths[0] < 3 and len(groups) < 5)):
        return True
    return sum(lengths) < 9 and max(lengths) - min(lengths) > 1


def _is_date(groups: list[str]) -> bool:
    """Tell whether the groups are years, begin with a date, or are a standard and its year."""
    if all(map(_YEAR.match, groups)) or (len(groups) == 2 and len(groups[0]) > 3 and bool(_YEAR.match(groups[1]))):
        return True
    return bool(_YEAR.match(groups[0])) and len(groups) > 2 and 1 <= int(groups[1]) <= 12 and 1 <= int(groups[2]) <= 31


def parts(value: str) -> bool | None:
    """Judge a number told in parts, Chinese numerals among them: seven to fourteen places."""
    return None if 7 <= len(re.findall(r"[\d零〇一幺二三四五六七八九]", value)) <= 14 else False


def stuffed(value: str) -> bool | None:
    """Judge a mobile number with words between its parts: eleven digits of which neither part of four is a round sum."""
    digits = "".join(filter(str.isdecimal, value))
    return None if not digits[3:7].endswith("00") and not digits[7:].endswith("00") else False


RESIDUE: dict[str, Check] = {check.__name__: check for check in (residue, parts, stuffed)} | PARTS | ROMANISED
