"""Recommendations triggered by measured figures, each printed with its figure, for a person to review."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kamen_analysis.charts import numbers
from kamen_analysis.errors import KamenError
from kamen_analysis.report.measures import Measures

FILE = Path(__file__).with_name("advice.yaml")


class Rule(BaseModel):
    """One recommendation: the measure that triggers it, the value that the lower limit of its interval must reach, and the words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str = Field(pattern=r"^(reason|clock|stated):[a-z_0-9.]+$")
    at_least: float = Field(alias="from", gt=0, lt=1)
    title: str
    text: str


class Advice(NamedTuple):
    """A triggered recommendation, the figure that triggered it in words, and the key of the figure's table."""

    title: str
    text: str
    figure: str
    table: str


@functools.cache
def rules(path: Path = FILE) -> tuple[Rule, ...]:
    """Return the rules of advice.yaml. Raises KamenError if the file is invalid."""
    try:
        return TypeAdapter(tuple[Rule, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"建议规则 {path.name} 有误：{str(error).splitlines()[-1]}") from None


def advice(measures: Measures) -> list[Advice]:
    """Return the recommendations whose figure has a lower limit of at least the rule's value, largest figure first."""
    triggered = []
    for rule in rules():
        name, row, table = _figure(measures, rule.measure)
        if row is not None and not numbers.is_missing(row["share"]) and row["low"] >= rule.at_least:
            words = f"{name}占 {numbers.share(row['share'], row['low'], row['high'], row['of'])}"
            triggered.append((-float(row["share"]), Advice(rule.title, rule.text, words, table)))
    return [item for _, item in sorted(triggered)]


def _figure(m: Measures, measure: str) -> tuple[str, pd.Series | None, str]:
    """Return the name of a measure in words, its row (None: not measured) and the key of its table."""
    kind, key = measure.split(":")
    if kind == "reason":
        return _row(m.reasons[m.reasons["code"] == key], "name_zh", "投诉反映的“{}”", "reasons")
    if kind == "clock":
        # Where no source ever shows a confirmation, its absence does not mean that a time limit was missed.
        shown = (m.events["kind"] == "consumer_confirmed").any() and "clock" in m.clocks
        return _row(m.clocks[m.clocks["clock"] == key] if shown else m.clocks.head(0), "clock_zh", "“{}”的投诉", "clocks")
    group, value = key.split(".")
    return _row(m.stated[(m.stated["kind"] == group) & (m.stated["value"] == value)], "value_zh", "自述“{}”的", group)


def _row(rows: pd.DataFrame, name: str, words: str, table: str) -> tuple[str, pd.Series | None, str]:
    return ("", None, table) if rows.empty else (words.format(rows.iloc[0][name]), rows.iloc[0], table)
