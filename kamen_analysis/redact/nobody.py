"""Who is nobody although called like somebody: shops, brands, titles of books, holders of a public office, models of goods."""

from __future__ import annotations

from collections.abc import Callable

from kamen_analysis.redact.macros import compiled
from kamen_analysis.redact.names import labels

_BEFORE, _BEHIND = 3, 8  # characters around a find in which the brand stands that it is a part of


def _is_no_account(text: str, start: int, stop: int) -> bool:
    """Tell whether what is called an account is a shop's name, or a model or version of something."""
    return _is_shop(text, start, stop) or bool(compiled("<OF_GOODS>").search(text[max(0, start - 10):start]))


def _is_no_person(text: str, start: int, stop: int) -> bool:
    """Tell whether what is called a name is said of a shop, begins a shop's name or a brand, is an office's holder, or what an amount
    goes on with (50元话费)."""
    is_said_of_shop = text[start - 1] in "0123456789" or _is_shop(text, start, stop) or bool(compiled("<OF_A_SHOP>").match(text, start))
    return is_said_of_shop or _is_brand(text, start) or _is_in_office(text, start, stop)


def _is_shop(text: str, start: int, stop: int) -> bool:
    """Tell whether what is called a name is said of a shop, is a title's, or is a word for a role (副店长)."""
    if _is_titled(text, start) or text[start:stop].removeprefix("副") in labels():
        return True
    return bool(compiled("<SHOP_CALLED>").search(text[max(0, start - 26):start]))


def _is_titled(text: str, start: int) -> bool:
    """Tell whether a place lies within the marks around a title."""
    low = max(0, start - 16)
    return text.rfind("《", low, start) > text.rfind("》", low, start)


def _is_brand(text: str, start: int) -> bool:
    """Tell whether a place lies within a brand that no word says to be a person's name."""
    for brand in compiled("<brands>").finditer(text, max(0, start - _BEFORE), start + _BEHIND):
        if brand.start() <= start < brand.end():
            told = compiled("<NAME_TOLD>").search(text[max(0, brand.start() - _BEHIND):brand.start()])
            return not told and not compiled("<PERSON_BEHIND>").match(text, brand.end())
    return False


def _is_in_office(text: str, start: int, stop: int) -> bool:
    """Tell whether a public office's holder is told by the surname alone (王局长)."""
    holder = compiled("<IN_OFFICE>").match(text, start)
    return holder is not None and stop <= holder.end()


NOBODY: dict[str, Callable[[str, int, int], bool]] = {"NAME": _is_no_person, "ACCOUNT": _is_no_account}
