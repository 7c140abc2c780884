"""The tables of each section of the report, in the order they are printed."""

from __future__ import annotations

from collections.abc import Callable

from kamen_analysis.report import exports
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.panel import MOST
from kamen_analysis.report.part import latest
from kamen_analysis.report.sections import (
    appendix,
    beyond,
    coded,
    comparison,
    courses,
    diagnosis,
    farms,
    money,
    outcome,
    panel,
    platform,
    refusal,
    signals,
    sources,
    stated,
    trend,
)
from kamen_analysis.report.tables import Table

SECTIONS = (sources, coded, diagnosis, trend, signals, refusal, platform, outcome, money, stated, beyond, farms, courses, comparison,
            panel, appendix, exports)
# Measures computed in another process, and the sections that wait for them.
BESIDE = ("choices", "stated_facts", "handoffs", "tried", "farms", "contrasts", "ages", "outcomes", "resolved_by", "naive_ratio", "clocks",
          "time_to_reply")
WAITING = (diagnosis, stated, farms, outcome, courses, panel)


def tables(measures: Measures, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Table]:
    """Return every table of the report by key, in the order of the sections; `meanwhile` is called once most measures are computed."""
    measures.begin(BESIDE, lambda: measures.read_at_once(latest(measures.posts, MOST)["post_id"]))
    made = {section: section.tables(measures) for section in SECTIONS if section not in WAITING}
    meanwhile()
    measures.collect()
    made |= {section: section.tables(measures) for section in WAITING}
    return {table.key: table for section in SECTIONS for table in made[section]}
