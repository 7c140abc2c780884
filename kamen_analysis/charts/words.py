"""Numbers as a Chinese sentence shows them: one place for every title and alternative text."""

from __future__ import annotations

import math
from typing import Any


def percent(share: Any) -> str:
    """Return 0.3117 as "31.2%"; a missing share as "—"."""
    return "—" if share is None or math.isnan(share) else f"{share * 100:.1f}%"


def interval(low: Any, high: Any) -> str:
    """Return the 95% interval as "28.4–34.1%"; nothing where it is missing."""
    return "" if math.isnan(low) or math.isnan(high) else f"{low * 100:.1f}–{high * 100:.1f}%"


def measured(row: Any) -> str:
    """Return a row's share with interval and denominator: "31.2%（95% 区间 28.4–34.1%，n=1,204）"."""
    span = interval(row.low, row.high)
    return f"{percent(row.share)}（{f'95% 区间 {span}，' if span else ''}n={int(row.of):,}）"


def days(value: Any) -> str:
    """Return 7.69 as "7.7 天"; a missing number as "未达半数"."""
    return "未达半数" if value is None or math.isnan(value) else f"{value:.1f} 天"


def withheld(count: int) -> str:
    """Return the remark on platforms that were compared though their few cases are not shown; nothing where there are none."""
    return f"（其中 {count} 个件数过少，不列比例）" if count else ""


def yuan(value: Any) -> str:
    """Return 145.9 as "146 元"; a missing amount as "—"."""
    return "—" if value is None or math.isnan(value) else f"{value:,.0f} 元"
