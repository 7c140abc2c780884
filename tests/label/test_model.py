"""The linear model beside the rules: loading, determinism, and its vote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kamen_analysis.codebook import load as codebook
from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.errors import KamenError
from kamen_analysis.label import model, reasons
from kamen_analysis.label.features import BUCKETS, features
from kamen_analysis.label.findings import MODEL, STANDS
from kamen_analysis.label.posts import reasons_of
from kamen_analysis.label.units import WIDTHS, units
from kamen_analysis.label.vote import vote

WAITS = ("客服说审核中，让我再等三天。", "天天让我等，说在处理。", "说尽快处理，等了两个月还在处理。")
REFUSES = ("商家说已激活不能退。", "店家称卡密已使用，拒绝退款。", "他说已经兑换了，不给退。")
FIRST, STALLING = np.zeros(1, np.int32), list(codebook().reasons).index("stalling")


def _heard(*texts: str) -> reasons.Heard:
    return reasons.hear([""] * len(texts), texts)


def _near(learned: model.Model, *texts: str) -> list[float]:
    heard = _heard(*texts)
    posts = np.arange(len(texts), dtype=np.int32)
    return [float(p) for p in learned.ask(heard, posts).near(posts * 0 + STALLING, heard.texts.start, heard.texts.end)]


def _tiny() -> model.Model:
    heard = _heard(*WAITS, *REFUSES)
    rows = sum(features(heard, heard.texts.start)).toarray()[:, :BUCKETS]
    learner = LogisticRegression(C=20, solver="liblinear", random_state=7)
    learner.fit(rows / rows.sum(axis=1, keepdims=True) ** 0.5, [1, 1, 1, 0, 0, 0])
    return model.quantised(("stalling",), learner.coef_.T, learner.intercept_, {"veto": [0.03], "add": [0.9]})


def _copy(folder: Path) -> Path:
    for name in ("model.npz", "model.json"):
        shutil.copy(FOLDER / name, folder / name)
    return folder


def test_stored_model_knows_every_reason() -> None:
    """The package's model loads, covers the codebook's reasons and carries its two limits for each, probabilities."""
    learned = model.load()
    assert set(learned.codes) == set(codebook().reasons)
    assert learned.veto.shape == learned.add.shape == (len(learned.codes),)
    assert ((learned.veto >= 0) & (learned.veto < learned.add) & (learned.add <= 1)).all()


def test_damaged_numbers_are_refused(tmp_path: Path) -> None:
    """One changed byte in the numbers is one clear error, not a wrong label."""
    path = _copy(tmp_path) / "model.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(KamenError, match="摘要不符"):
        model.load(tmp_path)


def test_missing_or_garbled_description_is_refused(tmp_path: Path) -> None:
    """Without a readable description the numbers are not used."""
    (_copy(tmp_path) / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(KamenError, match="缺失或无法读取"):
        model.load(tmp_path)


def test_training_is_deterministic_and_survives_storage(tmp_path: Path) -> None:
    """The same sentences give the same bytes, and what is stored answers as what was trained."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        model.save(_tiny(), tmp_path / name)
    assert (tmp_path / "one" / "model.npz").read_bytes() == (tmp_path / "two" / "model.npz").read_bytes()
    assert json.loads((tmp_path / "one" / "model.json").read_text(encoding="utf-8"))["veto"] == [0.03]
    heard = _heard(WAITS[0])
    assert np.array_equal(model.load(tmp_path / "one").ask(heard, FIRST).table, _tiny().ask(heard, FIRST).table)


def test_small_model_learns_its_sentences() -> None:
    """A model of six sentences tells the waiting ones from the refusing ones."""
    assert min(_near(_tiny(), *WAITS)) > max(_near(_tiny(), *REFUSES))


def test_units_cover_the_text() -> None:
    """Stretches begin at clauses, cover all of the posts asked about and are no longer than need be."""
    heard = reasons.hear(["标题", "别的"], ["".join(WAITS), "。".join(REFUSES)])
    for post in (0, 1):
        (first, last), clauses = units(heard.texts, np.array([post], np.int32)), heard.texts.clauses
        starts, ends = clauses.starts[first], clauses.ends[last]
        assert (starts[0], ends[-1]) == (heard.texts.start[post], heard.texts.end[post])
        assert set(starts.tolist()) <= set(heard.texts.clauses.starts.tolist())
        assert (starts[1:] <= ends[:-1]).all() and (ends - starts).max() <= max(WIDTHS)
        assert sorted(set(zip(starts.tolist(), ends.tolist(), strict=True))) == list(zip(starts.tolist(), ends.tolist(), strict=True))


def test_opinion_does_not_depend_on_the_batch() -> None:
    """The model thinks the same of a post alone, among others, and where only it is asked about."""
    texts = (*WAITS, *REFUSES)
    together = _near(model.load(), *texts)
    assert together == pytest.approx([_near(model.load(), text)[0] for text in texts], rel=1e-12)
    heard, last = _heard(*texts), np.array([5], np.int32)
    alone = model.load().ask(heard, last).near(last * 0 + STALLING, heard.texts.start[5:], heard.texts.end[5:])
    assert alone[0] == pytest.approx(together[5], rel=1e-12)


def _voted(bias: float, veto: float) -> reasons.Heard:
    flat = model.quantised(model.load().codes, np.zeros((BUCKETS, 13)), np.full(13, bias), {"veto": [veto] * 13, "add": [0.999] * 13})
    return vote(_heard(WAITS[0]), flat)


@pytest.mark.parametrize(("bias", "stands"), [(-4.0, False), (-3.0, True), (0.0, True), (4.0, True)])
def test_vote(bias: float, stands: bool) -> None:
    """A rule stands unless the model is sure against it; where it is, none is kept, and the probability says so."""
    after = _voted(bias, 0.03)
    asked = ~np.isnan(after.findings.probability)
    assert asked.any() and after.findings.probability[asked] == pytest.approx(1 / (1 + np.exp(-bias)))
    assert bool(len(reasons.decide(after))) is stands
    assert (after.findings.why[asked] == (STANDS if stands else MODEL)).all()


def test_untaught_reason_is_left_to_the_rule() -> None:
    """A model that was not taught a reason has no opinion on it, and the rule stands by itself."""
    after = vote(_heard(WAITS[0]), model.quantised(("virtual_goods",), np.zeros((BUCKETS, 1)), np.zeros(1), {"veto": [0.03], "add": [0.9]}))
    assert len(reasons.decide(after)) and np.isnan(after.findings.probability).all()


def test_labels_tell_who_decided() -> None:
    """A plain refusal that both see is decided by vote; a post without cues asks nobody."""
    assert {reason.decided_by for reason in reasons_of("", "客服说虚拟商品一经售出概不退换。")} == {"vote"}
    assert reasons_of("", "今天天气很好。") == []
