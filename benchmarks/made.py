"""Posts to measure with: of real length, varied, any number of them, quickly. Synthetic: they prove speed and memory only.

A few thousand posts of the synthetic world are the stock. Every further post is the front of one and the back of another, all its numbers
changed, so that no text stands twice and few are near copies: a cache gains nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from kamen_analysis.world import draw

STOCK = 5000
_CLAUSE = re.compile(r"[^。！？；，]+[。！？；，]*")
_BLOCK = 1000  # posts drawn together
_DIGITS = "456789"  # changed among themselves a mobile number stays one


def stock(n: int = STOCK, seed: int = 20261031) -> list[dict[str, Any]]:
    """Return n posts of the synthetic world as their writers wrote them, personal data included: all but an id."""
    world = draw.world(posts=n, seed=seed)
    return [{"title": text.title, "body": text.body, "target": world.platforms.names[row.platform],
             "amount_yuan": None if row.amount_yuan != row.amount_yuan else row.amount_yuan,
             "posted_at": f"{row.posted_at:%Y-%m-%d %H:%M:%S}", "status": "已回复" if row.Index % 3 else "处理中"}
            for text, row in zip(world.texts, world.posts.itertuples(), strict=True)]


def posts(count: int, first: int = 0, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Yield posts number `first` to `first + count`; the same number gives the same post."""
    known = stock()
    halves = [_CLAUSE.findall(post["body"]) for post in known]
    fronts = ["".join(clauses[: len(clauses) // 2 + 1]) for clauses in halves]
    backs = ["".join(clauses[len(clauses) // 2 + 1 :]) for clauses in halves]
    changes = [str.maketrans(_DIGITS, "".join(digits)) for digits in itertools.permutations(_DIGITS)]
    for block in range(first // _BLOCK, -(-(first + count) // _BLOCK)):
        drawn = np.random.default_rng([seed, block]).integers(0, (len(known), len(known), len(changes)), (_BLOCK, 3)).tolist()
        for number, (one, other, change) in enumerate(drawn, block * _BLOCK):
            if first <= number < first + count:
                digits = changes[change]
                yield {"id": f"TS{number:012}", **known[one], "title": known[one]["title"].translate(digits),
                       "body": (fronts[one] + backs[other]).translate(digits)}


def write(path: Path, count: int, first: int = 0) -> Path:
    """Write posts as JSON lines and return the file."""
    with path.open("wb") as file:
        for post in posts(count, first):
            file.write(orjson.dumps(post) + b"\n")
    return path
