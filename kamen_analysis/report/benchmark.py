"""National figures for comparison with the report's own, with their dates and sources; their denominator is a different one."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kamen_analysis.errors import KamenError

FILE = Path(__file__).with_name("benchmark.yaml")


class Half(BaseModel):
    """Half-year figures of the consumers' associations: complaints accepted and resolved, yuan recovered, share of each kind of problem."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: str
    accepted: int = Field(gt=0)
    resolved: int = Field(ge=0)
    recovered_yuan: float = Field(ge=0)
    source: str
    natures: dict[str, float] = {}

    @property
    def rate(self) -> float:
        """Resolved ÷ accepted, as the associations publish it: open cases count as not resolved."""
        return self.resolved / self.accepted


@functools.cache
def halves(path: Path = FILE) -> tuple[Half, ...]:
    """Return the half years of benchmark.yaml, in its order. Raises KamenError if the file is invalid."""
    try:
        return TypeAdapter(tuple[Half, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"消协数据 {path.name} 有误：{str(error).splitlines()[-1]}") from None
