"""What holds for every metric: a written definition, tables that survive being small or empty, and the mark of synthetic data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import factory
import pandas as pd
import pytest

from kamen_analysis import metrics, records
from kamen_analysis.data import Data, compact
from kamen_analysis.errors import KamenError
from kamen_analysis.label.told import told_channels, told_handoffs
from kamen_analysis.metrics.captions import LINES
from kamen_analysis.paths import Home


def _build(posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> Data:
    return Data(posts, events, labels, records.empty("rejected"), {}, Home(Path("nowhere")))


Call = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], pd.DataFrame]
CALLS: dict[str, Call] = {
    "volume": lambda p, marks, e: metrics.volume(p),
    "volume_weekly": lambda p, marks, e: metrics.volume(p, "W", by=None),
    "volume_platform": lambda p, marks, e: metrics.volume(p, by="platform"),
    "reasons": lambda p, marks, e: metrics.reasons(p, marks),
    "reasons_month": lambda p, marks, e: metrics.reasons(p, marks, by="month"),
    "reasons_platform": lambda p, marks, e: metrics.reasons(p, marks, by="platform"),
    "reasons_product": lambda p, marks, e: metrics.reasons(p, marks, by="product"),
    "cooccurrence": lambda p, marks, e: metrics.cooccurrence(p, marks),
    "tactic_order": lambda p, marks, e: metrics.tactic_order(p, marks),
    "sequences": lambda p, marks, e: metrics.sequences(p, marks),
    "replies": lambda p, marks, e: metrics.replies(p, e),
    "replies_platform": lambda p, marks, e: metrics.replies(p, e, by="platform"),
    "time_to_reply": lambda p, marks, e: metrics.time_to_reply(p, e),
    "time_to_reply_platform": lambda p, marks, e: metrics.time_to_reply(p, e, by="platform"),
    "median_reply": lambda p, marks, e: metrics.median_reply(p, e),
    "median_reply_month": lambda p, marks, e: metrics.median_reply(p, e, by="month"),
    "outcomes": lambda p, marks, e: metrics.outcomes(p, e),
    "resolved_by": lambda p, marks, e: metrics.resolved_by(p, e),
    "naive_ratio": lambda p, marks, e: metrics.naive_ratio(p, e),
    "self_reported": lambda p, marks, e: metrics.self_reported(p),
    "status_by_age": lambda p, marks, e: metrics.status_by_age(p, e),
    "platforms": lambda p, marks, e: metrics.platforms(p, marks, e),
    "platform_ranks": lambda p, marks, e: metrics.platform_ranks(p, marks, e),
    "platform_funnel": lambda p, marks, e: metrics.platform_funnel(p, marks, e),
    "amounts": lambda p, marks, e: metrics.amounts(p),
    "amounts_product": lambda p, marks, e: metrics.amounts(p, by="product"),
    "products": lambda p, marks, e: metrics.products(p),
    "clocks": lambda p, marks, e: metrics.clocks(p, e),
    "changes": lambda p, marks, e: metrics.changes(p, marks),
    "alerts": lambda p, marks, e: metrics.alerts(p),
    "alerts_all": lambda p, marks, e: metrics.alerts(p, by=None),
    "nowcast": lambda p, marks, e: metrics.nowcast(p),
    "corrected": lambda p, marks, e: metrics.corrected(p, marks),
    "statuses": lambda p, marks, e: metrics.statuses(p),
    "fill": lambda p, marks, e: metrics.fill(p),
    "coverage": lambda p, marks, e: metrics.coverage(p),
    "gaps": lambda p, marks, e: metrics.gaps(p),
    "waiting": lambda p, marks, e: metrics.waiting(p, e),
    "waiting_platform": lambda p, marks, e: metrics.waiting(p, e, by="platform"),
    "contrasts": lambda p, marks, e: metrics.contrasts(p, e),
    "alert_methods": lambda p, marks, e: metrics.alert_methods(p),
    "change_points": lambda p, marks, e: metrics.change_points(p),
    "change_points_platform": lambda p, marks, e: metrics.change_points(p, by="platform"),
    "holidays": lambda p, marks, e: metrics.holidays(p),
    "chains": lambda p, marks, e: metrics.chains(p, marks, told_handoffs(p)),
    "chain_lengths": lambda p, marks, e: metrics.chain_lengths(p, marks, told_handoffs(p)),
    "channels": lambda p, marks, e: metrics.channels(p, told_channels(p)),
    "channel_outcomes": lambda p, marks, e: metrics.channel_outcomes(p, told_channels(p)),
    "channel_order": lambda p, marks, e: metrics.channel_order(p, told_channels(p)),
    "tactics_by_age": lambda p, marks, e: metrics.tactics_by_age(p, marks),
    "explain": lambda p, marks, e: metrics.explain(_build(p, marks, e), _build(p, marks.head(20), e)),
    "sensitivity": lambda p, marks, e: metrics.sensitivity(_build(p, marks, e)),
    "campaigns": lambda p, marks, e: metrics.campaigns(p),
    "template_farms": lambda p, marks, e: metrics.template_farms(p),
}


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.__name__)
def test_every_metric_says_what_it_counts(metric: Callable[..., Any]) -> None:
    """Each public metric's docstring holds the four lines, in Chinese, that become its caption."""
    caption = metrics.caption(metric)
    assert tuple(caption) == tuple(LINES)
    assert all(any("一" <= c <= "鿿" for c in text) for text in caption.values())


