"""The legal table: for each refusal reason at most five provisions that bear on it, with caveat, date in force and what was checked."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

import kamen_analysis.codebook as codebook
from kamen_analysis.errors import KamenError

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
        unknown = {key for keys in self.reasons.values() for key in keys} - set(self.provisions)
        if unknown:
            raise ValueError(f"没有这些条文：{'、'.join(sorted(unknown))}")
        if any(len(keys) > MOST for keys in self.reasons.values()):
            raise ValueError(f"一个理由至多 {MOST} 条")
        return self

    @property
    def by_code(self) -> dict[str, list[Provision]]:
        """The provisions of each reason, in the order of the file."""
        return {code: [self.provisions[key] for key in keys] for code, keys in self.reasons.items()}


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
