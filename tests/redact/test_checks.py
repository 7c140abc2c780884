"""Check digits say yes, no, or cannot tell."""

from __future__ import annotations

import pytest

from kamen_analysis.redact import checks


@pytest.mark.parametrize(("value", "verdict"), [
    ("11010519491231002X", True),  # the example of GB 11643-1999
    ("440524188001010014", False), ("110105194912310021", None), ("11010519491331002X", False), ("99010519491231002X", False),
    ("1 1 0 1 0 5-19491231-002x", True),
    ("130503670401001", None), ("130503671301001", False),
])
def test_id_card(value: str, verdict: bool | None) -> None:
    """ISO 7064 MOD 11-2 decides; a wrong last digit leaves it open, a wrong area or birthday does not."""
    assert checks.id_card(value) is verdict


@pytest.mark.parametrize(("value", "verdict"), [
    ("4111111111111111", True), ("4111 1111 1111 1112", None), ("7992739871", False), ("0000000000000000", False), ("62220202000", False),
])
def test_luhn(value: str, verdict: bool | None) -> None:
    """The Luhn check decides; a wrong check digit leaves it open, an impossible length does not."""
    assert checks.luhn(value) is verdict


@pytest.mark.parametrize(("value", "verdict"), [("203.0.113.7", None), ("300.1.1.1", False), ("127.0.0.1", False), ("10.0.19045.1", False)])
def test_ip_address(value: str, verdict: bool | None) -> None:
    """Each part is at most 255, and loopback belongs to nobody."""
    assert checks.ip_address(value) is verdict


def test_amounts_in_a_row_are_no_phone() -> None:
    """A list of amounts with eleven digits in all is told from a number written with commas."""
    assert checks.mobile("1500、2000、300") is False
    assert checks.mobile("1，3，8，0，0，1，3，8，0，0，0".replace("，", ",")) is None
