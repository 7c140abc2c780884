"""What the notebooks stand on: choosing posts, coded samples, the account of what moved, and exports the report takes up or refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import smallworld

from kamen_analysis import metrics, notebook
from kamen_analysis.charts import finding
from kamen_analysis.data import Data, load
from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.report import exports
from kamen_analysis.report.measures import Measures
from kamen_analysis.review import formats, gold, sample


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """A small processed folder."""
    return load(smallworld.write(tmp_path_factory.mktemp("home"), smallworld.frames(400)))


@pytest.fixture(scope="module")
def reasons(data: Data) -> pd.DataFrame:
    """The shares of the reasons."""
    return metrics.reasons(data.posts, data.labels)


def counted(data: Data, table: pd.DataFrame, where: str = "03_甲/reasons") -> Path:
    """Export `table` with the number of complaints counted."""
    return notebook.export(data, where, table, len(metrics.used(data.posts)))


def test_nothing_chosen_changes_nothing(data: Data) -> None:
    """Without a choice the data is handed on as it is."""
    assert notebook.select(data) is data


def test_a_choice_holds_for_every_table(data: Data) -> None:
    """One platform: posts, events, labels and the stages of the manifest are of that platform alone, and the foot of charts says so."""
    name = data.posts["platform"].mode()[0]
    chosen = notebook.select(data, platform=name)
    assert set(chosen.posts["platform"]) == {name} and len(chosen.posts) < len(data.posts)
    assert set(chosen.events["post_id"]) | set(chosen.labels["post_id"]) <= set(chosen.posts["post_id"])
    stages = chosen.manifest["stages"]
    assert [stage["in"] for stage in stages] == [len(chosen.posts), *(stage["out"] for stage in stages[:-1])]
    assert all(stage["in"] == stage["out"] + sum(stage["rejected"].values()) for stage in stages)
    assert all(f"（只含“{name}”）" in source for source in metrics.reasons(chosen.posts, chosen.labels).attrs["sources"])


def test_nothing_found_is_told(data: Data, capsys: pytest.CaptureFixture[str]) -> None:
    """A choice nothing meets gives empty tables and one line with what was asked and what there is."""
    assert notebook.select(data, "2025", platform="没有这家").posts.empty
    told = capsys.readouterr().out
    assert told.count("\n") == 1 and "期间 2025、平台 没有这家" in told and data.posts["platform"].mode()[0] in told


def coded(data: Data, where: Path) -> Data:
    """Return `data` whose home has a sample that two coders coded alike but for one post, and wrongly on another."""
    plan = sample.Plan(size=60, blind=True)
    sample.draw(data.home, "s", plan, where)
    drawn = sample.recall(data.home, "s").suggested
    first, second = list(drawn)[:2]
    for coder in ("a", "b"):
        rows = []
        for post, codes in drawn.items():
            said = ["stalling"] if post == first and coder == "b" else ["buck_passing"] if post == second else codes or [formats.NONE]
            rows.append([post, "", "", "", *said, *[""] * (5 - len(said)), ""])
        formats.write_csv(where / f"{coder}.csv", formats.HEADER, rows)
        gold.take(data.home, "s", coder, where / f"{coder}.csv")
    gold.conclude(data.home, "s")
    return data


def test_a_real_sample_is_taken_as_coded(data: Data, tmp_path: Path) -> None:
    """Two coders who differ on one post of sixty: agreement is high but not whole, and the settled posts are those they agree on."""
    made = notebook.codings(coded(data, tmp_path), "s")
    assert not made.is_imitated and set(made.coders) == {"a", "b"} and len(made.gold) == 59
    table = notebook.agreement(made).set_index("code")
    assert table.loc["stalling", "alpha"] < 1 and (table["low"].dropna() <= table["alpha"].dropna() + 1e-9).all()
    assert np.allclose(table["alpha"].dropna(), table["kappa"].dropna(), atol=0.02)
    right = notebook.accuracy(made).set_index("code")
    assert right.loc["buck_passing", "recall"] < 1 or right["precision"].min() < 1


def test_shares_are_corrected_by_the_settled_sample(data: Data) -> None:
    """The sample the tables were built with corrects each share; of another scope, or none, it is 未校正; a platform has its part."""
    assert set(notebook.corrected(data)["share"].isna()) == {True}
    drawn = metrics.used(data.posts)["post_id"].sample(150, random_state=1).tolist()
    known = {"name": "s", "scope": "virtual", "posts": drawn}
    whole = Data(data.posts, data.events, data.labels, data.rejected, {**data.manifest, "coded_sample": known}, data.home)
    table = notebook.corrected(whole).set_index("code")
    assert set(table["of"]) == {150} and table["share"].notna().all() and (table["low"] <= table["share"]).all()
    coded = data.labels[data.labels["post_id"].isin(drawn)].drop_duplicates(["post_id", "code"])["code"].value_counts()
    assert table["n"].to_dict() == {code: int(coded.get(code, 0)) for code in table.index}
    assert set(notebook.corrected(whole, "all")["of"]) == {0}
    name = data.posts["platform"].mode()[0]
    mine = set(metrics.used(data.posts[data.posts["platform"] == name])["post_id"]) & set(drawn)
    assert set(notebook.corrected(notebook.select(whole, platform=name))["of"]) == {len(mine)}


def test_confusion_names_both_sides(data: Data) -> None:
    """A post the machine calls A and people B stands in row B, column A; one it calls A and people nothing in the row of none."""
    posts = data.posts.head(3)
    machine = pd.DataFrame({"post_id": posts["post_id"].tolist()[:2], "code": ["stalling", "stalling"]})
    people = dict(zip(posts["post_id"], (frozenset({"buck_passing"}), frozenset(), frozenset({"unreachable"})), strict=True))
    grid = notebook.confusion(notebook.Codings(posts, {}, people, machine, is_imitated=False))
    assert grid.loc["踢皮球", "拖延"] == 1 and grid.loc["（没有）", "拖延"] == 1 and grid.loc["失联跑路", "（没有）"] == 1
    assert grid.to_numpy().sum() == 3


def test_imitated_codings_say_so(data: Data) -> None:
    """Without a sample the coders are imitated, the same each time, and every chart and finding rests on a table that says so."""
    made, again = notebook.codings(data), notebook.codings(data)
    assert made.is_imitated and made.coders == again.coders
    assert all(table.attrs["imitated"] for table in (notebook.agreement(made), notebook.accuracy(made), notebook.needed(made)))
    half, third = (notebook.needed(made, half=half)["for_share"].dropna() for half in (0.06, 0.03))
    assert (third >= 4 * half - 4).all() and (third <= 4 * half).all()


def test_choices_start_with_the_way_built(data: Data, reasons: pd.DataFrame) -> None:
    """The first of the choices is the report's own figures; each source is left out once; the finding counts the others."""
    table = notebook.choices(data)
    built = table[table["variant"] == table["variant"].iloc[0]]
    assert built.set_index("code")["n"].to_dict() == reasons.set_index("code")["n"].to_dict()
    left_out = [name for name in table["variant"].unique() if name.startswith("去掉来源")]
    assert len(left_out) == data.posts["source"].nunique() > 1
    assert f"换 {table['variant'].nunique() - 1} 种做法" in finding("choices", table)


