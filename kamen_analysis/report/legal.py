"""The legal table: for each refusal reason at most five provisions that bear on it, with caveat, dates in force and verification."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

import kamen_analysis.codebook as codebook
from kamen_analysis.charts import numbers
from kamen_analysis.errors import KamenError
from kamen_analysis.report.marks import Md, escape

FILE = Path(__file__).with_name("law.yaml")
MOST = 5


class Provision(BaseModel):
    """One provision: law, article, paraphrase (never a quotation), dates in force, and which text was read to verify it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    law: str
    version: str | None
    article: str
    effective: dt.date | None
    repealed: dt.date | None = None
    gist_zh: str
    caveat_zh: str | None
    verified: str | None
    official_url: str | None = None
    replaces: str | None = None

    @property
    def is_verified(self) -> bool:
        """Whether the paraphrase was checked against the text of the article."""
        return self.verified is not None

    @property
    def in_force(self) -> str:
        """The day it came into force, or a note that the day is not verified."""
        return f"{self.effective:%Y-%m-%d}" if self.effective else "日期未核实"


class Law(BaseModel):
    """The provisions by id, the ids for each reason, and the day a person last reviewed them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reviewed_on: dt.date
    provisions: dict[str, Provision]
    reasons: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _check(self) -> Law:
        named = {key for keys in self.reasons.values() for key in keys} | {p.replaces for p in self.provisions.values() if p.replaces}
        unknown = named - set(self.provisions)
        if unknown:
            raise ValueError(f"没有这些条文：{'、'.join(sorted(unknown))}")
        if any(len(keys) > MOST for keys in self.reasons.values()):
            raise ValueError(f"一个理由至多 {MOST} 条")
        return self


class Applied(NamedTuple):
    """A provision applied to a report's complaints: `n` of the `of` dated complaints with the reason were posted while it was in force.

    `former`: the version it replaced, if that applies to some of them.
    """

    provision: Provision
    n: int
    of: int
    former: Applied | None = None

    @property
    def reach(self) -> str:
        """The complaints it applies to, in words; "" if it applies to all."""
        if self.n == self.of:
            return ""
        until = f"、{self.provision.repealed:%Y-%m-%d} 前" if self.provision.repealed else ""
        since = f"{self.provision.effective:%Y-%m-%d} 起" if self.provision.effective else ""
        return f"只适用于 {since}{until}发布的投诉，本期 {numbers.count(self.of)} 件中 {numbers.count(self.n)} 件"

    @property
    def words(self) -> Md:
        """The line in the report: law, article, date in force, paraphrase, caveat, complaints it applies to, then the former version."""
        p = self.provision
        parts = [f"（{p.in_force} 起施行{'' if p.is_verified else '；未核实'}）：{p.gist_zh}",
                 f"【注意】{p.caveat_zh}" if p.caveat_zh else "", f"【时间】{self.reach}。" if self.reach else ""]
        former = Md(f"**此前适用：**{self.former.words}") if self.former else Md("")
        return Md(f"**{escape(f'{p.law} {p.article}')}**{escape(''.join(parts))}{former}")


def applied(found: Law, posted: Mapping[str, pd.Series]) -> dict[str, list[Applied]]:
    """Return for each reason the provisions in force when its complaints were posted (`posted`: dates by code), in the table's order.

    The version in force on the day of a complaint applies to it (法不溯及既往). If complaints fall in the time of an earlier version, it
    is given along with the one that replaced it, as one provision. Provisions that apply to no complaint are left out, unless no
    complaint has a date.
    """
    result = {}
    for code, keys in found.reasons.items():
        dates = posted.get(code, pd.Series(dtype="datetime64[us]"))
        lines = [_applied(found, key, dates) for key in keys]
        result[code] = [line for line in lines if line.n or not len(dates)]
    return result


def _applied(found: Law, key: str, dates: pd.Series) -> Applied:
    """Return a provision with its former version, or the former alone if the newer applies to none of `dates`."""
    newest = found.provisions[key]
    line = Applied(newest, int(_in_time(newest, dates).sum()), len(dates))
    if newest.replaces is None:
        return line
    former = Applied(found.provisions[newest.replaces], int(_in_time(found.provisions[newest.replaces], dates).sum()), len(dates))
    if not former.n:
        return line
    return line._replace(former=former) if line.n else former


def _in_time(provision: Provision, dates: pd.Series) -> pd.Series:
    since = pd.Timestamp(provision.effective or dt.date(1970, 1, 1))
    return (dates >= since) & (dates < pd.Timestamp(provision.repealed or dt.date(2200, 1, 1)))


@functools.cache
def law(path: Path = FILE) -> Law:
    """Return the legal table of law.yaml. Raises KamenError if it is invalid or names a reason that the codebook lacks."""
    try:
        table = Law.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"法律条文表 {path.name} 有误：{str(error).splitlines()[-1]}") from None
    unknown = set(table.reasons) - set(codebook.load().reasons)
    if unknown:
        raise KamenError(f"法律条文表 {path.name} 提到编码手册没有的理由：{'、'.join(sorted(unknown))}")
    return table
