"""The build behind an earlier report, kept without words: why a headline moved since, exactly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import smallworld

import kamen_analysis.metrics as metrics
from kamen_analysis.codebook import corpus
from kamen_analysis.data import load
from kamen_analysis.paths import Home, home, sha256
from kamen_analysis.report import pastbuilds, trial
from kamen_analysis.report.build import report


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """Two homes: the second lacks thirty posts, ten of them on the opt-out list, and one label."""
    tables = smallworld.frames(500)
    first = home(smallworld.write(tmp_path_factory.mktemp("first"), tables))
    gone = tables["posts"].loc[tables["posts"]["is_used"], "post_id"].head(30)
    rest = {name: table[~table["post_id"].isin(gone)] for name, table in tables.items() if name != "rejected"}
    rest["labels"] = rest["labels"].iloc[1:]
    second = home(smallworld.write(tmp_path_factory.mktemp("second"), tables | rest))
    path = second.processed / "manifest.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    half = [name if i % 2 else name.partition(":")[2] for i, name in enumerate(gone.head(10))]
    path.write_text(json.dumps(told | {"withdrawn": half}, ensure_ascii=False), encoding="utf-8")
    return first, second


def test_a_kept_build_explains_as_the_build_itself(twice: tuple[Home, Home]) -> None:
    """What is kept gives the very table of steps that the whole tables give, withdrawals by id and by number among them."""
    before, after = (load(where) for where in twice)
    whole = metrics.explain(before, after)
    less = metrics.explain(*(pastbuilds.as_data(pastbuilds.slim(data), data.manifest, data.home) for data in (before, after)))
    pd.testing.assert_frame_equal(whole, less)
    assert whole.set_index("part")["n"]["withdrawn"].iloc[0] == 10


def test_what_is_kept_holds_no_word_and_no_id(twice: tuple[Home, Home]) -> None:
    """The file names no post, address or word of any."""
    data = load(twice[0])
    pastbuilds.keep(data, "abc")
    raw = (twice[0].root / "data" / ".cache" / "builds" / "abc.parquet").read_bytes()
    shown = pd.read_parquet(twice[0].root / "data" / ".cache" / "builds" / "abc.parquet").astype(str)
    assert not shown.isin(data.posts["post_id"].tolist()).any().any() and "点卡".encode() not in raw
    assert pastbuilds.recall(twice[0], "abc") is not None and pastbuilds.recall(twice[0], "none") is None
    pastbuilds.forget(twice[0], set())
    assert pastbuilds.recall(twice[0], "abc") is None


def test_the_next_report_of_the_period_tells_each_step(twice: tuple[Home, Home], tmp_path: Path) -> None:
    """A report over newer tables holds the steps since the one before, which add up to the change of the count; the old build goes."""
    where = home(tmp_path)
    shutil.copytree(twice[0].processed, where.processed)
    report(where, formats=("xlsx",))
    first = sha256(where.processed / "manifest.json")
    shutil.rmtree(where.processed)
    shutil.copytree(twice[1].processed, where.processed)
    done = report(where, formats=("xlsx",))
    steps = pd.read_csv(done.folder / "tables" / "steps_run.csv").set_index("头条数字")
    row = steps.loc["计入的投诉"].drop("说明").astype(int)
    assert row["变动"] == row.drop("变动").sum() < 0 and row["撤回"] < 0
    kept_now = [path.stem for path in (where.root / "data" / ".cache" / "builds").iterdir()]
    assert kept_now == [sha256(where.processed / "manifest.json")] != [first]


def test_damaged_caches_are_none(twice: tuple[Home, Home], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A copy cut short is deleted and explains nothing; a trial cut short is made again."""
    pastbuilds.keep(load(twice[0]), "cut")
    path = twice[0].root / "data" / ".cache" / "builds" / "cut.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    assert pastbuilds.recall(twice[0], "cut") is None and not path.exists()
    gold = pd.DataFrame({"item": ["a"], "code": ["already_activated"]})
    monkeypatch.setattr(trial, "shipped", lambda: ({"a": "商家说卡密已激活，不给退。"}, gold))
    first = trial.trial(home(tmp_path))
    cached = next((tmp_path / "data" / ".cache").glob("trial-*.arrow"))
    cached.write_bytes(cached.read_bytes()[:-50])
    again = trial.trial(home(tmp_path))
    pd.testing.assert_frame_equal(first.said, again.said)
    assert again.said["code"].tolist() == ["already_activated"]


def test_the_trial_reads_every_sentence_as_it_is_coded() -> None:
    """The texts tried are the sentences of the corpus to the letter, quotation marks too, and the examples."""
    texts, gold = trial.shipped()
    assert {sentence.text for sentence in corpus.sentences()} <= set(texts.values())
    assert set(gold["item"]) == texts.keys()
