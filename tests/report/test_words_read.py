"""Words that stay on disk until they are asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kamen_analysis.data import WORDS, load
from kamen_analysis.errors import KamenError
from kamen_analysis.report.measures import Measures


def test_words_left_on_disk_are_those_of_the_posts_asked_for(small):
    """Any rows, in any order, come with the very words they have where all is read at once, and again when asked for twice."""
    whole, light = (Measures(load(small, is_compact=True, worded=most), "virtual") for most in (None, 10))
    assert "body" not in light.whole and "body" in whole.whole
    for seed in (1, 2):
        rows = np.random.default_rng(seed).permutation(len(whole.whole))[:50]
        found, wanted = light.worded(rows), whole.worded(rows)
        assert found.attrs == wanted.attrs
        pd.testing.assert_frame_equal(found[[*WORDS]].astype(str), wanted[[*WORDS]].astype(str))


def test_words_of_other_posts_are_refused(small):
    """Tables that were replaced meanwhile are noticed: no post gets the words of another."""
    light = Measures(load(small, is_compact=True, worded=10), "virtual")
    light.whole["id"] = light.whole["id"].iloc[::-1].to_numpy()
    with pytest.raises(KamenError, match="数据换了"):
        light.worded(np.arange(5))
