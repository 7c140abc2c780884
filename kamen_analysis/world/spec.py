"""The stated distributions of the world: `defaults.yaml` as frozen models, every list of shares normalised."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


def _shares(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise ValueError("份额须非负且不全为零")
    return {key: value / total for key, value in weights.items()}


Shares = Annotated[dict[str, float], AfterValidator(_shares)]


class Model(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LogNormal(Model):
    """A log-normal distribution by its median and the standard deviation of the logarithm."""

    median: Positive
    sigma: Positive


class Beta(Model):
    """A beta distribution by its mean and its strength (the sum of both parameters)."""

    mean: Share
    strength: Positive


class Product(LogNormal):
    """A kind of goods: its share of complaints and its amounts in yuan."""

    share: Share


class Tactics(Model):
    """The chain of refusal tactics a complaint tells."""

    length: list[Share]
    first: Shares
    follow: Positive
    after: dict[str, list[str]]
    private_transfer_last: Share


class Outcomes(Model):
    """What the post says came of it, by the tactics it tells (none, a partial refund among them, any others)."""

    none: Shares
    partial: Shares
    some: Shares


class Platforms(Model):
    """How hidden traits vary between platforms."""

    volume_sigma: Positive
    mix_strength: Positive
    reply: Beta
    moved_off: Beta
    reply_median: LogNormal
    reply_sigma: Positive
    opens_late: Share
    closes_early: Share
    written: Shares


class Resolution(Model):
    """What ends a complaint (competing risks), with and without a reply of the merchant, and when (days)."""

    replied: Shares
    unreplied: Shares
    auto_close_days: Positive
    delay: dict[str, LogNormal]
    assigned: LogNormal


class Festival(Model):
    """Days around a date on which more is bought and complained about."""

    name: str
    factor: Positive
    first: int
    last: int
    dates: list[dt.date]


class Outage(Model):
    """A dated gap, placed by whole months before the window's last month."""

    months_back: int
    first_day: int
    days: int


class Surge(Outage):
    """A stretch in which one platform (by its rank in volume) draws `factor` times its usual complaints."""

    rank: int
    factor: Positive


class Calendar(Model):
    """The daily intensity of posting."""

    growth: float
    months: list[Positive]
    weekdays: list[Positive]
    hours: list[Positive]
    festivals: list[Festival]
    outages: list[Outage]
    surge: Surge


class Listing(Model):
    """The time from posting to the board showing the post."""

    late: Share
    prompt_minutes: Positive
    late_days: LogNormal


class Copies(Model):
    """Shares of all posts that repeat an earlier text, and the mean days between them."""

    two_targets: Share
    exact: Share
    near: Share
    mean_days: Positive


class Spec(Model):
    """Everything the world is drawn from."""

    source: str
    end: dt.date
    first_number: int
    post_types: Shares
    products: dict[str, Product]
    amount_unknown: Share
    tactics: Tactics
    outcomes: Outcomes
    platforms: Platforms
    resolution: Resolution
    calendar: Calendar
    listing: Listing
    copies: Copies
    personal: Share
    hostile: int


def read(name: str) -> Any:
    """Return the parsed YAML file `name` of this room."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def load() -> Spec:
    """Return the shipped distributions."""
    return Spec.model_validate(read("defaults.yaml"))
