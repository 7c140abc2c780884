"""Recommendations that a measured figure gives cause to consider, each with the figure; a person reviews every one of them."""

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
    """One recommendation: the measure that triggers it, from which lower limit of its interval, and the words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str = Field(pattern=r"^(reason|clock|stated):[a-z_0-9.]+$")
    at_least: float = Field(alias="from", gt=0, lt=1)
    title: str
    text: str


class Advice(NamedTuple):
    """A recommendation that was triggered, the figure that did it, and the table the figure stands in."""

    title: str
    text: str
    figure: str
    table: str


@functools.cache
def rules(path: Path = FILE) -> tuple[Rule, ...]:
    """Return the validated rules."""
    try:
        return TypeAdapter(tuple[Rule, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"建议规则 {path.name} 有误：{str(error).splitlines()[-1]}") from None


def advice(measures: Measures) -> list[Advice]:
    """Return the recommendations triggered: the lower end of the figure's interval reaches the rule's limit. Largest figure first."""
    found = []
    for rule in rules():
        name, row, table = _figure(measures, rule.measure)
        if row is not None and not numbers.is_missing(row["share"]) and row["low"] >= rule.at_least:
            words = f"{name}占 {numbers.share(row['share'], row['low'], row['high'], row['of'])}"
            found.append((-float(row["share"]), Advice(rule.title, rule.text, words, table)))
    return [item for _, item in sorted(found)]


def _figure(m: Measures, measure: str) -> tuple[str, pd.Series | None, str]:
    kind, key = measure.split(":")
    if kind == "reason":
        return _row(m.reasons[m.reasons["code"] == key], "name_zh", "投诉反映的“{}”", "reasons")
    if kind == "clock":
        # What sources never show cannot be said to be late.
        shown = (m.events["kind"] == "consumer_confirmed").any() and "clock" in m.clocks
        return _row(m.clocks[m.clocks["clock"] == key] if shown else m.clocks.head(0), "clock_zh", "“{}”的投诉", "clocks")
    group, value = key.split(".")
    return _row(m.stated[(m.stated["kind"] == group) & (m.stated["value"] == value)], "value_zh", "自述“{}”的", group)


def _row(rows: pd.DataFrame, name: str, words: str, table: str) -> tuple[str, pd.Series | None, str]:
    return ("", None, table) if rows.empty else (words.format(rows.iloc[0][name]), rows.iloc[0], table)
