"""The model over the rules: loading, who decides, and that a post is judged alike alone and in a batch."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.errors import KamenError
from kamen_analysis.label import stack
from kamen_analysis.label._reading import read
from kamen_analysis.label.facts import BUCKETS, STEP, WEIGHT, bag, bags
from kamen_analysis.label.posts import label_post
from kamen_analysis.label.text import fold
from kamen_analysis.records import OUTCOMES, POST_TYPES, PRODUCTS

TEXTS = ("昨天买的会员没到账，客服不理我", "请问点卡能退吗", "低价批发，加微信", "退了一半，另一半不给")


def _flat(bias: float, limit: float) -> stack.Part:
    none = np.zeros((BUCKETS, 2), np.int8)
    return stack.Part(("resolved", "unclear"), none, np.ones(2), np.zeros((1, 2), np.float32), np.array([bias, 0.0]), limit)


def _settle(part: stack.Part, *ruled: str) -> stack.Settled:
    return part.settle(np.zeros((len(ruled), 2)), np.zeros((len(ruled), 1)), ruled)


def test_stored_stack_knows_every_task() -> None:
    """The package's model loads, and answers each task with codes of the codebook."""
    parts = stack.load().parts
    assert tuple(parts) == stack.TASKS
    for task, codes in (("post_type", POST_TYPES), ("product", PRODUCTS), ("outcome", OUTCOMES)):
        assert set(parts[task].answers) <= set(codes)


@pytest.mark.parametrize(("bias", "limit", "answer", "who"), [
    (2.0, 1.0, "resolved", stack.MODEL), (2.0, 3.0, "unclear", stack.RULE), (-2.0, 1.0, "unclear", stack.VOTE)])
def test_model_overrules_only_where_it_is_sure(bias: float, limit: float, answer: str, who: str) -> None:
    """The model's answer counts where it is surer of it than of the rules' by the limit; it is told who decided."""
    assert _settle(_flat(bias, limit), "unclear") == ([answer], [who])


def test_untaught_answer_stands() -> None:
    """An answer of the rules that the model was never taught is not overruled."""
    assert _settle(_flat(9.0, 0.5), "partial") == (["partial"], [stack.RULE])


def test_words_do_not_depend_on_the_batch() -> None:
    """The words of a post say the same alone and among others."""
    together = stack.load().read(read(fold([""] * len(TEXTS), TEXTS)))
    for i, text in enumerate(TEXTS):
        alone = stack.load().read(read(fold([""], [text])))
        assert all(together[task][i] == pytest.approx(alone[task][0], rel=1e-6) for task in stack.TASKS)


def test_bags_are_added_up_as_they_are_counted() -> None:
    """What the kernel adds up for a batch equals its bags, written out as counts, times the weights."""
    hits = read(fold(TEXTS, ["", "客服说不退。" * 50, "\U0001f642会员", "钱退了一半"]))
    weights = np.random.default_rng(1).integers(-127, 128, (BUCKETS, STEP), np.int8)
    counts = np.sum([one.toarray() for one in bags(hits)], axis=0, dtype=float)
    slow = counts @ weights.astype(float) * (WEIGHT / np.sqrt(counts.sum(axis=1)))[:, None]
    assert np.array_equal(bag(hits, weights), slow)


def test_stack_survives_storage(tmp_path: Path) -> None:
    """What is stored is the same numbers, and the same model gives the same bytes."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        stack.save(stack.load(), tmp_path / name)
    assert (tmp_path / "one" / "stack.npz").read_bytes() == (tmp_path / "two" / "stack.npz").read_bytes()
    words = [one.read(read(fold([""], [TEXTS[0]]))) for one in (stack.load(), stack.load(tmp_path / "one"))]
    assert all(np.array_equal(words[0][task], words[1][task]) for task in stack.TASKS)


def test_damaged_or_misshapen_numbers_are_refused(tmp_path: Path) -> None:
    """One changed byte, or numbers of another shape, are one clear error."""
    for name in ("stack.npz", "stack.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    data = bytearray((tmp_path / "stack.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "stack.npz").write_bytes(bytes(data))
    with pytest.raises(KamenError, match="摘要不符"):
        stack.load(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    parts = {task: replace(part, weights=part.weights[1:]) for task, part in stack.load().parts.items()}
    stack.save(stack.Stack(parts, {}), other)
    with pytest.raises(KamenError, match="形状"):
        stack.load(other)


def test_labels_tell_who_decided_each_code() -> None:
    """Every post names who decided its type, product and outcome; what is no complaint leaves the last two to the rules."""
    for text in TEXTS:
        found = label_post({"id": "1", "title": "", "body": text})
        assert len(found.decided_by) == len(stack.TASKS) and set(found.decided_by) <= {stack.RULE, stack.MODEL, stack.VOTE}
        assert (found.gate_rule == stack.MODEL) == (found.decided_by[0] == stack.MODEL)
        assert found.post_type == "complaint" or found.decided_by[1:] == (stack.RULE, stack.RULE)
