"""How often do the platform contrasts find a difference where there is none? Worlds whose platforms are dealt out at random.

Prints the family-wise error of the small-sample p that is published, and of the usual chi-squared one, with Wilson's 95% interval. Exits 1
where the published one is shown to pass 7% or to stay under 3%.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from unittest import mock

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from kamen_analysis import metrics, stats
from kamen_analysis.metrics import contrast
from kamen_analysis.world import draw

LIMITS = (0.03, 0.07)


def usual(score: str) -> object:
    """Return the test named with its chi-squared p, whose direction is not looked at."""
    return lambda spells: stats.Tested(1.0, getattr(stats, score)(spells)[1])


def families(seed: int, posts: int = 1500) -> tuple[bool, bool, bool, int]:
    """Return whether platforms dealt out anew differ by the published p, by the usual p, or all at once; and how many tests were made."""
    tables = draw.tables(draw.world(posts=posts, seed=seed), texts=False)
    chosen = metrics.used(tables["posts"], "all")
    dealt = chosen.assign(platform=np.random.default_rng([seed, 3]).permutation(chosen["platform"].to_numpy()))
    table = metrics.contrasts(dealt, tables["events"], scope="all")
    with mock.patch.multiple(contrast, logrank_test=usual("logrank_spells"), gray_test=usual("gray_spells")):
        other = metrics.contrasts(dealt, tables["events"], scope="all")
    together = table["platform"] == contrast.ALL
    found = [bool((each["p_holm"] < 0.05).any()) for each in (table, other)]
    return found[0], found[1], bool((table.loc[together, "p"] < 0.05 / max(together.sum(), 1)).any()), int(table["p_holm"].notna().sum())


def main() -> int:
    """Deal the platforms of many worlds out at random and count the families with a finding."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        seen = np.array(list(pool.map(families, range(10_000, 10_000 + given.worlds), chunksize=10)), dtype=float)
    result = {}
    for name, column in zip(("published", "chi_squared", "all_platforms_at_once"), seen.T, strict=False):
        low, high = stats.wilson(column.sum(), len(column))
        result[name] = {"error": round(float(column.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
        print(f"{name}: {column.mean():.1%} ({low:.1%}–{high:.1%})")
    print(json.dumps({**result, "n": given.worlds, "tests": round(float(seen[:, 3].mean()), 1)}))
    return int(result["published"]["low"] > LIMITS[1] or result["published"]["high"] < LIMITS[0])


if __name__ == "__main__":
    sys.exit(main())
