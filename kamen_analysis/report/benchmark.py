"""The national benchmark beside our own figures: facts with their date, their source and their different denominator."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kamen_analysis.errors import KamenError

FILE = Path(__file__).with_name("benchmark.yaml")


class Half(BaseModel):
    """One half year of the consumers' associations: complaints accepted, resolved, yuan recovered, share of each nature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: str
    accepted: int = Field(gt=0)
    resolved: int = Field(ge=0)
    recovered_yuan: float = Field(ge=0)
    source: str
    natures: dict[str, float] = {}

    @property
    def rate(self) -> float:
        """Resolved out of accepted, as the associations publish it: open cases count as not resolved."""
        return self.resolved / self.accepted


@functools.cache
def halves(path: Path = FILE) -> tuple[Half, ...]:
    """Return the validated half years, oldest first."""
    try:
        return TypeAdapter(tuple[Half, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"消协数据 {path.name} 有误：{str(error).splitlines()[-1]}") from None
