"""What holds for every chart: it draws on any table, says its finding, keeps its foot and mark, and is the same bytes twice."""

from __future__ import annotations

import re
from pathlib import Path

import factory
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kamen_analysis import charts, metrics
from kamen_analysis.charts import coding, style
from kamen_analysis.errors import KamenError, PublishRefused

NAMES = (
    "volume", "volume-one", "volume-weeks", "volume-platforms", "reasons", "reasons_by_month", "cooccurrence", "time_to_reply", "outcomes",
    "platforms", "platform_funnel", "amounts", "amounts-goods", "self_reported", "products", "naive_ratio", "clocks", "funnel",
    "platform_ranks", "changes", "holidays", "contrasts", "corrected", "tactic_order", "sequences", "tactics_by_age", "channels", "chains",
    "coverage", "coverage-keys")


def draw(name: str, table: pd.DataFrame) -> Figure:
    """Return the figure of the chart `name` of `table`."""
    made = getattr(charts, name.split("-")[0])(table)
    figure = made if isinstance(made, Figure) else made.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def words(figure: Figure) -> list[str]:
    """Return every text of a figure that is not empty."""
    return [text.get_text() for text in figure.findobj(plt.Text) if text.get_text().strip() and text.get_visible()]


def flat(text: str) -> str:
    """Return a text without the line breaks the layout put in."""
    return text.replace("\n", "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", ["tables", "few", "none"])
@pytest.mark.filterwarnings("error")
def test_every_chart_draws_on_any_table(name: str, size: str, request: pytest.FixtureRequest) -> None:
    """Forty platforms, twelve posts or none at all: each chart is drawn without a warning, so with no glyph missing."""
    table = request.getfixturevalue(size)[name]
    figure = draw(name, table)
    with style.house():
        figure.draw_without_rendering()
    assert words(figure)
    assert len(charts.alt_text(name.split("-")[0], table)) > 10


@pytest.mark.parametrize("name", NAMES)
def test_the_title_is_the_finding_and_the_foot_tells_the_origin(name: str, tables: dict[str, pd.DataFrame]) -> None:
    """The figure's title is the finding in words; its foot holds n or the base, and, as all data here is synthetic, the mark."""
    table = tables[name]
    seen = [flat(text) for text in words(draw(name, table))]
    assert charts.finding(name.split("-")[0], table) in seen
    assert charts.finding(name.split("-")[0], table) in charts.alt_text(name.split("-")[0], table)
    if name != "funnel":
        assert style.MARK in seen
        assert any("来源：board、demo" in text and "期间：2025-01-06 至" in text and "非真实投诉" in text for text in seen)


@pytest.mark.parametrize("name", NAMES)
def test_charts_speak_chinese_only(name: str, tables: dict[str, pd.DataFrame]) -> None:
    """No English word stands on a chart but names of methods and the data's own keys."""
    text = " ".join(words(draw(name, tables[name])))
    left = re.findall(r"[A-Za-z]{2,}", text.replace("board", "").replace("demo", ""))
    assert set(left) <= {"Wilson", "Kaplan", "Meier", "Aalen", "Johansen", "Holm"}


@pytest.mark.parametrize("name", ["volume", "reasons", "outcomes", "reasons_by_month"])
def test_the_same_table_gives_the_same_bytes(name: str, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """An SVG drawn twice is the same file, holds its letters as outlines and no date."""
    first, second = (charts.save(draw(name, tables[name]), tmp_path / file).read_bytes() for file in ("a.svg", "b.svg"))
    assert first == second
    assert b"<text" not in first
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("reasons_by_month",)])
def test_charts_draw_on_the_axes_given(name: str, tables: dict[str, pd.DataFrame]) -> None:
    """With `ax` the chart draws there, returns it, and leaves the figure's own title alone."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4))
    made = getattr(charts, name.split("-")[0])(tables[name], ax=left)
    assert isinstance(made, Axes)
    assert made is left
    assert figure.get_suptitle() == ""
    assert not right.has_data()


def test_small_multiples_take_the_place_of_the_axes_given(tables: dict[str, pd.DataFrame]) -> None:
    """Six panels stand where the given axes stood, in its figure."""
    figure, axes = plt.subplots(1, 2, figsize=(14, 5))
    assert charts.reasons_by_month(tables["reasons_by_month"], ax=axes[0]) is figure
    assert len(figure.axes) == 7


def test_a_missing_glyph_refuses_the_file(tmp_path: Path) -> None:
    """A character the fonts lack stops the save and leaves no file; the same name from data is told in words."""
    figure = plt.figure()
    figure.text(0.1, 0.5, "\U0001f600", family=style.SANS)
    with pytest.raises(PublishRefused):
        charts.save(figure, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
    assert style.drawable("卡\U0001f600盟\u200b") == "卡〔表情〕盟"


def test_a_platform_with_an_emoji_is_drawn(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Names come from the data: an emoji in one does not stop the chart."""
    table = tables["platforms"].copy()
    table.attrs = tables["platforms"].attrs
    table.loc[0, "platform"] = "快充\U0001f680"
    assert charts.save(draw("platforms", table), tmp_path / "a.png").exists()


