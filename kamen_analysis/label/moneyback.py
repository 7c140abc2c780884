"""Find sums of money that came back; sums are slow to read, so they are read only where the words beside them say so."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled
from kamen_analysis.label.extract import HAN, UNITS, amounts
from kamen_analysis.label.text import Bools, Codes, Ints, Texts

_TALK = "退扣赔返"  # Without one of these 到账 speaks of the goods, not of money back.
_BACK = re.compile(r"(?:[退返赔补](?:给?我|给)?[了还回咗畀款到来付](?:[了还回给我咗畀款到来付]|我的|一?[个张])*"
                   r"|(?:[只才就后果际仅又共先已终]|已经)[退返赔补](?:给?我)?|到账|到手|收到|实退|回来|到我?[卡账][上里]?|打(?:了|给我|来|款)+)$")
_THEN = "(?:元|块)?钱?(?:也|都|已经|已|刚|刚刚|今天)?(?:到账|退回|收到了|退了|退给)"
_BACK_AFTER = re.compile(_THEN)
# Characters of which one stands right before a sum that came back, with one of _WORDS in reach; then those of the words behind such a sum.
_NUMBERS = f"¥￥{HAN}" + "".join(c for c in map(chr, range(0x10000)) if c.isdecimal())
_BEFORE, _WORDS, _REACH = "退返赔补了还回给我咗畀款到来付的个张账手卡上里\n", "退返赔补到来打", 8
_BEHIND, _NEXT, _SUMS, _SUM_REACH = "到退收", "账回到了给", f"{_NUMBERS}元钱块蚊圆b洋刀米kw百多", 6
_SUM_THEN = re.compile(f"[{_SUMS}]{_THEN}")
_KINDS = (_NUMBERS, HAN, UNITS, _BEFORE, _WORDS, _SUMS, _BEHIND, _NEXT, _TALK)
_IS_NUMBER, _IS_HAN, _IS_UNIT, _IS_BEFORE, _IS_WORD, _IS_SUM, _IS_BEHIND, _IS_NEXT, _IS_TALK = (1 << i for i in range(len(_KINDS)))


def came_back(texts: Texts, asked: Bools, less: Bools) -> list[tuple[int, int, int]]:
    """Return (post, start, end) for each sum in the posts `asked` that came back and is below the highest sum of its post.

    In the posts `less` any sum that came back counts. A denial right before the offset `start` would undo it; the sum ends at `end`.
    """
    posts = np.flatnonzero(_candidates(texts, asked)).tolist()
    return [(post, start, end) for post in posts for start, end in _returned(texts.strings[post], bool(less[post]))]


def _returned(text: str, less: bool) -> Iterator[tuple[int, int]]:
    sums = [(float(a.value), a.start, a.end) for a in amounts(text)]
    most = max((value for value, _, _ in sums), default=0.0)
    for value, start, end in sums:
        if value < most or less:
            if before := _BACK.search(text, max(0, start - _REACH), start):
                yield before.start(), end
            if _BACK_AFTER.match(text, end):
                yield start, end


def _candidates(texts: Texts, asked: Bools) -> Bools:
    # Whether a post has words of money back close before what may be a sum, or close behind.
    out, found = np.zeros_like(asked), np.empty((3, len(texts.codes)), np.int32)
    many = _beside(texts.codes, texts.index, texts.lengths, asked, _kinds(), found)
    for post, at, behind in zip(*found[:, :many].tolist(), strict=True):
        out[post] = out[post] or (_says_behind if behind else _says_before)(texts.strings[post], at)
    return out


def _says_before(text: str, at: int) -> bool:
    return _BACK.search(text, max(0, at - _REACH), at) is not None


def _says_behind(text: str, at: int) -> bool:
    return _SUM_THEN.search(text, max(0, at - _SUM_REACH), at + 3) is not None


@compiled
def _beside(codes: Codes, index: Ints, lengths: Ints, asked: Bools, kinds: npt.NDArray[np.uint16], found: Ints) -> int:
    """Find, by single characters, where a sum may begin behind words of money back (0), or such words behind a sum (1).

    Fills `found` (post, offset, 0 or 1) for the posts of `asked` that talk of money, and returns how many there are.
    """
    n = 0
    for post in np.flatnonzero(asked):
        first, talk, before = n, 0, 0
        word, total = -_REACH - 1, -_SUM_REACH - 1  # Where the last character of each kind stands.
        after = kinds[min(codes[index[post]], 0xFFFF)]
        for at in range(lengths[post]):
            kind, after = after, kinds[min(codes[index[post] + at + 1], 0xFFFF)]
            number = kind & _IS_NUMBER and (after & _IS_UNIT or not kind & _IS_HAN)  # 一下 and 一直 are no sums.
            begins = number and before & _IS_BEFORE and at - word <= _REACH
            ends = kind & _IS_BEHIND and after & _IS_NEXT and at - total <= _SUM_REACH
            if begins or ends:
                found[0, n], found[1, n], found[2, n] = post, at, not begins
                n += 1
            word, total = at if kind & _IS_WORD else word, at if kind & _IS_SUM else total
            talk, before = talk | kind & _IS_TALK, kind
        n = n if talk else first
    return n


@functools.cache
def _kinds() -> npt.NDArray[np.uint16]:
    table = np.zeros(0x10000, np.uint16)
    for i, characters in enumerate(_KINDS):
        table[[ord(c) for c in characters]] |= np.uint16(1 << i)
    return table
