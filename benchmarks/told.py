"""Set intervals of what posts tell (who sent whom on, channels tried, whole sequences, ages, statuses) beside their true values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import expected
import numpy as np
import pandas as pd

from kamen_analysis import metrics
from kamen_analysis.data import Data
from kamen_analysis.metrics.sensitivity import AS_BUILT
from kamen_analysis.paths import Home
from kamen_analysis.world import truth
from kamen_analysis.world.model import World

Tables = dict[str, pd.DataFrame]
Row = tuple[str, str, float, float, float, float]
SEEN = 12  # below this expected count a cell is at times withheld as 1–4, so that what is shown is a biased choice
CHANNELS = {"platform": (0.35, 1.0), "hotline_12315": (0.25, 2.0), "police": (0.06, 0.5)}  # share naming it, how early it is told
BODIES = ("platform", "merchant", "maker", "payer")
LINKS, CIRCLE = (0.2, 0.4, 0.25, 0.15), 0.3  # chains of 0 to 3 links; share of those of two and more that come back to their first body
PASSED = "stalling"  # frequent enough; its complaints tell the chains here


def checks(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Yield metric, part, value, low, high and truth of every interval."""
    yield from _channels(world, tables, scope)
    yield from _chains(world, tables, scope)
    yield from _sequences(world, tables, scope)
    yield from _ages(world, tables, scope)
    yield from _statuses(world, tables)
    yield from _solved(world, tables, scope)


def _rows(metric: str, table: pd.DataFrame, parts: pd.Series, values: dict[str, float]) -> Iterator[Row]:
    # The intervals of shares in `table`; `parts`: the part each row is about, `values`: the true share by part.
    for part, row in zip(parts, table.itertuples(), strict=True):
        if part in values and np.isfinite(row.low) and values[part] * row.of >= SEEN:
            yield metric, part, row.share, row.low, row.high, values[part]


def _channels(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Channels named independently of one another and of the outcome, told in the order of exponential times."""
    rng, ids = np.random.default_rng([world.seed, 5]), metrics.used(tables["posts"], scope)["post_id"].to_numpy()
    names, share, early = list(CHANNELS), *(np.array([law[i] for law in CHANNELS.values()]) for i in (0, 1))
    row, column = np.nonzero(rng.random((len(ids), len(names))) < share)
    start = (rng.exponential(1 / early[column]) * 1e6).astype("int64")
    said = pd.DataFrame({"post_id": ids[row], "channel": np.array(names)[column], "start": start})
    outcome = expected.self_reported(world)
    named = {**dict(zip(names, share.tolist(), strict=True)), "none": float(np.prod(1 - share))}
    table = metrics.channels(tables["posts"], said, scope=scope)
    yield from _rows("channels", table, table["channel"], named)
    for found in table.dropna(subset="solved_low").itertuples():
        if found.n * outcome["resolved"] >= SEEN:
            yield "channels", "solved", found.solved, found.solved_low, found.solved_high, float(outcome[["resolved", "partial"]].sum())
    table = metrics.channel_outcomes(tables["posts"], said, scope=scope)
    yield from _rows("channel_outcomes", table, table["outcome"], outcome.to_dict())
    table = metrics.channel_order(tables["posts"], said, scope=scope)
    table = table[table["channel_a"] < table["channel_b"]]
    first = {f"{a}<{b}": CHANNELS[a][1] / (CHANNELS[a][1] + CHANNELS[b][1]) for a in names for b in names if a < b}
    yield from _rows("channel_order", table, table["channel_a"] + "<" + table["channel_b"], first)


def _chains(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """Each complaint walks over bodies drawn anew, some back to the first: every pair is as likely as any other."""
    rng = np.random.default_rng([world.seed, 6])
    labels = tables["labels"].loc[tables["labels"]["code"] == PASSED].assign(code="buck_passing")
    told = []
    for post in labels["post_id"].unique():
        links = int(rng.choice(len(LINKS), p=LINKS))
        path = list(rng.permutation(len(BODIES))[: links + 1])
        path[-1] = path[0] if links > 1 and rng.random() < CIRCLE else path[-1]
        told += [{"post_id": post, "step": step, "source": BODIES[a], "target": BODIES[b]} for step, (a, b) in enumerate(pairwise(path))]
    said = pd.DataFrame(told, columns=["post_id", "step", "source", "target"])
    table = metrics.chains(tables["posts"], labels, said, scope=scope)
    share = sum(length * p for length, p in enumerate(LINKS)) / (len(BODIES) * (len(BODIES) - 1))
    yield from _rows("chains", table, pd.Series("pair", table.index), {"pair": share})
    table = metrics.chain_lengths(tables["posts"], labels, said, scope=scope)
    lengths = {**{str(k): p for k, p in enumerate(LINKS)}, "circle": CIRCLE * sum(LINKS[2:])}
    yield from _rows("chain_lengths", table, table["length"], lengths)


def _sequences(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    labels = tables["labels"].assign(start=tables["labels"].groupby("post_id").cumcount())
    table = metrics.sequences(tables["posts"], labels, scope=scope)
    for row in _rows("sequences", table, table["sequence"], expected.sequences(world).to_dict()):
        yield row[0], "", *row[2:]


def _ages(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """The true share at an age is the mean of its platforms' shares, each weighted by how often it is seen at that age."""
    each = truth.prevalence_each(world).set_axis(world.platforms.names)
    chosen, _ = metrics.selection.counted(tables["posts"], scope, "platform")
    quarter = chosen["posted_at"].dt.year * 4 + chosen["posted_at"].dt.quarter
    age = (quarter - quarter.groupby(chosen["platform"]).transform("min")).clip(upper=metrics.escalation.OLDEST)
    seen = pd.crosstab(age, chosen["platform"])
    true = seen.div(seen.sum(axis=1), axis=0) @ each.loc[seen.columns]
    table = metrics.tactics_by_age(tables["posts"], tables["labels"], scope=scope)
    for row in table.dropna(subset="low").itertuples():
        if row.code in true and true.loc[row.age, row.code] * row.of >= SEEN:
            yield "tactics_by_age", "", row.share, row.low, row.high, float(true.loc[row.age, row.code])


def _statuses(world: World, tables: Tables) -> Iterator[Row]:
    """What the board shows of first posts: the endings so far of complaints, which are a stated share of all posts."""
    table = metrics.statuses(tables["posts"][tables["posts"]["dup_kind"] == "first"])
    curves, (age, cells) = expected.Curves(world), expected.ages(world)
    shown = {"已完成": ["consumer_confirmed", "auto_closed"], "已关闭": ["closed"], "已撤诉": ["withdrawn"]}
    share = world.spec.post_types["complaint"]
    yield from _rows("statuses", table, table["status"], {name: share * curves.seen(kinds, age, cells) for name, kinds in shown.items()})


def _solved(world: World, tables: Tables, scope: str) -> Iterator[Row]:
    """The headlines of the sensitivity panel as built; the other choices have intervals of the same kind."""
    data = Data(tables["posts"], tables["events"], tables["labels"], tables["rejected"], {}, Home(Path()))
    table = metrics.sensitivity(data, scope=scope)
    outcome, codes = expected.self_reported(world), truth.prevalence(world)
    true = {"solved": float(outcome[["resolved", "partial"]].sum()), **{f"reason:{code}": float(p) for code, p in codes.items()}}
    for row in table[table["variant"] == AS_BUILT].dropna(subset="low").itertuples():
        yield "sensitivity", "", row.value, row.low, row.high, true[row.headline]
