"""Whether a text, a cell, a row or a JSON value names a post, by its number or its address without the scheme."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

# Characters; a shorter number would occur in running text by chance.
_UNMISTAKABLE = 6
# Columns and keys that hold a post's number or address; in others a short number is an amount or a count.
_NAMING = re.compile(r"^(?:id|sn|no|(?:post|complaint)_?id)$|(?<!订单)编号$|id号$|(?:url|link|href|链接|网址)$", re.I)


def mentions(text: str, number: str) -> bool:
    """Return whether running text holds the number, if it is long enough not to be there by chance."""
    return len(number) >= _UNMISTAKABLE and _within(text, number)


def _within(text: str, number: str) -> bool:
    # What goes on behind an address (/post/123456-2, /post/123456/other) is another page.
    on = "[-/]?" if "/" in number else ""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(number)}(?!{on}[A-Za-z0-9])", text) is not None


def _is(value: Any, number: str) -> bool:
    """Return whether a cell is the number, or an address that holds it."""
    # A column of whole numbers with gaps is one of floats in Parquet.
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    return text == number or ("/" in text and " " not in text and _within(text, number))


def naming(headers: Iterable[Any]) -> list[int]:
    """Return the places of the columns that hold a post's number or address."""
    return [place for place, header in enumerate(headers) if isinstance(header, str) and _NAMING.search(header.strip())]


def in_row(cells: Sequence[Any], number: str, places: list[int]) -> bool:
    """Return whether a row has the number; a short one only in `places`, unless no column is known to hold numbers or addresses."""
    is_anywhere = len(number) >= _UNMISTAKABLE or not places
    return any(_is(cell, number) for place, cell in enumerate(cells) if is_anywhere or place in places)


def names(item: Any, number: str) -> bool:
    """Return whether a JSON value is the number, or holds it somewhere; a short one as in a row."""
    if isinstance(item, list):
        return any(names(value, number) for value in item)
    if not isinstance(item, dict):
        return _is(item, number)
    cells = [None if isinstance(value, dict | list) else value for value in item.values()]
    return in_row(cells, number, naming(item)) or any(names(value, number) for value in item.values() if isinstance(value, dict | list))
