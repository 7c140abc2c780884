"""Where there is too much to look through, the report uses a part and says which, how many of how many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import smallworld

from kamen_analysis.data import load
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.paths import Home, home
from kamen_analysis.report import panel, pastbuilds, stated
from kamen_analysis.report import told as reading
from kamen_analysis.report.build import report
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.part import latest, told
from kamen_analysis.report.sections import tables as sections


def test_the_latest_posts_keep_their_order(small: Home) -> None:
    """Of more posts than may be used those posted last are taken, as they stand; of fewer all."""
    posts = load(small).posts
    some = latest(posts, 50)
    when = posts["posted_at"].fillna(posts["first_seen_at"])
    assert len(some) == 50 and some.index.is_monotonic_increasing
    assert when[some.index].min() >= when.drop(some.index).max()
    assert latest(posts, len(posts)) is posts


def test_tables_over_a_part_say_so(small: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limits lowered the tables of what posts state, of copies and of other choices name the part they rest on; without, none."""
    whole = sections(Measures(load(small), "virtual"))
    monkeypatch.setattr(stated, "MOST", 10)
    monkeypatch.setattr(panel, "MOST", 300)
    monkeypatch.setattr(reading, "FARMS_MOST", 20)
    m = Measures(load(small), "virtual")
    part = sections(m)
    farms = int((m.whole["post_type"] != "complaint").sum())
    said = {"payment": told(10, len(m.counted), "固定抽取的"), "channel": told(10, len(m.counted), "固定抽取的"),
            "chains": told(10, len(m.all_passed), "固定抽取的", "“踢皮球”投诉"),
            "choices": told(300, len(m.whole), "最近发布的", "帖子", "条"),
            "template_farms": told(20, farms, "最近发布的", "非投诉帖子", "条")}
    assert all(said.values()) and said["choices"] == "帖子共 600 条，此处只读其中最近发布的 300 条。"
    assert [key for key, sentence in said.items() if sentence not in part[key].note] == []
    assert [key for key in said if "此处只读" in whole[key].note] == []


def test_choices_of_a_part_are_rounded(small: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the part leaves out cannot be had by subtraction: every count of the panel is rounded, the first row too."""
    monkeypatch.setattr(panel, "MOST", 597)
    counts = panel.chosen(Measures(load(small), "virtual")).dropna(subset=["n"])
    assert len(counts) > 10 and (counts["n"].astype(float) % SMALL == 0).all() and not counts["is_exact"].any()



@pytest.mark.parametrize(("limit", "words"), [(550, "有帖 600 条，超过逐帖对照的 550 条"), (200_000, "")])
def test_a_change_not_told_step_by_step_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, words: str) -> None:
    """A second run over newer tables tells the steps or, where there are too many posts to set side by side, how many there are."""
    monkeypatch.setattr(pastbuilds, "MOST", limit)
    frames = smallworld.frames(600)
    where = home(smallworld.write(tmp_path, frames))
    report(where, formats=("html",))
    path = where.processed / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"again": 1}), encoding="utf-8")
    page = report(where, formats=("html",)).folder.joinpath("report.html").read_text(encoding="utf-8")
    assert (words in page) if words else ("没有逐步拆开" not in page and "逐步拆开，各步相加" in page)
