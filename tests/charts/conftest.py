"""Metric tables of one random world, and what chart tests need of matplotlib."""

from __future__ import annotations

from collections.abc import Iterator

import factory
import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from kamen_analysis import metrics, records

mpl.use("Agg")
STAGES = {"is_synthetic": True, "stages": [
    {"stage": "read", "unit": "页", "in": 120, "out": 110, "rejected": {"blocked": 10}},
    {"stage": "clean", "unit": "条", "in": 900, "out": 880, "rejected": {"no_id": 20}},
    {"stage": "gate", "unit": "帖", "in": 880, "out": 700, "rejected": {"ad": 100, "article": 50, "question": 20, "merchant": 10}}]}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer --update-images where tests of charts are named on the command line."""
    parser.addoption("--update-images", action="store_true", help="draw the baseline pictures of the charts anew")


def told(posts: pd.DataFrame, values: tuple[str, str], column: str) -> pd.DataFrame:
    """Return what every third post tells: one of two values in turn."""
    some = posts["post_id"].iloc[::3]
    found = [values[i % 2] for i in range(len(some))]
    return pd.DataFrame({"post_id": some.to_numpy(), column: found, "start": 0, "step": 0}).astype({"post_id": "str", column: "str"})


def named(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table by source with the sources' names, and one silence told."""
    frame = table.assign(source_zh=table["source"])
    frame.attrs["silences"] = [("demo", pd.Timestamp("2025-03-01"), pd.Timestamp("2025-03-09"))]
    return frame


def drawn_tables(posts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return for each chart the metric table of `posts` it draws; a second table of the same chart has a dash in its key."""
    labels, events = factory.labels(posts), factory.events(posts)
    return {
        "volume": metrics.volume(posts), "volume-one": metrics.volume(posts, by=None), "volume-weeks": metrics.volume(posts, "W"),
        "volume-platforms": metrics.volume(posts, by="platform"), "reasons": metrics.reasons(posts, labels),
        "reasons_by_month": metrics.reasons(posts, labels, by="month"), "cooccurrence": metrics.cooccurrence(posts, labels),
        "time_to_reply": metrics.time_to_reply(posts, events), "outcomes": metrics.outcomes(posts, events),
        "platforms": metrics.platforms(posts, labels, events), "platform_funnel": metrics.platform_funnel(posts, labels, events),
        "amounts": metrics.amounts(posts), "amounts-goods": metrics.amounts(posts, by="product"),
        "self_reported": metrics.self_reported(posts), "products": metrics.products(posts),
        "platform_ranks": metrics.platform_ranks(posts, labels, events), "changes": metrics.changes(posts, labels),
        "naive_ratio": metrics.naive_ratio(posts, events), "clocks": metrics.clocks(posts, events),
        "holidays": metrics.holidays(posts), "contrasts": metrics.contrasts(posts, events), "corrected": metrics.corrected(posts, labels),
        "tactic_order": metrics.tactic_order(posts, labels), "sequences": metrics.sequences(posts, labels),
        "tactics_by_age": metrics.tactics_by_age(posts, labels),
        "channels": metrics.channels(posts, told(posts, ("platform", "police"), "channel")),
        "chains": metrics.chains(posts, labels, told(posts, ("platform", "merchant"), "source").assign(target="maker")),
        "coverage": named(metrics.coverage(posts)), "coverage-keys": metrics.coverage(posts),
        "funnel": metrics.funnel(STAGES if len(posts) else {"stages": []}),
    }


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    """Tables of nine hundred posts over forty platforms."""
    return drawn_tables(factory.posts(900, platforms=40))


@pytest.fixture(scope="session")
def few() -> dict[str, pd.DataFrame]:
    """Tables of twelve posts of one month."""
    return drawn_tables(factory.posts(12, months=1))


@pytest.fixture(scope="session")
def none() -> dict[str, pd.DataFrame]:
    """Tables of nothing."""
    return drawn_tables(records.empty("posts"))


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")