def test_each_share_of_platforms_is_drawn_with_its_own_base(tables: dict[str, pd.DataFrame]) -> None:
    """To the right of each platform stands the base of the share drawn, not the number of all its complaints."""
    table = tables["platforms"].assign(of_replied=71, of_resolved_30=61)
    for measure, base in (("replied", "/71"), ("resolved_30", "n=61")):
        axes = charts.platforms(table, measure=measure)
        words = [text.get_text() for text in axes.child_axes[0].get_yticklabels()]
        assert words and all(word.endswith(base) for word in words)


def test_a_platform_too_small_to_test_is_not_drawn(tables: dict[str, pd.DataFrame]) -> None:
    """A contrast with a difference but no test has no verdict and is left out, as it is from the finding."""
    table = tables["contrasts"]
    rows = (table["measure"] == "replied") & table["value"].notna()
    assert rows.sum() > 1
    untested = rows & (table.index == table.index[rows][0])
    small = table.assign(p=table["p"].mask(untested), verdict=table["verdict"].mask(untested, "样本不足"))
    small.attrs = table.attrs
    assert len(charts.contrasts(small).get_yticklabels()) == rows.sum() - 1


def test_fonts_are_the_two_free_ones() -> None:
    """Only the package's Noto Sans and Noto Serif CJK SC are loaded, and drawing uses the former, also where the system has its own."""
    assert sorted(path.name for path in charts.fonts()) == ["NotoSansCJKsc-Regular.otf", "NotoSerifCJKsc-Regular.otf"]
    own = style.font_manager.FontEntry("/usr/share/fonts/NotoSansCJK-Regular.ttc", "Noto Sans CJK SC")
    style.font_manager.fontManager.ttflist.insert(0, own)
    charts.fonts.cache_clear()
    with style.house():
        found = style.font_manager.findfont(plt.figure().text(0, 0, "字").get_fontproperties())
    assert Path(found).name == "NotoSansCJKsc-Regular.otf"


