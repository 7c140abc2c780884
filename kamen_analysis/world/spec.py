"""The distributions from which a world is drawn: `defaults.yaml` as frozen models, with shares normalised to add up to one."""

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
    """A log-normal distribution, given by its median and the standard deviation of the logarithm."""

    median: Positive
    sigma: Positive


class Beta(Model):
    """A beta distribution, given by its mean and its strength (the sum of both parameters)."""

    mean: Share
    strength: Positive


class Product(LogNormal):
    """A kind of goods: its share of complaints and its amounts in yuan."""

    share: Share


class Tactics(Model):
    """The chain of refusal tactics that a complaint tells.

    length: chances of 0, 1, 2, 3 tactics; first: shares of the first one; after: tactics that tend to follow a tactic, and `follow`: by
    how much this multiplies their weight; private_transfer_last: chance that private_transfer is told last, not first.
    """

    length: list[Share]
    first: Shares
    follow: Positive
    after: dict[str, list[str]]
    private_transfer_last: Share


class Outcomes(Model):
    """Shares of the outcomes that posts report, by the tactics told: none at all, partial_refund among them, or only others (`some`)."""

    none: Shares
    partial: Shares
    some: Shares


class Platforms(Model):
    """How the hidden traits vary between platforms; `written`: the forms in which posters name the target, and their shares."""

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
    """Shares of the endings of a complaint (competing risks), with and without a merchant's reply, and their delays in days."""

    replied: Shares
    unreplied: Shares
    auto_close_days: Positive
    delay: dict[str, LogNormal]
    assigned: LogNormal


class Festival(Model):
    """Days around each of `dates` (from `first` to `last`, relative) on which `factor` times as many complaints are posted."""

    name: str
    factor: Positive
    first: int
    last: int
    dates: list[dt.date]


class Outage(Model):
    """Days without posts: `days` from day `first_day` of the month that lies `months_back` before the window's last month."""

    months_back: int
    first_day: int
    days: int


class Surge(Outage):
    """Days on which one platform (`rank`: by volume, from 1) draws `factor` times its usual complaints."""

    rank: int
    factor: Positive


class Calendar(Model):
    """The intensity of posting: growth per month (log scale), and factors by month, weekday and hour."""

    growth: float
    months: list[Positive]
    weekdays: list[Positive]
    hours: list[Positive]
    festivals: list[Festival]
    outages: list[Outage]
    surge: Surge


class Listing(Model):
    """The time from posting until the board lists the post: mostly minutes, for a share `late` days."""

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
    """Return the parsed YAML file `name` of this package."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def load() -> Spec:
    """Return the distributions of defaults.yaml."""
    return Spec.model_validate(read("defaults.yaml"))