def test_the_account_of_what_moved_adds_up(data: Data) -> None:
    """Posts added, dropped, counted, uncounted and recoded: before and after differ by exactly what the columns say."""
    posts, labels = data.posts, data.labels
    after = posts.iloc[30:].copy()
    after.loc[after.index[:20], "is_used"] = ~after.loc[after.index[:20], "is_used"]
    before = posts.iloc[:-40]
    changed = labels.assign(code=labels["code"].where(labels.index % 7 > 0, "stalling"))
    old, new = (Data(p, data.events, m, data.rejected, data.manifest, data.home) for p, m in ((before, labels), (after, changed)))
    table = notebook.moved(old, new)
    added = table["new"] - table["gone"] + table["counted"] - table["uncounted"] + table["recoded"]
    assert (table["n_before"] + added == table["n_after"]).all() and table["recoded"].any() and table["uncounted"].any()
    flows = notebook.compare(old, new)
    assert flows["used_before"].sum() == before["is_used"].sum() and flows["used_after"].sum() == after["is_used"].sum()
    assert flows.set_index("change").loc["新增", "n"] == 40


def test_an_export_is_read_back(data: Data, reasons: pd.DataFrame) -> None:
    """What a notebook exports the report reads: title, n, source, period and table; data built since makes it old, and it says so."""
    path = counted(data, reasons)
    one = next(one for one in exports.read(data.home) if one.notebook == "03_甲")
    assert one.told["title"] == finding("reasons", reasons) and one.told["n"] == len(metrics.used(data.posts)) and one.told["period"]
    assert one.frame["n"].tolist() == reasons["n"].tolist() and one.is_drawn and not one.is_old
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"made_from": "0"}), encoding="utf-8")
    assert "此后数据已更新" in next(one for one in exports.read(data.home) if one.notebook == "03_甲").note


