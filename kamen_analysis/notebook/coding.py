"""A coded sample in a notebook: coders' agreement, the machine against gold, where they differ, how many more codings are needed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.stats.inter_rater import cohens_kappa

import kamen_analysis.metrics as metrics
from kamen_analysis.data import Data
from kamen_analysis.metrics.accuracy import accuracy as machine_accuracy
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.pipeline import gold as settled
from kamen_analysis.review import agree, gold, sample

Codes = dict[str, frozenset[str]]
MISSED, ADDED = 0.08, 0.01  # how often an imitated coder passes over a code, or sees one that is not there
NONE = "（没有）"


@dataclass(frozen=True)
class Codings:
    """A coded sample: its posts, each coder's codes, the codes settled, the machine's labels; imitated where nobody has coded yet."""

    posts: pd.DataFrame
    coders: dict[str, Codes]
    gold: Codes
    machine: pd.DataFrame
    is_imitated: bool

    @property
    def codes(self) -> list[str]:
        """The codes anyone chose, in the codebook's order."""
        said = {code for codes in (*self.coders.values(), self.gold) for chosen in codes.values() for code in chosen}
        return [code for code in metrics.reason_names() if code in said]

    @property
    def coded(self) -> pd.DataFrame:
        """The settled codes as rows of post_id and code; a post without any reason has one row with code missing."""
        rows = [(post, code) for post, codes in self.gold.items() for code in (*sorted(codes),) or (None,)]
        return pd.DataFrame(rows, columns=["post_id", "code"])


def codings(data: Data, name: str | None = None, size: int = 200, seed: int = 1) -> Codings:
    """Return the coded sample `name` (`kamen review`) as far as it is among the posts of `data`.

    Without a name: `size` random posts with two imitated coders, made from the machine's labels with errors put in: it shows the
    way, its figures say nothing about coders or rules.
    """
    machine = settled.machine(data.labels, data.manifest)
    if name is None:
        return _imitated(data, machine, size, seed)
    drawn = data.posts[data.posts["post_id"].isin(sample.recall(data.home, name).suggested)]
    rows = settled.rows(sample.folder(data.home, name) / "gold.jsonl")
    given = {coder: _within(codes, drawn) for coder, codes in gold.coders(data.home, name).items()}
    return Codings(drawn, given, _within({row["post_id"]: frozenset(row["codes"]) for row in rows}, drawn), machine, is_imitated=False)


def _within(codes: Codes, posts: pd.DataFrame) -> Codes:
    here = set(posts["post_id"])
    return {post: chosen for post, chosen in codes.items() if post in here}


def _imitated(data: Data, machine: pd.DataFrame, size: int, seed: int) -> Codings:
    counted = metrics.used(data.posts)
    drawn = counted.sample(min(size, len(counted)), random_state=seed)
    ours = _by_post(machine)
    random, names = np.random.default_rng(seed), list(metrics.reason_names())

    def reading() -> Codes:
        return {post: frozenset(code for code in names if random.random() < (1 - MISSED if code in ours.get(post, ()) else ADDED))
                for post in drawn["post_id"]}

    return Codings(drawn, {"模拟甲": reading(), "模拟乙": reading()}, reading(), machine, is_imitated=True)


def _by_post(labels: pd.DataFrame) -> Codes:
    return {str(post): frozenset(codes) for post, codes in labels.groupby("post_id")["code"]}


def agreement(made: Codings) -> pd.DataFrame:
    """Return agreement by code: code, name_zh, posts, chosen, alpha, low, high (bootstrap over posts), f1, kappa, kappa_low, kappa_high.

    Alpha is Krippendorff's (see `review.agree`), kappa Cohen's with its large-sample interval (Fleiss, Cohen & Everitt 1969), for two
    coders only.
    """
    table = agree.table(made.coders, list(made.posts["post_id"]), made.codes)
    kappa = pd.DataFrame([_kappa(made, code) for code in table["code"]], columns=["kappa", "kappa_low", "kappa_high"], index=table.index)
    table.insert(1, "name_zh", table["code"].map(metrics.reason_names()))
    return _marked(pd.concat([table, kappa], axis=1), made)


