"""The legal table: for each refusal reason at most five provisions that bear on it, with caveat, date in force and what was checked."""

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
    """One provision: the law, the article, a paraphrase (never a quotation), when it is in force and the text that was read."""

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
        """Whether the text of the article was read."""
        return self.verified is not None

    @property
    def in_force(self) -> str:
        """The day it came into force, or that this is not known."""
        return f"{self.effective:%Y-%m-%d}" if self.effective else "日期未核实"


class Law(BaseModel):
    """The provisions by id, which of them bear on which reason, and the day a person last went through them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reviewed_on: dt.date
    provisions: dict[str, Provision]
    reasons: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _whole(self) -> Law:
        named = {key for keys in self.reasons.values() for key in keys} | {p.replaces for p in self.provisions.values() if p.replaces}
        unknown = named - set(self.provisions)
        if unknown:
            raise ValueError(f"没有这些条文：{'、'.join(sorted(unknown))}")
        if any(len(keys) > MOST for keys in self.reasons.values()):
            raise ValueError(f"一个理由至多 {MOST} 条")
        return self

    @property
    def by_code(self) -> dict[str, list[Provision]]:
        """The provisions of each reason, in the order of the file."""
        return {code: [self.provisions[key] for key in keys] for code, keys in self.reasons.items()}


class Applied(NamedTuple):
    """A provision as it bears on the complaints of a report: of `of` complaints with the reason and a date, `n` fall in its time.

    `former`: the version before it, where that binds some of them.
    """

    provision: Provision
    n: int
    of: int
    former: Applied | None = None

    @property
    def reach(self) -> str:
        """Which complaints it is for, where not for all; in words."""
        if self.n == self.of:
            return ""
        until = f"、{self.provision.repealed:%Y-%m-%d} 前" if self.provision.repealed else ""
        since = f"{self.provision.effective:%Y-%m-%d} 起" if self.provision.effective else ""
        return f"只适用于 {since}{until}发布的投诉，本期 {numbers.count(self.of)} 件中 {numbers.count(self.n)} 件"


    @property
    def words(self) -> Md:
        """The line of the report: law and article, in force since, what it says, caveat, time; then the former version."""
        p = self.provision
        parts = [f"（{p.in_force} 起施行{'' if p.is_verified else '；未核实'}）：{p.gist_zh}",
                 f"【注意】{p.caveat_zh}" if p.caveat_zh else "", f"【时间】{self.reach}。" if self.reach else ""]
        former = Md(f"**此前适用：**{self.former.words}") if self.former else Md("")
        return Md(f"**{escape(f'{p.law} {p.article}')}**{escape(''.join(parts))}{former}")


def applied(found: Law, posted: Mapping[str, pd.Series]) -> dict[str, list[Applied]]:
    """Return for each reason the provisions in force when its complaints were posted (`posted`: dates by code), in the law's order.

    Which of two versions binds follows the complaint's own date (法不溯及既往): an earlier version stands with the one that replaced
    it where complaints of its time are among them, and counts as the same provision; what bound none of them is left out, unless no
    complaint has a date.
    """
    result = {}
    for code, keys in found.reasons.items():
        dates = posted.get(code, pd.Series(dtype="datetime64[us]"))
        lines = [_bearing(found, key, dates) for key in keys]
        result[code] = [line for line in lines if line.n or not len(dates)]
    return result


def _bearing(found: Law, key: str, dates: pd.Series) -> Applied:
    """Return a provision with its former version; the former alone where the newer binds none."""
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
    """Return the validated legal table; reasons the codebook does not know are refused."""
    try:
        found = Law.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"法律条文表 {path.name} 有误：{str(error).splitlines()[-1]}") from None
    unknown = set(found.reasons) - set(codebook.load().reasons)
    if unknown:
        raise KamenError(f"法律条文表 {path.name} 提到编码手册没有的理由：{'、'.join(sorted(unknown))}")
    return found
