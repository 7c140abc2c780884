"""Invented personal data in valid form, each kind in the plain and the disguised shapes in which people write it.

Identity numbers have a valid check digit (GB 11643-1999, ISO 7064 MOD 11-2) but births in 1900–1909; bank cards have an issuer's
prefix and a valid Luhn digit. So a detector must take them for real, and they belong to no living person.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from kamen_analysis.world.spec import read

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_HAN = "零一二三四五六七八九"
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_FULL = "０１２３４５６７８９"
_LETTERS = "abcdefghjkmnpqrstuvwxyz"

_LISTS: dict[str, Any] = read("people.yaml")


def digits(random: Random, size: int) -> str:
    """Return `size` decimal digits."""
    return f"{random.randrange(10**size):0{size}d}"


def check_digit(body: str) -> str:
    """Return the check character of the first 17 digits of an identity number."""
    return "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]


def luhn_digit(body: str) -> str:
    """Return the digit that makes `body` pass the Luhn check."""
    doubled = [int(d) * (2 - k % 2) for k, d in enumerate(reversed(body))]
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def _in(alphabet: str, text: str) -> str:
    return "".join(alphabet[int(c)] for c in text)


def _phone(random: Random) -> str:
    plain = random.choice(_LISTS["mobile"]) + digits(random, 8)
    shapes = (
        plain, plain, plain, plain, f"{plain[:3]} {plain[3:7]} {plain[7:]}", f"{plain[:3]}-{plain[3:7]}-{plain[7:]}", f"+86 {plain}",
        _in(_FULL, plain), _in(_HAN, plain), plain[:3] + _in(_CIRCLED, plain[3:7]) + plain[7:], "\u200b".join((plain[:4], plain[4:])),
        f"{plain[:5]} {plain[5:]}")
    return random.choice(shapes)


def _month_day(random: Random) -> str:
    return f"{random.randint(1, 12):02d}{random.randint(1, 28):02d}"


def _idcard(random: Random) -> str:
    body = f"{random.choice(_LISTS['region'])}190{random.randrange(10)}{_month_day(random)}{digits(random, 3)}"
    number = body + check_digit(body)
    return random.choice((number, number, number.replace("X", "x"), f"{number[:6]} {number[6:14]} {number[14:]}"))


def _bankcard(random: Random) -> str:
    body = random.choice(_LISTS["issuer"]) + digits(random, 12)
    number = body + luhn_digit(body)
    return random.choice((number, number, " ".join(number[k : k + 4] for k in range(0, len(number), 4))))


def _wechat(random: Random) -> str:
    word = "".join(random.choice(_LETTERS) for _ in range(random.randint(4, 7)))
    return random.choice((f"wxid_{word}{digits(random, 8)}", f"{word}_{digits(random, 4)}", f"{word}{digits(random, 3)}"))


def _name(random: Random) -> str:
    return str(random.choice(_LISTS["surname"])) + "".join(random.choice(_LISTS["given"]) for _ in range(random.choice((1, 2, 2))))


def _address(random: Random) -> str:
    city, road = random.choice(_LISTS["city"]), random.choice(_LISTS["road"])
    home = random.choice((f"{random.randint(1, 30)}号楼{random.randint(1, 6)}单元{random.randint(101, 1999)}室",
                          f"{random.randint(1, 40)}栋{random.randint(101, 1999)}", f"{random.randint(1, 60)}幢"))
    return f"{city}{road}{random.randint(1, 999)}号{random.choice(_LISTS['estate'])}{home}"


def _order(random: Random) -> str:
    day, shop = f"202{random.randint(4, 6)}{_month_day(random)}", random.choice(("KM", "DK", "FK", "CZ"))
    return random.choice((f"{day}{digits(random, 14)}", f"{shop}{day}{digits(random, 8)}", f"4200{digits(random, 24)}"))


def _cardkey(random: Random) -> str:
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    blocks = ["".join(random.choice(alphabet) for _ in range(random.choice((4, 5)))) for _ in range(random.choice((3, 4, 5)))]
    return "-".join(blocks)


def _email(random: Random) -> str:
    word = "".join(random.choice(_LETTERS) for _ in range(random.randint(4, 9)))
    return f"{word}{digits(random, 3)}@{random.choice(('mail', 'post', 'youxiang'))}.example"


def _payurl(random: Random) -> str:
    code = "".join(random.choice(_LETTERS + "0123456789") for _ in range(18))
    return random.choice((f"wxp://f2f0{code}{code[::-1]}", f"https://pay.skm{digits(random, 3)}.example/qr/{code}"))


KINDS: dict[str, Callable[[Random], str]] = {
    "PHONE": _phone, "IDCARD": _idcard, "BANKCARD": _bankcard, "QQ": lambda r: str(r.randint(10**6, 4 * 10**9)), "WECHAT": _wechat,
    "ALIPAY": lambda r: _phone(r) if r.random() < 0.5 else _email(r), "EMAIL": _email, "NAME": _name, "ADDRESS": _address, "ORDER": _order,
    "CARDKEY": _cardkey, "PAYURL": _payurl,
}
