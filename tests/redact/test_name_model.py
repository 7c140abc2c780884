"""Names that no rule sees: what could be one and what tells of it, the stored model, what it finds and what it leaves."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slow_names import Slow

from kamen_analysis.errors import KamenError
from kamen_analysis.redact import find, name_tables, redact
from kamen_analysis.redact.engine import find_many
from kamen_analysis.redact.files import redact_records
from kamen_analysis.redact.name_candidates import candidates
from kamen_analysis.redact.name_clues import BUCKETS, clues
from kamen_analysis.redact.name_model import FOLDER, Model, load, save
from kamen_analysis.redact.reading import HIDDEN, fold, read
from kamen_analysis.redact.rules import placeholders
from kamen_analysis.redact.starts import places

_PIECES = st.sampled_from([*"李王欧阳于高成安单仇玉兰建业明的了在收款人，。、 :\n㐀12ab某院", "收款人", "方便", "欧阳", "李 小 明",
                           "王·芳", "户名", "单号", "诸葛亮"])
_TEXT = st.lists(_PIECES, max_size=24).map("".join)
def _asked(texts: list[str]) -> list[tuple[int, tuple[int, ...], list[int]]]:
    """Return of each candidate the number of its text, what is told of it, and its buckets."""
    reading = read(texts, placeholders())
    at, within = places(reading.codes), np.stack([reading.starts, reading.ends], axis=1)
    names = candidates(at, within)
    numbers = reading.of(names[:, 0])
    names[:, :2] -= reading.starts[numbers][:, None]
    found = clues(at, within, names + np.pad(reading.starts[numbers][:, None].repeat(2, axis=1), ((0, 0), (0, 4))))
    return [(number, tuple(name), row) for number, name, row in zip(numbers.tolist(), names.tolist(), found.tolist(), strict=True)]


@settings(max_examples=300, deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=4))
@example(["我是仇玉兰。收款人 强 建 业，欧阳小明、王  芳", "", "于 是", "李、王、张", "高兴地说单号是㐀李明12"])
def test_candidates_and_clues_are_those_worked_out_slowly(texts: list[str]) -> None:
    """The compiled loops find the candidates, and tell of each, what the obvious reading of one text after another does."""
    read_slowly = enumerate(Slow(fold(text)) for text in texts)
    slow = [(number, name, words.clues(*name)) for number, words in read_slowly for name in words.candidates()]
    assert sorted(_asked(texts)) == sorted(slow)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(0, 3))
def test_any_text_can_be_asked(text: str, more: int) -> None:
    """Candidates of any text, rare characters included, lie within it and are told by numbers of buckets."""
    for _, (start, end, *_), row in _asked([text] + [HIDDEN] * more):
        assert 0 <= start < end <= len(text)
        assert all(0 <= bucket < BUCKETS for bucket in row)


def test_very_many_candidates_find_room() -> None:
    """A text with more candidates than there was room for at first has them all."""
    assert len(_asked(["李玉兰，" * 5000])) == 2 * 5000 == 5000 * len(_asked(["李玉兰，"]))


def test_a_find_says_whether_rules_or_model_made_it() -> None:
    """A name in no way a rule knows is found by the model and says so, in the record written too; a number says that a rule found it."""
    text = "是我仇玉兰出面付的，电话13912345678"
    assert [(text[span.start:span.end], span.by) for span in find(text)] == [("仇玉兰", "model"), ("13912345678", "rule")]
    (record,) = redact_records([{"id": "1", "body": text}])
    assert [cut["by"] for cut in record["redactions"]] == ["model", "rule"]
    assert find(redact(text).text) == []


@pytest.mark.parametrize("text", ["于是我单买了一张", "刘禅皮肤没到", "我写信给《贺小琳传》的作者", "安阳市文峰区居然之家",
                                  "台湾买家也中招", "最后花现金买的", "张某不认账", "金、木、水、火、土都要"])
def test_what_only_begins_like_a_name_stays(text: str) -> None:
    """Ordinary words, well-known figures, titles, places and masked names are nobody's."""
    assert redact(text).text == text


def test_the_stored_model_is_refused_when_it_is_not_what_its_digest_says(tmp_path: Path) -> None:
    """A changed, missing or misshapen file stops the reading with a line that names it."""
    for name in ("names.json", "names.npz"):
        shutil.copy(FOLDER / name, tmp_path)
    assert load(tmp_path).bias == load().bias
    (tmp_path / "names.npz").write_bytes((tmp_path / "names.npz").read_bytes() + b"\0")
    with pytest.raises(KamenError, match="摘要不符"):
        load(tmp_path)
    save(Model(np.zeros(8, np.int8), 1.0, 0.0), {}, tmp_path)
    with pytest.raises(KamenError, match="形状"):
        load(tmp_path)
    (tmp_path / "names.json").unlink()
    with pytest.raises(KamenError, match="缺失"):
        load(tmp_path)


@pytest.mark.parametrize("raw", [{"threshold": 9, "never_given": ""}, {"threshold": 0, "never_given": "ab"},
                                 {"thresh": 0, "never_given": ""}])
def test_impossible_settings_are_refused(raw: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A threshold out of bounds, characters that are not Han and an unknown key are refused with their place."""
    monkeypatch.setattr(name_tables, "read", lambda name: raw)
    with pytest.raises(KamenError, match=r"names\.yaml 有误：(threshold|never_given|thresh)"):
        name_tables.settings.__wrapped__()


def test_ways_of_telling_a_name_are_found_with_names_nobody_trained_on(root: Path) -> None:
    """Of the ways names stand in benchmarks/names.txt, nine in ten show the name, whoever it is."""
    lines = [line for line in (root / "benchmarks/names.txt").read_text("utf-8").splitlines() if "⟦NAME:" in line]
    names = itertools.cycle(["陈桂英", "罗小军", "魏建平", "丁娟", "何秀芝", "薛志强", "范丽", "钱国华", "苏玉梅", "沈涛"])
    asked = [(line[:mark.start()], next(names), line[mark.end():]) for line in lines for mark in [re.search("⟦NAME:[^⟧]*⟧", line)] if mark]
    texts = [tuple(re.sub("⟦[A-Z]+:(.*?)⟧", r"\1", part).replace("\\n", "\n") for part in parts) for parts in asked]
    found = [any(span.start <= len(before) < len(before + name) <= span.end for span in spans)
             for (before, name, _), spans in zip(texts, find_many(map("".join, texts)), strict=True)]
    assert len(found) > 600
    assert np.mean(found) > 0.9


def test_posts_without_personal_data_give_the_model_almost_nothing() -> None:
    """In the invented posts of the codebook the model says of fewer than one in a thousand that it has a name."""
    folder = resources.files("kamen_analysis.codebook") / "posts"
    lines = [line for file in folder.iterdir() if file.name.endswith(".jsonl") for line in file.read_text("utf-8").splitlines()]
    found = [spans for spans in find_many(json.loads(line)["body"] for line in lines) if any(span.by == "model" for span in spans)]
    assert len(found) < len(lines) / 1000
