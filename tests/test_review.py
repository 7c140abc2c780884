"""The review room: samples out, codes back in from every form, agreement as published, gold in the tables."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import smallworld

from kamen_analysis import data, records
from kamen_analysis.cli import main
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import gold as kept
from kamen_analysis.pipeline.build import build
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections import coded
from kamen_analysis.report.tables import markdown
from kamen_analysis.review import agree, formats, gold, redaction
from kamen_analysis.review.sample import Plan, draw, recall

NAN = float("nan")
# Krippendorff K, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units, missing data.
FOUR = [[1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN]]
# Examples A (binary) and B (nominal), two observers each; letters as numbers.
BINARY = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
NOMINAL = [[1, 1, 2, 2, 4, 3, 3, 3, 5, 4, 4, 1], [2, 1, 2, 2, 2, 3, 3, 3, 5, 4, 4, 4]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of 600 random complaints with a blind sample `a` and a sample `b` with suggestions, 40 posts each."""
    home = Home(smallworld.write(tmp_path_factory.mktemp("review"), smallworld.frames()))
    draw(home, "a", Plan(size=40, blind=True), home.root / "out")
    draw(home, "b", Plan(size=40, seed=2), home.root / "out")
    return home


def _answers(home: Home, name: str) -> dict[str, list[str]]:
    """Codes for every post of a sample: the machine's, "none" where it has none."""
    return {key: codes or [formats.NONE] for key, codes in recall(home, name).suggested.items()}


def _fill_csv(source: Path, target: Path, answers: dict[str, list[str]], encoding: str = "utf-8-sig") -> Path:
    rows = list(csv.DictReader(source.open(encoding="utf-8-sig", newline="")))
    with target.open("w", encoding=encoding, newline="", errors="replace") as file:
        out = csv.DictWriter(file, formats.HEADER)
        out.writeheader()
        for row in rows:
            out.writerow(row | dict(zip(formats.REASONS, answers.get(row["编号"], []), strict=False)))
    return target


@pytest.mark.parametrize(("codes", "published"), [(BINARY, 0.095), (NOMINAL, 0.692), (FOUR, 0.743)])
def test_alpha_is_as_published(codes: list[list[float]], published: float) -> None:
    """Alpha of Krippendorff's worked examples equals the published value."""
    assert agree.alpha(codes) == pytest.approx(published, abs=0.0005)


def test_alpha_at_its_ends() -> None:
    """Alpha is 1 without disagreement, below 0 where coders contradict each other, and unknown where nothing varies or nobody shares."""
    assert agree.alpha([[0, 1, 0, 1], [0, 1, 0, 1]]) == 1
    assert agree.alpha([[0, 1, 0, 1], [1, 0, 1, 0]]) < 0
    assert np.isnan(agree.alpha([[1, 1], [1, 1]])) and np.isnan(agree.alpha([[1, NAN], [NAN, 0]])) and np.isnan(agree.alpha([[NAN], [NAN]]))
    assert np.isnan(agree.interval([[NAN, 1], [1, NAN]])[0])


def test_interval_equals_slow_bootstrap() -> None:
    """The interval from resampled unit totals agrees with alpha computed anew on every resampled grid."""
    rng = np.random.default_rng(3)
    truth = rng.random(120) < 0.3
    codes = np.array([np.where(rng.random(120) < 0.1, ~truth, truth) for _ in range(3)], dtype=float)
    codes[0, :15] = NAN
    slow = [agree.alpha(codes[:, rng.integers(0, 120, 120)]) for _ in range(1500)]
    assert agree.interval(codes, draws=1500) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.02)


def test_f1_between_coders() -> None:
    """F1 counts only posts both coded: two shared choices of three and two make 0.8."""
    assert agree.f1([[1, 1, 1, 0, 1], [1, 1, 0, 0, NAN]]) == pytest.approx(0.8)
    assert np.isnan(agree.f1([[0, 0], [0, 0]]))


