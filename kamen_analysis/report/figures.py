"""The report's figures: each is drawn once and saved as SVG (for HTML and PDF) and PNG (for Word)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

import kamen_analysis.charts as charts
from kamen_analysis.charts.style import DPI, house
from kamen_analysis.report.aside import begin
from kamen_analysis.report.measures import Measures


@dataclass(frozen=True)
class Figure:
    """A drawn figure: its key (file stem), title and alternative text."""

    key: str
    title: str
    alt: str


# By key: the chart function, the name of the measure it draws, and the title in the report
FIGURES = {
    "funnel": ("funnel", "funnel", "从抓取到计入"),
    "coverage": ("coverage", "coverage", "各来源的起止与静默"),
    "corrected": ("corrected", "corrected", "拒退理由占比：机器判定与校正"),
    "code_scores": ("accuracy", "code_scores", "各编码在附带文句上的查准率与查全率"),
    "volume": ("volume", "volume_named", "各月投诉量（按来源）"),
    "volume_week": ("volume", "volume_week", "各周投诉量，最近几周补上迟到的估计"),
    "calendar": ("calendar", "calendar", "每日投诉量的日历图"),
    "changes": ("changes", "changes", "拒退理由占比的环比"),
    "holidays": ("holidays", "holidays", "节日各周与平常周之比"),
    "reasons": ("reasons", "reasons", "投诉反映的拒退理由占比及 95% 区间"),
    "reasons_month": ("reasons_by_month", "reasons_by_month", "最常见拒退理由的逐月占比"),
    "cooccurrence": ("cooccurrence", "cooccurrence", "哪些理由常在同一投诉里出现"),
    "tactic_order": ("tactic_order", "tactic_order", "同一投诉里先讲到哪个理由"),
    "sequences": ("sequences", "sequences", "从头到尾依次讲到哪些理由"),
    "platforms": ("platforms", "platforms", "各平台的回复率及 95% 区间"),
    "platform_ranks": ("platform_ranks", "platform_ranks", "各平台回复率的名次区间"),
    "platform_funnel": ("platform_funnel", "platform_funnel", "回复率与投诉量：漏斗图"),
    "contrasts": ("contrasts", "contrasts", "各平台首次回复与其余平台之差"),
    "tactics_by_age": ("tactics_by_age", "ages", "平台各季龄的拒退理由"),
    "time_to_reply": ("time_to_reply", "time_to_reply", "首次回复的累计比例"),
    "flow": ("flow", "flow", "从首要理由到了结：投诉的流向"),
    "outcomes": ("outcomes", "outcomes", "处理结果的累计比例"),
    "clocks": ("clocks", "clocks", "超过法定期限仍未见动作的比例"),
    "amounts": ("amounts", "amounts_by_product", "涉诉金额的中位数与四分位数"),
    "channels": ("channels", "channels", "走过的渠道，及其中自述解决的"),
    "chains": ("chains", "chains", "踢皮球：谁把消费者推给谁"),
    "choices": ("choices", "leading", "首位理由在各种做法下的占比"),
}


class Drawing:
    """Draws figures in processes of their own, each as soon as its numbers are there."""

    def __init__(self, measures: Measures, folder: Path, png: bool) -> None:
        self._measures, self._folder, self._png = measures, folder, png
        self._figures: dict[str, Figure] = {}
        self._waits: list[Callable[[], None]] = []

    def begin_known(self) -> None:
        """Begin to draw the figures of the measures computed so far."""
        self._begin([key for key, (_, measure, _) in FIGURES.items() if measure in vars(self._measures)])

    def begin_others(self) -> dict[str, Figure]:
        """Begin to draw all other figures; return all of them in their order."""
        self._begin([key for key in FIGURES if key not in self._figures])
        return {key: self._figures[key] for key in FIGURES if key in self._figures}

    def wait(self) -> None:
        """Wait until all are drawn."""
        for done in self._waits:
            done()

    def _begin(self, keys: Iterable[str]) -> None:
        figures = described(self._measures, keys)
        self._figures |= figures
        self._waits.append(begin(partial(draw, self._measures, [*figures], self._folder, self._png)))


def described(measures: Measures, keys: Iterable[str] = FIGURES) -> dict[str, Figure]:
    """Return those of the figures `keys` that have data to draw, by key, with title and alternative text."""
    drawable = ((key, *FIGURES[key], measures.frame(FIGURES[key][1])) for key in keys)
    return {key: Figure(key, title, charts.alt_text(chart, table)) for key, chart, _, title, table in drawable
            if is_drawable(chart, table)}


def draw(measures: Measures, figures: Iterable[str], folder: Path, png: bool) -> None:
    """Draw the figures with the keys `figures` into `folder`, as SVG and, with `png`, as PNG too."""
    for key in figures:
        chart, measure, _ = FIGURES[key]
        _save(getattr(charts, chart)(measures.frame(measure)), folder / f"{key}.svg", *([folder / f"{key}.png"] if png else []))


def is_drawable(chart: str, table: pd.DataFrame) -> bool:
    """Return whether `table` has any number for `chart` to draw."""
    named = {"holidays": "value", "corrected": "raw", "accuracy": "recall"}.get(chart)
    column = named or next((name for name in ("share", "replied", "median", "n", "n_in") if name in table), None)
    return column is not None and bool(table[column].notna().any())


def _save(shown: Axes | Canvas, *paths: Path) -> None:
    figure = shown if isinstance(shown, Canvas) else shown.get_figure(root=True)
    assert isinstance(figure, Canvas)
    engine = figure.get_layout_engine()
    if engine is not None:
        # Lay the figure out once, at the resolution where letters are widest; otherwise each save draws it an extra time for that.
        with house():
            figure.set_dpi(DPI)
            engine.execute(figure)
            figure.set_layout_engine(None)  # "none" would leave a placeholder engine, for which every save draws twice
    for path in paths:
        charts.save(figure, path)
    plt.close(figure)