def _kappa(made: Codings, code: str) -> tuple[float, float, float]:
    if len(made.coders) != 2:
        return (np.nan,) * 3
    one, other = made.coders.values()
    both = [post for post in one if post in other]
    grid = np.array([[sum((code in one[p], code in other[p]) == (a, b) for p in both) for b in (False, True)] for a in (False, True)])
    if (grid.sum(axis=0) == 0).any() and (grid.sum(axis=1) == 0).any():
        return (np.nan,) * 3  # nothing varies
    found = cohens_kappa(grid)
    return float(found.kappa), float(max(found.kappa_low, -1.0)), float(min(found.kappa_upp, 1.0))


def accuracy(made: Codings) -> pd.DataFrame:
    """Return the machine's precision and recall against the settled codes (`metrics.accuracy`), for the codes anyone chose."""
    table = machine_accuracy(made.posts, made.machine, made.coded, "all")
    return _marked(table[table["code"].isin(made.codes)].reset_index(drop=True), made)


def corrected(data: Data, scope: str = "virtual") -> pd.DataFrame:
    """Return `metrics.corrected` by the simple random sample people have settled for this scope, as far as it is among the posts of `data`.

    Without one, or with under thirty posts of it, every row says 未校正 and has only the bounds.
    """
    known = data.manifest.get("coded_sample")
    named = known["posts"] if known and known["scope"] in ("all", scope) else []
    mine = data.posts.loc[data.posts["post_id"].isin(named), ["post_id"]]
    coded = mine.merge(data.labels[["post_id", "code"]].drop_duplicates(), how="left")
    return metrics.corrected(data.posts, settled.machine(data.labels, data.manifest), coded, scope)


def confusion(made: Codings) -> pd.DataFrame:
    """Return what the machine said instead: rows the settled code it missed, columns the code it gave that is not settled; posts."""
    ours = _by_post(made.machine)
    pairs: Counter[tuple[str, str]] = Counter()
    for post, true in made.gold.items():
        missed, wrong = true - ours.get(post, frozenset()), ours.get(post, frozenset()) - true
        pairs.update((a, b) for a in missed or ({NONE} if wrong else ()) for b in wrong or {NONE})
    names = {**metrics.reason_names(), NONE: NONE}
    rows = pd.DataFrame([(names[a], names[b], n) for (a, b), n in pairs.items()], columns=["人工", "机器", "件"])
    return rows.pivot_table(index="人工", columns="机器", values="件", aggfunc="sum", fill_value=0)


def needed(made: Codings, half: float = 0.03, level: float = 0.95) -> pd.DataFrame:
    """Return how many posts to code so that an interval is ± `half`: code, name_zh, share, for_share, recall, for_recall.

    Normal approximation n = z²·p(1-p)/half². Recall rests only on posts that have the code, so its n is divided by their share;
    a recall of 0 or 1 counts as one half a post away from it.
    """
    table = accuracy(made)
    n, z2 = max(len(made.gold), 1), float(norm.ppf((1 + level) / 2)) ** 2
    share = table["human"] / n
    recall = ((table["both"] + 0.5) / (table["human"] + 1)).where(table["human"] > 0)
    for_recall = z2 * recall * (1 - recall) / half**2 / share.where(share > 0)
    result = table[["code", "name_zh"]].assign(share=share, for_share=np.ceil(z2 * share * (1 - share) / half**2), recall=table["recall"],
                                               for_recall=np.ceil(for_recall))
    return _marked(result, made)


def _marked(table: pd.DataFrame, made: Codings) -> pd.DataFrame:
    table.attrs.update(origin(made.posts))
    if made.is_imitated:
        table.attrs["imitated"] = True
    return table
