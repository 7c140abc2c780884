"""What kinds.yaml, lists.yaml and macros.yaml may hold, and how they are read: an unknown key raises."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kamen_analysis import kept
from kamen_analysis.errors import KamenError

_FOLDER = Path(__file__).parent
# Kept with what rules.py and reading.py make of them: these are read in every run, and read slowly.
SHELF = kept.Shelf("rules", "redact/*.yaml", "redact/*.py", "zh.py")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Model):
    """One way a kind is written: `pattern` right behind one of `cues` across `gap`, or anywhere; only once one of `needs` is in the text.

    `first` spares most looks behind a cue: one of its characters stands there within the reach of the gap, or nothing is found.

    With `needs`, `first` is what stands within ten characters before the word.

    `around` bounds the characters on either side of a needed word that are looked at; 0 is the whole text.

    `near` names a macro, a plain regex that must match in the text; a rule without cues then looks only around its matches.
    Behind cues it can only be <RUN>: the gate there asks for digits and for nothing else.

    `judge` says from what stands around where the value ends, at most where the pattern ends, or that it is none.
    """

    name: str
    pattern: str
    cues: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    near: str | None = Field(None, pattern=r"^<[A-Z_]+>$")
    around: int = Field(0, ge=0)
    gap: str = "<NEAR>"
    first: str = ""
    view: Literal["digits", "words"] = "digits"
    check: str = "always"
    judge: str = ""

    @model_validator(mode="after")
    def _gated(self) -> Rule:
        if self.cues and self.near not in (None, "<RUN>"):
            raise ValueError(f"{self.name}：有提示词的规则 near 只能是 <RUN>，不是 {self.near}")
        if not (self.cues or self.needs or self.near):
            raise ValueError(f"{self.name}：cues、needs、near 至少要有一个")
        return self


class Examples(_Model):
    """Texts that are the kind's tests: in `found` the personal data stands between ⟦ and ⟧, `kept` must stay as it is."""

    found: tuple[str, ...] = Field(min_length=1)
    kept: tuple[str, ...] = Field(min_length=1)


class Kind(_Model):
    """A kind of personal data and the placeholder it is replaced with."""

    kind: str
    name_zh: str
    placeholder: str = Field(pattern=r"^\[.+\]$")
    rules: tuple[Rule, ...]
    examples: Examples


class Keep(_Model):
    """A look-alike that is no personal data: what it matches, from a character of the class `first` on, is hidden from
    the patterns that read digits."""

    name: str
    pattern: str
    first: str = r"\d"


class Book(_Model):
    """All kinds, the first named winning a tie, and what is kept."""

    keep: tuple[Keep, ...]
    kinds: tuple[Kind, ...]


@functools.cache
def book() -> Book:
    """Return kinds.yaml; an unknown key or an impossible rule raises KamenError with its place."""
    try:
        return Book.model_validate(read("kinds.yaml"))
    except ValidationError as error:
        first = error.errors()[0]
        raise KamenError(f"脱敏规则 kinds.yaml 有误：{'.'.join(map(str, first['loc']))} {first['msg']}") from None


def read(name: str) -> Any:
    """Return a YAML file of this folder."""
    return SHELF.plain(name, lambda: yaml.load((_FOLDER / name).read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


@functools.cache
def lists() -> dict[str, list[str]]:
    """Return lists.yaml; a list written as one string is one word a character."""
    raw = read("lists.yaml")
    return {name: list(value.replace(" ", "")) if isinstance(value, str) else [str(word) for word in value] for name, value in raw.items()}
