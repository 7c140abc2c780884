"""Essences and fingerprints, compiled, are those reckoned slowly, letter by letter."""

from __future__ import annotations

import functools
import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis import zh
from kamen_analysis.dedupe import essences

TEXTS = st.lists(st.text(st.sampled_from("[]电话點卡Ａa1，。 \U0002a6a5\U000e0001\ud83d"), max_size=60), max_size=6)
LOW = (1 << 32) - 1


def _essence(text: str) -> str:
    bare = re.sub(r"\[[^\[\]]{1,8}\]", "", text)
    return "".join(char for char in zh.fold(bare) if char.isalnum() and ord(char) < 0x33500)


def _minima(text: str) -> list[int]:
    """Return the least of each hash of the text's shingles, of which 16 bits are kept."""
    def number(piece: str) -> int:
        return functools.reduce(lambda before, char: (before * 1_000_003 + ord(char)) % (1 << 64), piece, 0)

    grams = [number(text[at : at + 4]) * int(essences.MIX) % (1 << 64) >> 32 for at in range(len(text) - 3)]
    hashes = zip(essences._ODD.tolist(), essences._SHIFT.tolist(), strict=True)
    return [(min((gram * odd + shift) & LOW for gram in grams) * 0x9E3779B1 & LOW) >> 16 for odd, shift in hashes]


@settings(deadline=None)
@given(TEXTS)
def test_essences_twin(texts: list[str]) -> None:
    """What copies may differ in is left out: placeholders, marks, width and form of characters, in any text at all."""
    points, lengths = essences.codes(texts)
    found = [part.tobytes().decode("utf-32-le") for part in np.split(points, np.cumsum(lengths)[:-1])] if texts else []
    assert found == list(map(_essence, texts))


@settings(deadline=None)
@given(st.lists(st.text("点卡充值不到账退款[]，", max_size=80), max_size=6))
def test_fingerprints_twin(texts: list[str]) -> None:
    """The bands of each long enough text hold its minima; texts have one digest if and only if they have one essence; short ones none."""
    signed, plain = essences.sign(texts), list(map(_essence, texts))
    for text, essence, bands in zip(plain, signed.essence.tolist(), signed.bands.T, strict=True):
        if len(text) < essences.MIN_CHARACTERS:
            assert essence == 0 and not bands.any()
        else:
            assert bands.astype("<u8").view("<u2").tolist() == _minima(text)
    long = [(text, essence) for text, essence in zip(plain, signed.essence.tolist(), strict=True) if essence]
    assert len({text for text, _ in long}) == len({essence for _, essence in long}) == len(set(long))
