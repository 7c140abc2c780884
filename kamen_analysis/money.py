"""Read amounts of money, as sites and spreadsheets write them, in yuan."""

from __future__ import annotations

import functools
import math
import re
import unicodedata

_AMOUNT = re.compile(
    r"(?:人民币|rmb|cny|约|共|合计)*¥?\s*(-?\s*\d[\d,\s]*(?:\.\d*)?|-?\.\d+)\s*([万千])?\s*(?:元|块|rmb|cny|人民币)?(?:整|人民币|左右)?",
)
_LONGEST = 60  # characters of a written amount
_TIMES = {None: 1, "千": 1_000, "万": 10_000}
_MISSING = frozenset({"", "-", "--", "/", "无", "未填", "未填写", "不详", "未知", "暂无", "null", "none", "nan", "n/a"})


@functools.lru_cache(maxsize=10_000)
def yuan(written: str) -> float | None:
    """Return an amount ("1,440元", "￥3.5万", "139.00") in yuan, None for a word that means none; raise ValueError for anything else.

    Negative amounts are returned too: the caller decides whether they are possible.
    """
    text = unicodedata.normalize("NFKC", written).strip().lower()
    if text in _MISSING:
        return None
    match = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        raise ValueError("不是可读的金额")
    value = float(re.sub(r"[,\s]", "", match[1])) * _TIMES[match[2]]
    if not math.isfinite(value):
        raise ValueError("不是可读的金额")
    return value
