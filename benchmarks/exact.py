"""Check the figures that are counts, which must be exactly those of the world, and whether copies planted close together are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kamen_analysis import metrics
from kamen_analysis.data import Data
from kamen_analysis.paths import Home
from kamen_analysis.world.model import World

Tables = dict[str, pd.DataFrame]
COPIES, HOURS = 6, 40  # planted
EARLIER = pd.Timedelta(days=60)  # how long before the world's end the build before was made


def off(world: World, tables: Tables, scope: str) -> dict[str, float]:
    """Return for each metric of counts the most by which it is off, 0 where it is right."""
    posts, shown = tables["posts"], world.posts[world.posts["shown"]]
    mine = shown[(shown["post_type"] == "complaint") & (shown["origin"] == shown.index)]
    months = mine.groupby(mine["posted_at"].dt.strftime("%Y-%m")).size()
    volume = metrics.volume(posts, by=None, scope=scope).set_index("period_zh")["n"].fillna(0).astype(int)
    covered, filled = metrics.coverage(posts, scope).iloc[0], metrics.fill(posts).iloc[0]
    kinds = shown["post_type"].value_counts()
    others = {str(kind): int(n) for kind, n in kinds.items() if kind != "complaint"}
    funnel = metrics.funnel({"stages": [{"stage": "gate", "in": len(posts), "out": len(posts) - sum(others.values()), "rejected": others}]})
    return {
        "used": float(abs(len(metrics.used(posts, scope)) - len(mine))),
        "volume": float(volume.sub(months, fill_value=0).abs().max()),
        "coverage": float(max(abs(covered["n"] - len(mine)), abs(covered["captured"] - len(shown)))),
        "fill": float(max(abs(filled["no_amount"] - shown["amount_yuan"].isna().sum()), abs(filled["used"] - len(mine)))),
        "funnel": float(abs(funnel["n"].iloc[0] - kinds["complaint"])),
        "explain": _explained(mine, tables, scope),
    }


def _explained(mine: pd.DataFrame, tables: Tables, scope: str) -> float:
    """Return the most by which the parts of a headline's change miss its sum, or late or new complaints miss those of the world."""
    after = tables["posts"]
    cut = after["last_seen_at"].max() - EARLIER
    before = after[after["first_seen_at"] <= cut]
    end = before[["posted_at", "first_seen_at"]].max().max().tz_localize(None)
    table = metrics.explain(_build(before, tables), _build(after, tables), scope)
    sums = table.groupby("headline").agg(value=("value", "sum"), before=("before", "first"), after=("after", "first")).dropna()
    came = mine[mine["first_seen_at"] > cut.tz_localize(None)]
    parts = table[table["headline"] == "used"].set_index("part")["value"]
    late = int((came["posted_at"] <= end).sum())
    missed = [(sums["value"] - (sums["after"] - sums["before"])).abs().max(), parts["late"] - late, parts["new"] - (len(came) - late)]
    return float(np.abs(missed).max().round(9))


def _build(posts: pd.DataFrame, tables: Tables) -> Data:
    some = {name: tables[name][tables[name]["post_id"].isin(posts["post_id"])] for name in ("events", "labels")}
    return Data(posts, some["events"], some["labels"], tables["rejected"], {}, Home(Path()))


def bursts(world: World, tables: Tables, scope: str) -> tuple[int, int, int]:
    """Return how many bursts were planted, how many of them found with all their copies and dates, and how many found are none."""
    rng, posts = np.random.default_rng([world.seed, 7]), tables["posts"]
    first = metrics.used(posts, scope).sample(1, random_state=int(rng.integers(2**31))).iloc[[0]]
    at = first["posted_at"].iloc[0] + pd.to_timedelta(np.sort(rng.uniform(0, HOURS, COPIES)), unit="h").as_unit("us")
    group = first["dup_group"].iloc[0]
    made = _copied(first, COPIES).assign(posted_at=at, dup_kind="exact", is_used=False)
    planted = pd.concat([posts, made.astype(posts.dtypes)], ignore_index=True)
    size = planted["dup_group"].map(planted.loc[planted["post_type"] == "complaint", "dup_group"].value_counts()).fillna(1)
    table = metrics.campaigns(planted.assign(dup_size=size.astype("int64")), scope)
    own = table["dup_group"] == group
    found = own & (table["n"] >= COPIES + 1) & (table["first_at"] <= at[0]) & (table["last_at"] >= at[-1])
    return 1, int(found.any()), int((~own).sum())


def farms(posts: pd.DataFrame) -> tuple[int, int]:
    """Return how many template farms were planted among advertisements with texts, and how many of them found whole."""
    ads = posts[(posts["post_type"] == "ad") & (posts["body"].str.len() > 60)]
    if ads.empty:
        return 0, 0
    made = _copied(ads.iloc[[0]], COPIES)
    table = metrics.template_farms(pd.concat([posts, made.astype(posts.dtypes)], ignore_index=True))
    return 1, int(any(set(made["post_id"]) <= set(row.evidence.split("、")) for row in table.itertuples()))


def _copied(post: pd.DataFrame, times: int) -> pd.DataFrame:
    made = pd.concat([post] * times, ignore_index=True)
    return made.assign(post_id=[f"{each}x{i}" for i, each in enumerate(made["post_id"])])
