"""Seconds and memory of the one step that needs all posts at once, alone: `python benchmarks/merge.py [--millions N ...]`.

The parts are invented: one part of generated posts, lent to all, each with an index of its own, drawn at random. So finding sights of
one post, copies and near copies meets as many numbers as that many posts have, without a day of labelling before. Of the posts 1% are
copied whole and 1% nearly, in other parts, and 1% are seen again (under fewer ids than in life: the lent ones). Texts are read for those
only, as in life.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import made
import numpy as np

from kamen_analysis.captures import importer
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import partition, parts
from kamen_analysis.pipeline.merge import merge

T = TypeVar("T")
POSTS = 8_000  # in a part, about as many as a capture holds
SHARED = POSTS // 100


def lent(folder: Path) -> parts.Part:
    """Return a part of POSTS generated posts, made as a build makes it."""
    home = Home(folder)
    importer.CAPTURE_BYTES = 1 << 30  # all in one
    importer.import_files("table", [made.write(folder / "posts.jsonl", POSTS)], home)
    (capture,) = home.raw.glob("*/*.warc.gz")
    kept, codes = parts.places(parts.cache(home), sha256(capture))
    parts.ensure(capture, home.raw, kept, codes)
    return parts.Part(**json.loads((kept / "counts.json").read_text("utf-8")), folder=kept, coded=codes)


def invented(model: parts.Part, folder: Path, count: int) -> list[parts.Part]:
    """Return `count` parts that differ in their index only: by turns rows of two neighbours share a post, a text or nearly a text."""
    found, draw = [], np.random.default_rng(count)
    real, before = np.load(model.folder / "index.npy"), np.empty(0, np.uint64)
    for number in range(count):
        index = draw.integers(1, 1 << 64, real.shape, np.uint64)
        index[[partition.AT, partition.LENGTH]] = real[[partition.AT, partition.LENGTH]]
        index[:, real[partition.ESSENCE] == 0] = real[:, real[partition.ESSENCE] == 0]
        index[partition.ID] = draw.integers(1, 1 << 64, POSTS, np.uint64)
        for rows, shared in ((partition.ID, 0), (partition.ESSENCE, 1), (slice(partition.BAND, None), 2)) if number % 2 else ():
            some = np.arange(shared * SHARED, (shared + 1) * SHARED) + number % 50 * 3 * SHARED % (POSTS - 3 * SHARED)
            index[rows, some] = before[rows, some]
        own = folder / f"{number}"
        shutil.copytree(model.folder, own, copy_function=os.link)
        (own / "index.npy").unlink()
        np.save(own / "index.npy", index)
        found.append(parts.Part(model.source, model.capture, model.counts, folder=own, coded=model.coded))
        before = index
    return found


def prepared(folder: Path, posts: int) -> list[parts.Part]:
    """Return the parts of so many posts, made below `folder`."""
    return invented(lent(folder), folder / "parts", posts // POSTS)


def decided(those: list[parts.Part], scratch: Path) -> dict[str, float]:
    """Return what deciding on all posts takes: processor seconds, and the MB this process held at most, and before."""
    before, began = _peak(), time.process_time()
    merged = merge(those, frozenset(), scratch)
    return {"posts": len(merged.keep), "cpu_s": round(time.process_time() - began, 1), "peak_mb": _peak(), "before_mb": before,
            "seen_again": len(merged.combined), "copies": len(merged.dup)}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def _apart(work: Callable[..., T], *given: Any) -> T:
    """Return what `work` gives in a fresh process: its memory holds nothing of what was done before."""
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        return executor.submit(work, *given).result()


def main() -> None:
    """Print one JSON line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 3])
    for millions in parser.parse_args().millions:
        with tempfile.TemporaryDirectory() as place:
            those = _apart(prepared, Path(place), int(millions * 1e6))
            print(json.dumps(_apart(decided, those, Path(place) / "scratch")), flush=True)


if __name__ == "__main__":
    main()