@pytest.mark.parametrize("where", ["../x/reasons", "甲/../reasons", "甲", "甲/Reasons", "甲/reasons.csv"])
def test_an_export_stays_in_its_folder(where: str, data: Data, reasons: pd.DataFrame) -> None:
    """A name that would lead elsewhere, or names no chart, is refused in one line."""
    with pytest.raises(KamenError, match="导出到哪里|没有这张图"):
        counted(data, reasons, where)


def test_personal_data_is_not_exported(data: Data, reasons: pd.DataFrame) -> None:
    """A table with a telephone number is refused, on the way out of the notebook and on the way into the report; no value is told."""
    with pytest.raises(PublishRefused) as refused:
        counted(data, reasons.assign(note="电话13800138000"), "03_乙/reasons")
    assert "note" in str(refused.value) and "138" not in str(refused.value)
    path = counted(data, reasons, "03_乙/reasons")
    table = path.with_suffix(".csv")
    table.write_text(table.read_text("utf-8").replace("拖延", "电话13800138000"), encoding="utf-8")
    with pytest.raises(PublishRefused):
        exports.read(data.home)
    for left in path.parent.iterdir():
        left.unlink()


@pytest.mark.parametrize("place", ["title", "note", "a column's name", "a number", "the chart"])
def test_personal_data_around_a_table_is_refused(place: str, data: Data, reasons: pd.DataFrame) -> None:
    """Words about a table, its columns' names, its numbers and the words of its chart are held to the same; the kind is told, no value."""
    path = counted(data, reasons, "03_戊/reasons")
    table, picture = path.with_suffix(".csv"), path.with_suffix(".svg")
    exports.read(data.home)
    if place == "the chart":
        picture.write_text(picture.read_text("utf-8").replace("</svg>", "<!-- 电话13800138000 --></svg>"), encoding="utf-8")
    elif place == "a column's name":
        table.write_text(table.read_text("utf-8").replace("name_zh", "电话13800138000", 1), encoding="utf-8")
    elif place == "a number":
        reasons.assign(of=13800138000).to_csv(table, index=False)
    else:
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {place: "电话13800138000"}), encoding="utf-8")
    with pytest.raises(PublishRefused, match="电话号码") as refused:
        exports.read(data.home)
    assert "138" not in str(refused.value)
    for left in path.parent.iterdir():
        left.unlink()


@pytest.mark.parametrize("told", ["{", '{"title": "甲"}'], ids=["broken", "short"])
def test_a_damaged_export_is_named(told: str, data: Data, reasons: pd.DataFrame) -> None:
    """An export that cannot be read, or lacks what a caption needs, stops the report with its name."""
    path = counted(data, reasons, "03_丙/reasons")
    path.write_text(told, encoding="utf-8")
    with pytest.raises(KamenError, match="03_丙"):
        exports.read(data.home)
    for left in path.parent.iterdir():
        left.unlink()


def test_an_error_is_one_line_in_a_notebook() -> None:
    """IPython shows our errors as their one line."""
    error: Any = KamenError("没有数据")
    assert error._render_traceback_() == ["× 没有数据"]


def test_an_export_changed_by_hand_is_one_clear_error_or_words(data: Data, reasons: pd.DataFrame) -> None:
    """A number of complaints that is none is refused by the file's name; a column of counts with words in it is printed as words."""
    path = counted(data, reasons, "03_己/reasons")
    table = path.with_suffix(".csv")
    reasons.astype({"n": "object"}).assign(n="许多").to_csv(table, index=False)
    shown = next(table for table in exports.tables(Measures(data, "virtual")) if "03_己" in table.note)
    assert {column.key: column.kind for column in shown.columns}["n"] == "text" and "许多" in shown.columns[1].write(shown.rows()[0])
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"n": "许多"}), encoding="utf-8")
    with pytest.raises(KamenError, match="reasons.json 的 n 不是件数"):
        exports.read(data.home)
    for left in path.parent.iterdir():
        left.unlink()