def test_sample_is_recorded_and_repeatable(home: Home, tmp_path: Path) -> None:
    """The same seed draws the same counted posts, the record says from what, and a name is never drawn twice."""
    sample = recall(home, "a")
    posts = data.load(home).posts.set_index("post_id")
    assert len(set(sample.suggested)) == 40 and posts.loc[list(sample.suggested), ["is_used", "in_scope"]].all(axis=None)
    assert sample.population == int((posts["is_used"] & posts["in_scope"]).sum()) and len(sample.drawn_from) == 64
    assert {post["weight"] for post in sample.posts} == {round(sample.population / 40, 6)}
    draw(home, "again", Plan(size=40, blind=True), tmp_path)
    assert recall(home, "again").posts == sample.posts and recall(home, "b").posts != sample.posts
    with pytest.raises(KamenError, match="已经抽过"):
        draw(home, "a", Plan(), tmp_path)
    with pytest.raises(KamenError, match="名称只能"):
        recall(home, "../a")


def test_a_person_looks_over_the_redaction(home: Home, tmp_path: Path) -> None:
    """A simple random sample of the posts is written, and the counts filled in give recall, precision and leaking posts with intervals."""
    path = tmp_path / "redaction.csv"
    assert redaction.draw(home, 30, 1, path) == 30
    with pytest.raises(KamenError, match="已存在"):
        redaction.draw(home, 30, 1, path)
    with pytest.raises(KamenError, match="还没有填"):
        redaction.tally(path)
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))
    for number, row in enumerate(rows):
        missed = "1" if number < 3 else "0" if number < 25 else ""
        row |= {"占位符（处）": "4", "漏掉（处）": missed, "误盖（处）": "2" if number == 0 else ""}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, redaction.HEADER)
        out.writeheader()
        out.writerows(rows)
    looked = redaction.tally(path)
    assert looked == redaction.Looked(posts=25, leaking=3, hidden=100, missed=3, wrong=2)
    assert "98/101 = 97.0%（91.6%—99.0%）" in looked.lines()[1] and "3/25 = 12.0%" in looked.lines()[3]


def test_strata_share_alike_and_weigh(home: Home, tmp_path: Path) -> None:
    """Strata give equally as far as they reach, and their weights add up to the posts they stand for; too many strata are refused."""
    draw(home, "strata", Plan(size=60, stratify="platform"), tmp_path)
    sample = recall(home, "strata")
    rows = pd.DataFrame(sample.posts)
    assert len(rows) == 60 and rows["weight"].sum() == pytest.approx(sample.population, abs=1e-3)
    per = rows.groupby("stratum").agg(n=("weight", "size"), weight=("weight", "first"))
    assert "未注明" in per.index and (per.loc[per["weight"] > 1, "n"].max() - per.loc[per["weight"] > 1, "n"].min()) <= 1
    with pytest.raises(KamenError, match="多于"):
        draw(home, "few", Plan(size=3, stratify="month"), tmp_path)


def test_blind_shows_nothing_and_formulas_sleep(home: Home) -> None:
    """Blind files hold no machine code, the others do; every text starts with the mark of synthetic data; the menu lists every code."""
    out = home.root / "out"
    for name, blind in (("a", True), ("b", False)):
        tasks = json.loads((out / f"{name}.labelstudio.json").read_text(encoding="utf-8"))
        rows = list(csv.DictReader((out / f"{name}.csv").open(encoding="utf-8-sig", newline="")))
        assert any(row["建议"] for row in rows) is not blind and any(task["predictions"] for task in tasks) is not blind
        assert all(row["标题"].startswith("【演示数据】") for row in rows)
        menu = [row[0].value for row in openpyxl.load_workbook(out / f"{name}.xlsx")["编码表"].iter_rows()]
        assert [line.split()[0] for line in menu] == [*formats.choices(), *([] if blind else ["same"])]
    formats.write_csv(out / "x.csv", ["正文"], [["=1+1"]])
    assert (out / "x.csv").read_text(encoding="utf-8-sig").splitlines()[1] == "'=1+1"


def _csv(home: Home, answers: dict[str, list[str]], path: Path) -> Path:
    return _fill_csv(home.root / "out" / "b.csv", path, answers)


def _gbk(home: Home, answers: dict[str, list[str]], path: Path) -> Path:
    return _fill_csv(home.root / "out" / "b.csv", path, answers, "gb18030")


