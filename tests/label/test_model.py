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
from kamen_analysis.label.features import BUCKETS, WIDE, features, units
from kamen_analysis.label.posts import reasons_of
from kamen_analysis.label.vote import ruled, vote

WAITS = ("客服说审核中，让我再等三天。", "天天让我等，说在处理。", "说尽快处理，等了两个月还在处理。")
REFUSES = ("商家说已激活不能退。", "店家称卡密已使用，拒绝退款。", "他说已经兑换了，不给退。")
FINDING = reasons.Finding("stalling", "stalling.told_to_wait", 0, 4, 1.0, None, None)


def _tiny() -> model.Model:
    found = [features(reasons.hear("", text))[1] for text in (*WAITS, *REFUSES)]
    rows = np.array([np.bincount(bucket, minlength=BUCKETS) / len(bucket) ** 0.5 for bucket in found])
    learner = LogisticRegression(C=20, solver="liblinear", random_state=7).fit(rows, [1, 1, 1, 0, 0, 0])
    return model.quantised(("stalling",), learner.coef_.T, learner.intercept_, {"veto": 0.03})


def _copy(folder: Path) -> Path:
    for name in ("model.npz", "model.json"):
        shutil.copy(FOLDER / name, folder / name)
    return folder


def test_stored_model_knows_every_reason() -> None:
    """The package's model loads, covers the codebook's reasons and carries a veto that is a probability."""
    learned = model.load()
    assert set(learned.codes) == set(codebook().reasons)
    assert 0 <= learned.veto < 0.5


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
    assert json.loads((tmp_path / "one" / "model.json").read_text(encoding="utf-8"))["veto"] == 0.03
    heard = reasons.hear("", WAITS[0])
    assert np.array_equal(model.load(tmp_path / "one").ask(heard).table, _tiny().ask(heard).table)


def test_small_model_learns_its_sentences() -> None:
    """A model of six sentences tells the waiting ones from the refusing ones."""
    learned = _tiny()
    waits, refuses = ([learned.ask(reasons.hear("", text)).near("stalling", 0, len(text)) for text in texts] for texts in (WAITS, REFUSES))
    assert min(waits) > max(refuses)


def test_features_stand_in_order_and_units_cover_the_text() -> None:
    """Features ascend and lie within the text; stretches begin at clauses, cover all of it and are no longer than need be."""
    heard = reasons.hear("标题", "".join(WAITS))
    at, bucket = features(heard)
    assert (np.diff(at) >= 0).all() and at[-1] < len(heard.doc.text) and 0 <= bucket.min() <= bucket.max() < BUCKETS
    spans = units(heard.doc)
    assert [start for start, _ in spans] == heard.doc.clauses[: len(spans)] and spans[-1][1] == len(heard.doc.text)
    assert max(end - start for start, end in spans) <= WIDE


@pytest.mark.parametrize(("probability", "decided_by", "stands"), [(0.01, "rule", False), (0.03, "rule", True), (0.49, "rule", True),
                                                                     (0.5, "vote", True), (0.99, "vote", True)])
def test_vote_table(probability: float, decided_by: str, stands: bool) -> None:
    """A rule stands by itself unless the model is sure against it, and by vote where the model agrees."""
    finding = ruled(FINDING, probability, 0.03)
    assert (finding.decided_by, finding.dropped is None) == (decided_by, stands)


def test_model_sure_against_a_rule_means_abstention() -> None:
    """Where the model is sure against every cue found, none is kept, and the trace says that the two disagree."""
    heard = reasons.hear("", WAITS[0])
    against = model.quantised(model.load().codes, np.zeros((BUCKETS, 13)), np.full(13, -9.0), {"veto": 0.03})
    after = vote(heard, against)
    assert reasons.decide(heard.doc, heard.findings) and not reasons.decide(heard.doc, after)
    assert any("弃权" in (finding.dropped or "") for finding in after)


def test_labels_tell_who_decided() -> None:
    """A plain refusal that both see is decided by vote; a post without cues asks nobody."""
    assert {reason.decided_by for reason in reasons_of("", "客服说虚拟商品一经售出概不退换。")} == {"vote"}
    assert reasons_of("", "今天天气很好。") == []
