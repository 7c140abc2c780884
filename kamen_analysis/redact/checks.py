"""Check digits and plain plausibility of a found value: True (it is one), False (it is not), None (cannot tell)."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable
from datetime import date
from ipaddress import IPv6Address

_AREAS = frozenset(str(code) for low, high in ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66), (71, 72), (81, 84))
                   for code in range(low, high))
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Parts of speech of words that are, or begin, names: persons, places (欧阳), other proper nouns, foreign and unknown words.
_NAME_TAGS = frozenset({"nr", "nrt", "nrfg", "ns", "nz", "x", "eng"})
_FILE = re.compile(r"\.(?:zip|rar|7z|apk|ipa|exe|msi|dll|bat|iso|pdf|docx?|xlsx?|pptx?|txt|jpe?g|png|gif|mp[34])$")
_VERSION = re.compile(r"\d{1,4}(?:\.[a-z]?\d{1,5}[a-z]?){2,6}$")
_PLAIN = {code: None for code in range(128) if chr(code) not in "0123456789x"}
_DOUBLED = str.maketrans("0123456789", "0246813579")  # the sum of the digits of twice the digit
_LETTER_DIGITS = str.maketrans("olizsbgq叉×✕ⅹ", "01125899xxxx")


def plain(value: str) -> str:
    """Return the digits of `value` (letters that stand for digits read as such) and a closing x, without anything else."""
    read = value.lower().translate(_LETTER_DIGITS)
    if not read.isascii():
        read = "".join(str(int(c)) if c.isdecimal() else c for c in read)
        return "".join(c for c in read if c.isdigit() or c == "x")
    return read.translate(_PLAIN)


def id_card(value: str) -> bool | None:
    """Judge a mainland ID number: ISO 7064 MOD 11-2 for 18 places (GB 11643); None if only the check digit is wrong, or for 15 places."""
    digits = plain(value)
    if len(digits) == 15 and digits.isdigit() and digits[:2] in _AREAS:
        return None if _is_date("19" + digits[6:12]) else False
    if len(digits) != 18 or not digits[:17].isdigit() or digits[:2] not in _AREAS or not _is_date(digits[6:14]):
        return False
    total = sum(map(operator.mul, map(int, digits[:17]), _WEIGHTS))
    return True if "10x98765432"[total % 11] == digits[17] else None


def _is_date(digits: str) -> bool:
    try:
        return 1900 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def luhn(value: str) -> bool | None:
    """Judge a bank card number by the Luhn check (ISO/IEC 7812-1): 12 to 19 digits, else False; None if only the check digit is wrong."""
    digits = plain(value)
    if not digits.isdigit() or not 12 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = sum(map(int, digits[::-2] + digits[-2::-2].translate(_DOUBLED)))
    return True if total % 10 == 0 else None


def card_shape(value: str) -> bool | None:
    """Judge a number no word points to: a card only by its issuer prefix (62) or a right check digit."""
    digits = plain(value)
    good = luhn(digits)
    return good if good is not None else (None if digits.startswith("62") else False)


def mobile(value: str) -> bool | None:
    """Judge eleven places starting 13 to 19: False for more letters than a person would swap in, or for a list of amounts."""
    real = sum(map(str.isdecimal, value))
    if real < 7 or (real < 11 and sum(c.isascii() and c.isalpha() for c in value) > 4):
        return False
    if "," in value or "、" in value:
        groups = [len(plain(g)) for g in value.replace("、", ",").split(",") if g]
        return None if max(groups) <= 2 or groups in ([3, 4, 4], [3, 8], [7, 4]) else False
    return True


def parts_of_mobile(value: str) -> bool | None:
    """Judge a mobile number told in parts (前三位是…，后面…): eleven digits in all, the places counted in words left out."""
    digits = "".join(c for c in value if c in "0123456789")
    return None if 10 <= len(digits) <= 12 and digits[0] == "1" and digits[1] > "2" else False


def random_key(value: str) -> bool | None:
    """Judge nine or more letters and digits no word points to: they change five times (six in a short one); no company's credit code."""
    if len(value) == 18 and re.match(r"9[1-3]\d{6}", value):
        return False
    turns = sum(a.isdecimal() != b.isdecimal() for a, b in itertools.pairwise(value))
    return None if turns >= (5 if len(value) >= 12 else 6) else False