def _xlsx(home: Home, answers: dict[str, list[str]], path: Path) -> Path:
    book = openpyxl.load_workbook(home.root / "out" / "b.xlsx")
    zh, sheet = formats.choices(), book["编码"]
    for row in sheet.iter_rows(min_row=2):
        for cell, code in zip(row[4:9], answers.get(str(row[0].value), []), strict=False):
            cell.value = f"{code} {zh[code]}"
    sheet.append([None] * 9 + [" "])
    book.save(path)
    return path


def _labelstudio(home: Home, answers: dict[str, list[str]], path: Path) -> Path:
    tasks = json.loads((home.root / "out" / "b.labelstudio.json").read_text(encoding="utf-8"))
    for number, task in enumerate(tasks):
        codes = answers.get(task["data"]["post_id"], [])
        chosen = {"from_name": "reasons", "to_name": "text", "type": "choices", "value": {"choices": codes}}
        task |= {"id": number, "annotations": [{"was_cancelled": True, "result": []}, {"was_cancelled": False, "result": [chosen]}]}
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def _jsonmin(home: Home, answers: dict[str, list[str]], path: Path) -> Path:
    rows = [{"id": i, "post_id": key, "reasons": {"choices": codes} if len(codes) > 1 else codes[0]} for i, (key, codes) in
            enumerate(answers.items())]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def _doccano(home: Home, answers: dict[str, list[str]], path: Path) -> Path:
    rows = [json.loads(line) for line in (home.root / "out" / "b.doccano.jsonl").read_text(encoding="utf-8").splitlines()]
    filled = [row | {"id": i, "label": answers.get(row["post_id"], [])} for i, row in enumerate(rows)]
    path.write_text("".join(json.dumps(row) + "\n" for row in filled), encoding="utf-8")
    return path


_ENDS = {"xlsx": "xlsx", "doccano": "jsonl", "labelstudio": "json", "jsonmin": "json"}


@pytest.mark.parametrize("fill", [_csv, _gbk, _xlsx, _labelstudio, _jsonmin, _doccano])
def test_every_form_comes_back_the_same(home: Home, tmp_path: Path, fill: Any) -> None:
    """Each form, filled in as its tool would (Excel's GBK too), gives the same codes; a post left open is missing, not without reasons."""
    answers = {key: codes[:5] for key, codes in list(_answers(home, "b").items())[:30]}
    coder = fill.__name__.strip("_")
    path = fill(home, answers, tmp_path / f"c.{_ENDS.get(coder, 'csv')}")
    assert gold.take(home, "b", coder, path) == (30, 40)
    read = gold.coders(home, "b")[coder]
    assert {key: sorted(codes) for key, codes in read.items()} == {key: sorted(set(codes) - {"none"}) for key, codes in answers.items()}


