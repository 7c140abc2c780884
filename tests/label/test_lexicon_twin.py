"""Lists of cues found in one compiled walk, against the slow and plain twin: the same hits, whatever the cues and the texts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin._lexicon import Lexicon as Slow

from kamen_analysis.errors import KamenError
from kamen_analysis.label._lexicon import Lexicon

GROUPS = {"a": ["没…退", "没……到…账", "{没,没有,未}退{款,}", "退", "退…退…退"], "b": ["有款", "没…{退,退款,款}"],
          "b!": ["没有款", "退…款退"], "c": ["{退,退}", "到…{没,退}…账"]}
TEXTS = st.lists(st.sampled_from([*"没有未退款到账我了，。\n\0", "我" * 7]), max_size=30).map("".join)
FAST, SLOW = Lexicon(GROUPS), Slow(GROUPS)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_lists_of_cues(texts: list[str]) -> None:
    """Cues with alternatives, gaps and masks have the twin's hits, each as often, in a batch and alone; none crosses a text's end."""
    for text, found in zip(texts, FAST.find_each(texts), strict=True):
        slow = {group: hits for group in GROUPS if (hits := SLOW.find(text).get(group))}
        assert {group: Counter(hits) for group, hits in found.items()} == {group: Counter(hits) for group, hits in slow.items()}
        assert FAST.find(text) == found


@pytest.mark.parametrize(("cues", "said"), [(["退" * 64], "太长（至多 63 字）：退退"), (["退款"] * 4097, "一组的线索太多（至多 4,096")])
def test_more_than_a_key_can_hold(cues: list[str], said: str) -> None:
    """A cue longer, or a group larger, than the key of a hit has bits for is refused in one line; the largest that fit are found."""
    with pytest.raises(KamenError, match=said):
        Lexicon({"一": cues})
    text = cues[-1][:63]
    assert Lexicon({"一": [cue[:63] for cue in cues[:4096]]}).find(text)["一"][-1][:2] == (0, len(text))