def test_every_public_metric_is_listed() -> None:
    """METRICS holds every metric the room hands on, and each is called by a test here."""
    public = {name for name in metrics.__all__ if name not in ("METRICS", "caption", "definition", "reason_names")}
    assert {metric.__name__ for metric in metrics.METRICS} == public
    called = {name for key in CALLS for name in public if key.startswith(name)}
    assert public - called == {"used", "funnel"}


# What a table cannot have: counts of everything have no interval, a test of a week has a p instead; `platforms` has each of its measures
# with its own ends, and of amounts the value is the median.
LACKING = {
    "volume": {"of", "value", "low", "high"}, "fill": {"of", "value", "low", "high", "note"}, "coverage": {"low", "high"},
    "gaps": {"n", "low", "high"}, "nowcast": {"of"}, "alerts": {"of", "low", "high"}, "alert_methods": {"low", "high"},
    "platforms": {"of", "value", "low", "high"}, "amounts": {"value"},
}


@pytest.mark.parametrize("name", CALLS)
def test_every_table_is_tidy(name: str, posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """Each table has n, of, share or value, low, high and note, but for what is listed, with its reason, as what it cannot have."""
    table = CALLS[name](posts, labels, events)
    metric = max((each.__name__ for each in metrics.METRICS if name.startswith(each.__name__)), key=len)
    has = set(table.columns) | ({"value"} if "share" in table else set())
    assert {"n", "of", "value", "low", "high", "note"} - has == LACKING.get(metric, set())


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("count", [0, 1, 25, 70])
@pytest.mark.filterwarnings("error")
def test_small_tables_give_tables_and_no_rates(name: str, count: int) -> None:
    """Nothing, one post, one month: every metric gives a table without a warning, and no rate under thirty posts."""
    posts = factory.posts(count, months=1) if count else records.empty("posts")
    labels, events = factory.labels(posts), factory.events(posts)
    table = CALLS[name](posts, labels, events)
    if "share" in table and "of" in table:
        few = table["of"].isna() | (table["of"] < 30)
        assert table.loc[few, "share"].isna().all()
    if name in ("volume", "outcomes", "reasons"):
        assert list(table.columns) == list(CALLS[name](*[records.empty(t) for t in ("posts", "labels", "events")]).columns)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("error")
def test_recurring_words_as_categories_change_nothing(name: str, posts: pd.DataFrame, labels: pd.DataFrame, events: pd.DataFrame) -> None:
    """Of compact tables, as the report reads them, every metric gives the same rows in the same order, to the last digit."""
    for tables in ((posts, labels, events), [table.head(0) for table in (posts, labels, events)]):
        want, found = CALLS[name](*tables), CALLS[name](*map(compact, tables))
        coded = {column: "str" for column in want if want[column].dtype == "str"}
        pd.testing.assert_frame_equal(found.astype(coded), want, check_exact=True, check_categorical=False)
        assert found.attrs == want.attrs


def test_nothing_dated_nothing_named() -> None:
    """Posts without date, platform or amount are no error anywhere."""
    rows = [factory.post(i, posted_at=None, posted_precision=None, platform=None, amount_yuan=None, status=None) for i in range(60)]
    posts = records.frame("posts", rows)
    labels, events = factory.labels(posts), factory.events(posts)
    for name, call in CALLS.items():
        table = call(posts, labels, events)
        assert table is not None, name
    assert metrics.volume(posts).attrs["undated"] == 60
    assert metrics.fill(posts)["undated"].tolist() == [60]


def test_tables_know_their_origin(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """A metric table carries sources, period and the mark of synthetic data, and named sources where the posts carry names."""
    table = metrics.reasons(posts, labels)
    assert table.attrs["is_synthetic"] is True
    assert table.attrs["sources"] == ["board", "demo"]
    assert table.attrs["period"].startswith("2025-01-06 至 ")
    named = posts.copy()
    named.attrs["source_names"] = {"demo": "演示来源"}
    assert metrics.reasons(named, labels).attrs["sources"] == ["board", "演示来源"]


def test_scope_and_group_must_be_known(posts: pd.DataFrame, labels: pd.DataFrame) -> None:
    """An unknown scope, group, frequency or measure is one clear error."""
    for call in (lambda: metrics.used(posts, "nothing"), lambda: metrics.reasons(posts, labels, by="colour"),
                 lambda: metrics.volume(posts, "D"), lambda: metrics.platform_ranks(posts, labels, factory.events(posts[:0]), "nothing")):
        with pytest.raises(KamenError):
            call()


def test_used_leaves_out_what_does_not_count(posts: pd.DataFrame) -> None:
    """The default scope keeps used posts about virtual goods; "all" keeps every used post."""
    assert metrics.used(posts)["is_used"].all()
    assert metrics.used(posts)["in_scope"].all()
    assert len(metrics.used(posts, "all")) == int(posts["is_used"].sum()) > len(metrics.used(posts))