def test_what_is_wrong_is_told_in_one_line(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown ids, codes and double rows are told together, five of each at most, without personal data; nothing is kept."""
    first, second = list(recall(home, "a").suggested)[:2]
    rows = [(first, "stalling"), (first, "拖延"), (second, "none;stalling"), *((f"demo:x{i}", "stalling") for i in range(7)),
            (second, "打13912345678")]
    path = tmp_path / "bad.csv"
    path.write_text("编号,理由1\n" + "".join(f"{key},{code}\n" for key, code in rows), encoding="utf-8")
    assert main(["--home", str(home.root), "review", "import", "--name", "a", "--coder", "bad", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "demo:x4…" in said and "demo:x5" not in said and f"重复的编号 2 个（{first}" in said
    assert "编码表里没有的编码 1 个" in said and "13912345678" not in said and "bad" not in gold.coders(home, "a")
    path.write_text(f"编号,理由1\n{second},none;stalling\n", encoding="utf-8")
    with pytest.raises(KamenError, match="既选没有理由又选了理由"):
        gold.take(home, "a", "bad", path)
    path.write_text(f"编号,理由1\n{second},same\n", encoding="utf-8")
    with pytest.raises(KamenError, match="没有的编码"):  # a blind coder saw no suggestion to agree with
        gold.take(home, "a", "bad", path)


def test_a_note_keeps_no_personal_data(home: Home, tmp_path: Path) -> None:
    """What a coder notes is redacted before it is kept, and agreeing with the suggestion takes the machine's codes."""
    draw(home, "note", Plan(size=5), tmp_path)
    key, codes = next((k, c) for k, c in recall(home, "note").suggested.items() if c)
    path = tmp_path / "n.csv"
    path.write_text(f"编号,理由1,备注\n{key},same 同建议,问过13912345678\n", encoding="utf-8")
    gold.take(home, "note", "乙", path)
    (row,) = kept.rows(home.root / "review" / "note" / "coder_乙.jsonl")
    assert row["codes"] == codes and "13912345678" not in row["note"] and row["note"]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_note_may_hold_any_line_end(home: Home, tmp_path: Path, mark: str) -> None:
    """A note with a line end that JSON does not escape, as pasted from a web page, comes back as it was written."""
    draw(home, name := f"line{ord(mark)}", Plan(size=5), tmp_path)
    key = recall(home, name).posts[0]["post_id"]
    path = tmp_path / "n.csv"
    path.write_text(f"编号,理由1,备注\n{key},none,甲{mark}乙\n", encoding="utf-8")
    gold.settle(home, name, path)
    (row,) = kept.rows(home.root / "review" / name / "settled.jsonl")
    assert row["note"] == f"甲{mark}乙" and gold.conclude(home, name).gold == 1


def test_from_sample_to_tables(built: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two coders, one quarrel settled: gold stands in the tables as human, the machine's word is kept, and losing the gold undoes it."""
    home = Home(tmp_path / "home")
    shutil.copytree(built.root, home.root)
    before = data.load(home)
    command = ["--home", str(home.root), "review"]
    assert main([*command, "sample", "--name", "g", "--size", "40", "--out", str(tmp_path / "out")]) == 0
    answers = _answers(home, "g")
    emptied, added = (next(k for k, c in answers.items() if (c == ["none"]) is none) for none in (False, True))
    one = answers | {emptied: ["none"], added: ["time_barred"]}
    for coder, codes in (("a", one), ("b", one | {added: ["none"]})):
        path = _fill_csv(tmp_path / "out" / "g.csv", tmp_path / f"{coder}.csv", codes)
        assert main([*command, "import", "--name", "g", "--coder", coder, str(path)]) == 0
    assert main([*command, "agree", "--name", "g"]) == 0
    assert "待裁定 1 件" in capsys.readouterr().out
    assert kept.sample(home, kept.Overruled()) is None  # without the hard post the rest is no random sample
    quarrel = list(csv.DictReader((home.root / "review" / "g" / "disagreements.csv").open(encoding="utf-8-sig", newline="")))
    assert [(row["编号"], row["编码员 a"], row["编码员 b"]) for row in quarrel] == [(added, "time_barred", "none")]
    settled = tmp_path / "settled.csv"
    header = [*quarrel[0]]
    formats.write_csv(settled, header, [[str((quarrel[0] | {"理由1": "time_barred"})[key]) for key in header]])
    assert main([*command, "agree", "--name", "g", "--settle", str(settled)]) == 0
    assert "金标准 40 件" in capsys.readouterr().out
    build(home, jobs=1)
    after = data.load(home)
    human = after.labels[after.labels["decided_by"] == "human"].set_index("post_id")
    body = after.posts.set_index("post_id").at[added, "body"]
    assert human.loc[added, ["code", "start", "end", "rule"]].tolist() == ["time_barred", 0, len(body), "human"]
    assert emptied not in set(after.labels["post_id"]) and set(human.index) <= set(answers)
    pairs = ["post_id", "code"]
    restored, original = (table[pairs].drop_duplicates().sort_values(pairs, ignore_index=True)
                          for table in (kept.machine(after.labels, after.manifest), before.labels))
    pd.testing.assert_frame_equal(restored, original)
    _report_tells(after, answers, {emptied: set(), added: {"time_barred"}})
    shutil.rmtree(home.root / "review")
    build(home, jobs=1)
    pd.testing.assert_frame_equal(data.load(home).labels, before.labels)


def _report_tells(loaded: data.Data, answers: dict[str, list[str]], changed: dict[str, set[str]]) -> None:
    """The report's tables rest on the machine's word against the people's, not on the people's against themselves."""
    machine = {key: set(codes) - {"none"} for key, codes in answers.items()}
    people = machine | changed
    tables = coded.tables(Measures(loaded, "virtual"))[:2]  # Behind them come those by month and platform, empty for forty posts.
    assert all("简单随机样本" in markdown(table, "表 1", lambda cases, count: None) for table in tables)
    shares, right = (table.frame.set_index("code") for table in tables)
    assert (shares["of"] == 40).all() and (shares["low"] <= shares["share"]).all() and (shares["share"] <= shares["high"]).all()
    for code, row in right.iterrows():
        both = sum(code in machine[key] & people[key] for key in people)
        ours, theirs = (sum(code in codes for codes in side.values()) for side in (machine, people))
        assert (row["machine"], row["human"], row["both"]) == (ours, theirs, both)
        expected = [both / ours if ours else NAN, both / theirs if theirs else NAN]
        assert row[["precision", "recall"]].tolist() == pytest.approx(expected, nan_ok=True)
        assert not both or row["f1_low"] < row["f1"] <= row["f1_high"] + 1e-12
    assert right.at["time_barred", "human"] == right.at["time_barred", "both"] + 1
    without = replace(loaded, manifest={**loaded.manifest, "coded_sample": None})
    *corrected, bounds = coded.tables(Measures(without, "virtual"))
    assert all(table.frame.empty for table in corrected) and (bounds.frame["bound_low"] < bounds.frame["bound_high"]).all()
    assert len(bounds.frame) and coded.tables(Measures(loaded, "virtual"))[-1].frame.empty


def test_gold_of_a_changed_text_does_not_count() -> None:
    """Gold read from other words than the post now has leaves the machine's labels and is named as stale."""
    tables = smallworld.frames(count=60)
    posts, labels = tables["posts"], tables["labels"]
    key = labels["post_id"].iloc[0]
    row = posts.set_index("post_id").loc[key]
    old, same = (kept.Gold({key: ()}, {key: kept.text_digest(row["title"], body)}) for body in ("旧文", row["body"]))
    unchanged, overruled = kept.apply(labels, posts, old, "1")
    assert overruled.stale == [key] and len(unchanged) == len(labels)
    replaced, overruled = kept.apply(labels, posts, same, "1")
    assert key not in set(replaced["post_id"]) and overruled.stale == [] and overruled.machine[key]
    records.validate("labels", replaced)


@pytest.mark.parametrize("damaged", [
    "[]", "{", '{"post_id": "a"}', '{"post_id": "a", "codes": "x", "text": "", "by": "llm"}',
    '{"post_id": ["a"], "codes": [], "text": "", "by": "llm"}', '{"post_id": "a", "codes": [], "text": ""}'])
def test_gold_changed_by_hand_is_one_line(damaged: str, tmp_path: Path) -> None:
    """A gold file whose records are none is refused by its name."""
    path = tmp_path / "review" / "g" / "gold.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(damaged, encoding="utf-8")
    with pytest.raises(KamenError, match=r"gold\.jsonl：文件损坏，请重新运行 kamen review$"):
        kept.read(Home(tmp_path))


@pytest.mark.parametrize("damaged", ["[]", "{", "{}", '{"plan": {}, "posts": []}',
                                     '{"plan": {"scope": "all", "blind": true, "stratify": null}, "data_as_of": null, "posts": [1]}'])
def test_a_sample_changed_by_hand_is_one_line(damaged: str, tmp_path: Path) -> None:
    """The record of a sample that is none is refused by its name, before shares are corrected by it."""
    folder = tmp_path / "review" / "g"
    folder.mkdir(parents=True)
    (folder / "gold.jsonl").write_text("", encoding="utf-8")
    (folder / "sample.json").write_text(damaged, encoding="utf-8")
    with pytest.raises(KamenError, match=r"sample\.json：文件损坏；请恢复它"):
        kept.sample(Home(tmp_path), kept.Overruled())
