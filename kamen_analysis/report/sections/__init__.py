"""The tables of each section of the report, in the order they are printed."""

from __future__ import annotations

from kamen_analysis.report import exports
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections import (
    appendix,
    beyond,
    coded,
    comparison,
    courses,
    diagnosis,
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

SECTIONS = (sources, coded, diagnosis, trend, signals, refusal, platform, outcome, money, stated, beyond, courses, comparison, panel,
            appendix, exports)
READING = (diagnosis, stated, courses, panel)  # wait for words to be read


def tables(measures: Measures) -> dict[str, Table]:
    """Return every table of the report by key, in order."""
    made = {section: section.tables(measures) for section in SECTIONS if section not in READING}
    measures.collect()
    made |= {section: section.tables(measures) for section in READING}
    return {table.key: table for section in SECTIONS for table in made[section]}
