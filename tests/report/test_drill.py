"""From every count of every table to exactly the complaints it counts."""

from __future__ import annotations

import pandas as pd
import pytest
import smallworld

from kamen_analysis.charts import numbers
from kamen_analysis.data import load
from kamen_analysis.paths import Home, home
from kamen_analysis.report.cases import Cases
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections import tables

# Counts of days, weeks, platforms, methods, sentences and estimates have no complaints behind them.
OTHER = {"days", "gap_days", "months", "weeks", "until", "value", "low", "high", "platforms", "needed", "change", "year", "accepted",
         "resolved"}
# Nor have sentences; and this world's funnel and rules are bare.
SENTENCES = {"code_scores", "rule_precision", "national", "withheld", "funnel", "rule_use", "choices"}


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A world in which some complaints are filed against two platforms and one text is posted nine times in a day."""
    frames = smallworld.frames(900)
    posts = frames["posts"].copy()
    first = posts.index[posts["is_used"] & posts["in_scope"] & (posts["platform"] == "平台01")][:20]
    more = posts.loc[first].assign(post_id="demo:9" + posts.loc[first, "post_id"].str[5:].str.zfill(4), platform="平台02", is_used=False,
                                   dup_kind="two_targets", dup_group=posts.loc[first, "post_id"])
    often = posts.index[posts["is_used"] & posts["in_scope"] & (posts["platform"] == "平台03") & posts["posted_at"].notna()][0]
    posts.loc[often, "dup_size"] = 10
    burst = posts.loc[[often] * 9].reset_index(drop=True).assign(is_used=False, dup_kind="exact")
    burst["post_id"] = [f"demo:8{i:04}" for i in range(9)]
    burst["posted_at"] += pd.to_timedelta(range(1, 10), unit="h")
    both = pd.concat([posts, more, burst], ignore_index=True)
    return home(smallworld.write(tmp_path_factory.mktemp("twice"), frames | {"posts": both}))


def test_every_count_opens_exactly_its_complaints(twice: Home) -> None:
    """In every table of complaints each count shown leads to as many posts as it says; none is without them."""
    m = Measures(load(twice), "virtual")
    cases, wrong, opened = Cases(m), [], 0
    for table in tables(m).values():
        for column in (c for c in table.columns if c.kind == "count" and c.key not in OTHER and table.key not in SENTENCES):
            if (table.key, column.key) == ("alert_methods", "of"):
                continue
            for row in table.shown():
                wanted = column.cases(row) if column.cases else None
                if numbers.is_missing(row[column.key]) or not row[column.key] or row.get("is_exact") is False:
                    continue  # nothing to open, or rounded so that it opens nothing
                opened += 1
                if wanted is None or cases.key(wanted, int(row[column.key])) is None:
                    wrong.append((table.key, column.key, row[column.key], wanted))
    assert opened > 300 and wrong == []


def test_the_late_tables_are_there(twice: Home) -> None:
    """The world is rich enough that the tables which came late have rows."""
    shown = tables(Measures(load(twice), "virtual"))
    keys = ("rule_use", "code_scores", "coverage", "holidays", "waiting", "contrasts", "chain_lengths", "tactics_by_age", "campaigns",
            "bounds", "sensitivity", "choices", "sequences")
    assert [key for key in keys if shown[key].frame.empty] == []