def contrast(colour: str, other: str = "#ffffff") -> float:
    """Return the WCAG 2.1 contrast ratio of two colours."""
    def light(hexed: str) -> float:
        parts = [int(hexed[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    a, b = sorted((light(colour), light(other)))
    return (b + 0.05) / (a + 0.05)


@pytest.mark.parametrize("colour", [*style.COLOURS, style.INK, style.QUIET])
def test_inks_have_contrast(colour: str) -> None:
    """Every ink text or line is drawn in has at least 4.5:1 on white."""
    assert contrast(colour) >= 4.5


def test_each_series_has_its_own_colour_and_marker() -> None:
    """Colour never stands alone: as many different markers as colours."""
    assert len(set(style.COLOURS)) == len(set(style.MARKERS)) == len(style.COLOURS)


def test_gaps_are_open_and_incomplete_periods_hatched(tables: dict[str, pd.DataFrame]) -> None:
    """A gap draws no bar of its own and says 缺口; the first and last period are hatched."""
    table = tables["volume-one"].copy()
    table.attrs = tables["volume-one"].attrs
    table.loc[3, ["gap", "complete"]] = [True, False]
    table.loc[3, "n"] = pd.NA
    figure = draw("volume", table)
    assert words(figure).count("缺口") == 1
    bars = figure.axes[0].containers[0].patches
    assert bars[3].get_height() == 0
    assert [bool(bar.get_hatch()) for bar in bars[:3]] == [True, False, False]


def test_lines_stop_at_a_gap(tables: dict[str, pd.DataFrame]) -> None:
    """A line breaks where n is missing instead of falling to zero."""
    table = tables["volume"].copy()
    table.attrs = tables["volume"].attrs
    hole = (table["source"] == "demo") & (table["period_zh"] == "2025-04")
    table.loc[hole, "n"], table.loc[hole, "gap"] = pd.NA, True
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in draw("volume", table).axes[0].get_lines()]
    assert sum(int(np.isnan(y).sum()) for y in lines) == 1


def test_a_month_alone_between_gaps_is_seen() -> None:
    """A source captured in one month only is a point, not an invisible line; mostly incomplete counts are not compared."""
    posts = factory.posts(600, months=12)
    month = posts["posted_at"].dt.strftime("%Y-%m")
    table = metrics.volume(posts[(posts["source"] == "demo") | (month == "2025-06")])
    line = draw("volume", table).axes[0].get_lines()[1]
    y = np.asarray(line.get_ydata(), dtype=float)
    assert np.isfinite(y).sum() == 1
    assert int(np.flatnonzero(np.isfinite(y))[0]) in line.get_markevery()
    assert "不可比" in charts.finding("volume", metrics.volume(posts[month == "2025-06"].head(40)))


def test_bounded_times_are_told_as_bounds() -> None:
    """Where only bounds are known the panel says so and the finding gives the bounds, not a curve at zero."""
    posts = factory.posts(300)
    events = factory.events(posts, bounded=1.0)
    for name, table in (("time_to_reply", metrics.time_to_reply(posts, events)), ("outcomes", metrics.outcomes(posts, events))):
        assert any("只知至迟" in text for text in words(draw(name, table)))
        assert re.search(r"在 0\.0% 至 [1-9][\d.]+% 之间", charts.finding(name, table))


def test_findings_say_when_they_cannot_tell(tables: dict[str, pd.DataFrame]) -> None:
    """Two reasons whose intervals overlap are called 无法区分, two far apart are not; neither are 100 and 104 posts told apart."""
    rows = tables["reasons"].head(2).copy()
    rows["share"], rows["low"], rows["high"] = [0.31, 0.30], [0.28, 0.27], [0.34, 0.33]
    assert "无法区分" in charts.finding("reasons", rows)
    rows["share"], rows["low"], rows["high"] = [0.31, 0.10], [0.28, 0.08], [0.34, 0.12]
    assert charts.finding("reasons", rows).endswith("占 31.0%（95% 区间 28.0–34.0%，n=714）".replace("714", f"{int(rows['of'].iloc[0]):,}"))
    counts = tables["volume-one"].iloc[1:3].copy()
    counts["n"] = pd.array([100, 104], dtype="Int64")
    assert "无法区分" in charts.finding("volume", counts)
    counts["n"] = pd.array([100, 150], dtype="Int64")
    assert "增 50%" in charts.finding("volume", counts)


def test_changes_name_the_surest_move() -> None:
    """A rise told apart is named with its points and interval; where nothing is told apart the title says so."""
    row = {"base": "month", "base_zh": "环比", "month_zh": "2025-12", "against_zh": "2025-11", "code": "stalling", "name_zh": "拖延",
           "n": 60, "of": 100, "n_base": 20, "of_base": 100, "value": 0.4, "low": 0.27, "high": 0.51, "verdict": "升"}
    assert charts.finding("changes", pd.DataFrame([row])) == "2025-12 “拖延”环比升 40.0 个百分点（95% 区间 +27.0 至 +51.0）"
    assert "无法区分" in charts.finding("changes", pd.DataFrame([{**row, "verdict": "无法区分"}]))


def test_an_unknown_chart_is_one_clear_error() -> None:
    """Asking for the words of a chart that does not exist names those that do."""
    with pytest.raises(KamenError, match="reasons"):
        charts.alt_text("pie", pd.DataFrame())


@pytest.mark.parametrize(("text", "ems"), [
    ("投诉反映的拒退理由（95% 区间 28.4–34.1%，n=1,204）以“拖延”最多", 9.0), ("一二三四五六七八九，十", 9.0),
    ("差得最多的是某卡盟，-60.6 个百分点", 15.0)])
def test_lines_break_where_they_may(text: str, ems: float) -> None:
    """No line begins with a closing mark or ends with an opening one, neither number nor unit is cut, and nothing is lost."""
    lines = style.wrap(text, ems).split("\n")
    assert "".join(lines) == text
    assert len(lines) > 1
    assert not any(line[0] in "，。；：、）》”％%" for line in lines)
    assert not any(line[-1] in "（《“" for line in lines)
    assert not any(line[0] in "百分点" for line in lines)
    assert all(re.search(r"\d$", a) is None or re.match(r"[\d,.]", b) is None for a, b in zip(lines, lines[1:], strict=False))


def test_titles_count_the_withheld_platforms(tables: dict[str, pd.DataFrame]) -> None:
    """A platform compared with its few replies withheld is counted in the titles of all three platform charts."""
    for name, blank in (("platforms", ["replied"]), ("platform_ranks", ["share", "rank_low", "rank_high"]), ("platform_funnel", ["share"])):
        table = tables[name]
        shown = table[blank[0]].notna()
        less = table.assign(**{key: table[key].mask(shown & (table.index == table.index[shown][0])) for key in blank})
        before = int(re.search(r"(\d+) 个平台", charts.finding(name, table))[1])
        count, withheld = re.search(r"(\d+) 个平台（其中 (\d+) 个件数过少", charts.finding(name, less)).groups()
        assert int(count) == before and int(withheld) >= 1


def test_the_row_over_all_codes_is_not_counted_again() -> None:
    """The finding over all codes has the same counts whether or not the table ends with a row that sums them up."""
    rows = pd.DataFrame({"code": ["stalling", "unreachable"], "both": [8, 3], "machine": [10, 4], "human": [9, 5]})
    summed = pd.concat([rows, pd.DataFrame({"code": ["all"], "both": [11], "machine": [14], "human": [14]})])
    assert "11/14" in coding.accuracy_finding(rows) and coding.accuracy_finding(summed) == coding.accuracy_finding(rows)


def test_large_counts_are_written_with_separators() -> None:
    """The counts beside the names of the codes are written as all counts are: 10,327."""
    ends = {f"{key}{end}": [0.9] for key in ("precision", "recall") for end in ("", "_low", "_high")}
    rows = pd.DataFrame({"code": ["stalling"], "name_zh": ["拖延"], "both": [9000], "machine": [9900], "human": [10327], **ends})
    assert [label.get_text() for label in charts.accuracy(rows).get_yticklabels()] == ["拖延（10,327）"]


def test_the_longer_sequence_is_told_with_its_interval_too() -> None:
    """Both sequences the finding names have share, interval and n."""
    rows = pd.DataFrame({"sequence_zh": ["拖延→失联跑路", "已激活→拖延→失联跑路"], "length": [2, 3], "n": [90, 12], "of": [300, 300],
                         "share": [0.3, 0.04], "low": [0.25, 0.02], "high": [0.35, 0.07]})
    found = charts.finding("sequences", rows)
    assert "占 30.0%（95% 区间 25.0–35.0%，n=300）" in found and "占 4.0%（95% 区间 2.0–7.0%，n=300）" in found


def test_the_peers_ratio_names_its_base(tables: dict[str, pd.DataFrame]) -> None:
    """The peers' ratios are out of the complaints with a status, not of all counted."""
    assert any("占来源给出状态的投诉的比例" in flat(text) for text in words(draw("naive_ratio", tables["naive_ratio"])))


def test_days_without_captures_are_no_quiet_days() -> None:
    """Where half of the Mondays were not captured, Mondays like all other days stand out from nothing; twice as many on the days captured
    do, against the days captured."""
    day = pd.date_range("2025-01-06", periods=20 * 7)
    captured = (day.day_of_week != 0) | (np.arange(len(day)) % 14 == 0)
    table = pd.DataFrame({"day": day, "weekday": day.day_of_week, "captured": captured, "n": np.where(captured, 20, 0)})
    assert charts.finding("calendar", table) == "2,600 件投诉在一周各日之间无法区分多少"
    busy = table.assign(n=table["n"] * np.where(day.day_of_week == 0, 2, 1))
    assert charts.finding("calendar", busy) == "周一发的投诉最为偏多，占 14.3%（按有抓取的日子均摊为 7.7%）"
    even = table.assign(captured=True)  # the same numbers, all of them known: the other days have more than their share
    assert "周一" not in charts.finding("calendar", even) and "偏多" in charts.finding("calendar", even.assign(n=even["n"] * 10))
