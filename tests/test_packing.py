"""What is packed comes back as it was, and nothing comes back that was not named."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamen_analysis.packing import pack, unpack


class Pair(NamedTuple):
    """A named tuple with an array in it."""

    first: Any
    second: Any


class Thing:
    """An object with attributes."""

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)


PLAIN = st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False) | st.text() | st.dates()
KEYS = st.text() | st.integers() | st.tuples(st.text(), st.integers())
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner)
                      | st.builds(Pair, inner, inner), max_leaves=20)


@given(VALUES)
def test_plain_values_come_back(value: Any) -> None:
    """Numbers, words, lists, tuples, named tuples and dicts with any of these as keys, one in another."""
    found = unpack(pack(value), Pair)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("array", [
    np.arange(12, dtype=np.int8).reshape(3, 4), np.zeros((0, 5)), np.arange(10)[::2], np.array(7, np.uint64), np.array([True, False]),
    np.array(["卡密", "退款"]), np.asfortranarray(np.eye(3, dtype=np.float32)),
])
def test_arrays_come_back(array: Any) -> None:
    """With kind, shape and values, whatever lies before and behind, and to be written to."""
    before, found, behind = unpack(pack([np.arange(3), array, np.arange(2)]))
    assert (found.dtype, found.shape, found.tolist()) == (array.dtype, array.shape, array.tolist())
    assert found.flags.writeable and before.tolist() == [0, 1, 2] and behind.tolist() == [0, 1]


def test_objects_come_back() -> None:
    """An object has its attributes, objects among them, without its constructor being asked."""
    found = unpack(pack(Thing(name="甲", inner=Thing(table=np.arange(3)), pair=Pair(1, (2,)))), Thing, Pair)
    assert isinstance(found, Thing) and found.inner.table.tolist() == [0, 1, 2] and found.pair == Pair(1, (2,))  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [Thing(n=1), Pair(1, 2), [Thing()]])
def test_a_class_nobody_named_is_refused(value: Any) -> None:
    """What is read can make objects of the classes the reader names, and of no others."""
    with pytest.raises(KeyError):
        unpack(pack(value))


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), np.array([object()])])
def test_what_has_no_form_is_refused(value: Any) -> None:
    """Sets (which have no order), bytes and foreign objects are an error when packed, not when read."""
    with pytest.raises(TypeError):
        pack(value)