def long_key(value: str) -> bool | None:
    """Judge a code that is called one: six places with a digit, or eight letters."""
    bare = list(filter(str.isalnum, value))
    return None if len(bare) >= 8 or (len(bare) >= 6 and any(map(str.isdecimal, bare))) else False


def screen_name(value: str) -> bool | None:
    """Judge what stands behind 群主, 用户: a name with a letter or digit in it, and no word of how much or when."""
    return False if value[0].isdecimal() or value[-1] in "元块年月日号次天个人条单张分钟秒级区万" else None


def phone_length(value: str) -> bool | None:
    """Judge a number behind a phone word: seven to fourteen digits, and no price with a date or a price behind it (3899,11.12)."""
    listed = "," in value and "." in value
    return None if 7 <= len(plain(value)) <= 14 and not listed else False


def has_digits(value: str) -> bool | None:
    """Judge a code: without at least two digits it is a word, and a time of day is none."""
    if ":" in value and re.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?", value):
        return False
    return None if sum(map(str.isdecimal, value)) >= 2 else False


def long_number(value: str) -> bool | None:
    """Judge digits with odd signs between them: nine or more, and no list of round sums."""
    groups = re.findall(r"\d+", value)
    return None if sum(map(len, groups)) >= 9 and not all(group.endswith("0") for group in groups) else False


def key(value: str) -> bool | None:
    """Judge a card key: six or more letters and digits, a digit among them, and none crossed out."""
    bare = list(filter(str.isalnum, value))
    return None if len(bare) >= 6 and any(map(str.isdecimal, bare)) and "-xxx" not in value else False


def loose_key(value: str) -> bool | None:
    """Judge a card key in parts: nine or more letters and digits, two digits among them, and none crossed out."""
    bare = list(filter(str.isalnum, value))
    return None if len(bare) >= 9 and sum(map(str.isdecimal, bare)) >= 2 and "-xxx" not in value else False


def name(value: str) -> bool | None:
    """Judge what may be a name: not if it begins with a common word of two or more characters (章节缺, 方面)."""
    import rjieba

    word, tag = rjieba.tag(value)[0]
    return False if len(word) > 1 and tag not in _NAME_TAGS else None


def handle(value: str) -> bool | None:
    """Judge a chat account: a letter in it, and a digit, underscore or hyphen too unless it is five letters or more; no file's
    name, no version."""
    if _FILE.search(value) or _VERSION.match(value):
        return False
    bare = sum(map(str.isalnum, value)) + value.count("-") + value.count("_")
    letters = sum(map(str.isalpha, value))
    return None if letters and (bare > letters or letters >= 5) and bare >= 3 else False


def address(value: str) -> bool | None:
    """Judge an address: one whose numbers are already crossed out says nothing, and a distance is none."""
    return False if "xx" in value or "**" in value or "公里" in value else None


def ip_address(value: str) -> bool | None:
    """Judge four numbers with dots: an IPv4 address has each at most 255; loopback and zeros are nobody's, under seven digits a version."""
    parts = [int(p) for p in re.findall(r"\d+", value)]
    return None if all(p <= 255 for p in parts) and parts[0] not in (0, 127) and len(value) >= 10 else False


def ip6_address(value: str) -> bool | None:
    """Judge colon groups as an IPv6 address (RFC 4291)."""
    try:
        return None if IPv6Address(value).is_global else False
    except ValueError:
        return False


def identifies(value: str) -> bool:
    """Tell whether an identifier is by itself somebody's: a mobile number, an ID number, a card of prefix 62 with a right check digit.

    173 and 174 are left out: the complaint numbers of 黑猫 begin so and have eleven places too.
    """
    bare = value if value.isalnum() else "".join(filter(str.isalnum, value))
    if len(bare) < 11:
        return False
    mobile_number = re.fullmatch(r"(?:86)?1(?!7[34])[3-9]\d{9}", bare)
    card = bare.startswith("62") and len(bare) >= 16 and luhn(bare) is True
    return bool(mobile_number) or card or (len(bare) == 18 and id_card(bare) is True)


def always(value: str) -> bool | None:
    """Leave the verdict open: the pattern and its context are all there is."""
    return None


Check = Callable[[str], bool | None]

CHECKS: dict[str, Check] = {
    f.__name__: f
    for f in (id_card, luhn, card_shape, mobile, parts_of_mobile, random_key, long_key, screen_name, phone_length, has_digits,
              long_number, key, loose_key, name, handle, address, ip_address, ip6_address, always)
}
