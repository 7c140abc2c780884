"""Numbers, handles and names that no word announces: what tells them, and what they are told from."""

from __future__ import annotations

import pytest

from kamen_analysis.redact.codes import CODES
from kamen_analysis.redact.kinds import lists
from kamen_analysis.redact.names import ordinary
from kamen_analysis.redact.residue import RESIDUE


@pytest.mark.parametrize("value", ["57192046", "6 8 1 2 . 0 4 3 . 7", "35 08 27 16 94", "9437-2081", "467.018.2935", "78l62o455",
                                   "2/0/5/9/3/1/8"])
def test_digits_written_apart_or_in_a_row_are_a_number(value: str) -> None:
    """Seven digits or more, whatever stands between them, may be somebody's."""
    assert RESIDUE["residue"](value) is None


@pytest.mark.parametrize("value", ["20250312", "1 2 3 4 5 6 7", "199/299/399", "2023-2024", "10.0.19045", "12345678", "3000000",
                                   "2023 11 05 12 30", "8888888", "18796-2012", "123456", "22631.3447", "98+128=226"])
def test_days_lists_prices_and_versions_are_none(value: str) -> None:
    """What counts, prices, dates or numbers a version is nobody's."""
    assert RESIDUE["residue"](value) is False


@pytest.mark.parametrize(("check", "value", "is_one"), [
    ("alone", "sq_mei8870", True), ("alone", "kexin-qiangpiao", True), ("alone", "q1ng_feng.hao", True), ("alone", "hx_card5208", True),
    ("alone", "order_user_123", False), ("alone", "app-store", False), ("alone", "iphone-13", False), ("alone", "deepin.hao", False),
    ("alone_odd", "zc🌸yy🌸0827", True), ("alone_odd", "steam点com", False), ("letters_apart", "l u o x i _ 0 2 1", True),
    ("letters_apart", "w i n d o w s", False), ("letters_apart", "a b c d e f g", False),
    ("code_signs", "ts/2025/11/003/9914", True), ("code_signs", "gh/t 18796", False), ("code_signs", "windows/system32/12345678", False),
])
def test_handles_and_codes_are_told_from_words_and_models(check: str, value: str, is_one: bool) -> None:
    """A handle is pinyin, or has digits or signs that no product has."""
    assert (CODES[check](value) is None) is is_one


def test_what_tells_a_name_is_in_no_ordinary_word() -> None:
    """No ordinary word begins with a surname of the list, and none has a character of the list of given names."""
    begins, within = {word[0] for word in ordinary()}, {char for word in ordinary() for char in word}
    assert not set(lists()["unworded_surnames"]) & begins
    assert not set(lists()["telling"]) & within
