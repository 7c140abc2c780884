"""Measure labelling alone: posts a second on one core, memory, where the time goes. The posts are generated and prove speed only."""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import time
from typing import Any

import numpy as np

from kamen_analysis.label import model, reasons
from kamen_analysis.label.posts import label_post, label_posts
from kamen_analysis.world import draw

LONGEST = 1000  # Without the few generated giants the lengths are those of real posts, 150 characters on average.


def posts(n: int) -> list[dict[str, Any]]:
    """Return about n generated posts."""
    table = draw.tables(draw.world(posts=n))["posts"][["post_id", "title", "body", "target"]]
    table = table[table["body"].str.len() < LONGEST].rename(columns={"post_id": "id"}).astype({"id": str})
    found: list[dict[str, Any]] = table.to_dict("records")
    return found


def peak() -> float:
    """Return the peak memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(n: int) -> dict[str, float]:
    """Return the figures at n posts: CPU time of one core, wall-clock rate, and the memory that labelling added."""
    asked = posts(n)
    start = time.perf_counter()
    label_posts(asked[:10])
    found: dict[str, float] = {"posts": len(asked), "characters": sum(len(post["body"]) for post in asked) / len(asked)}
    found["first_s"], before = time.perf_counter() - start, peak()
    cpu, wall = time.process_time(), time.perf_counter()
    label_posts(asked)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    found |= {"label_posts_per_cpu_s": len(asked) / cpu, "label_posts_per_s": len(asked) / wall, "added_mb": peak() - before}
    heard = reasons.hear([post["title"] for post in asked[:10000]], [post["body"] for post in asked[:10000]])
    cpu = time.process_time()
    model.load().ask(heard, np.arange(len(heard.texts), dtype=np.int32))
    found["opinion_posts_per_cpu_s"] = len(heard.texts) / (time.process_time() - cpu)
    cpu = time.process_time()
    for post in asked[:50]:
        label_post(post)
    found["one_post_ms"] = (time.process_time() - cpu) / 50 * 1000
    return {name: round(value, 1) for name, value in found.items()}


def main() -> None:
    """Measure, or profile with --profile, and print the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=30_000)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    if options.profile:
        asked, profile = posts(options.posts), cProfile.Profile(time.process_time)
        label_posts(asked[:10])
        profile.runcall(label_posts, asked)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        pstats.Stats(profile).sort_stats("cumtime").print_stats("label", 45)
    print(json.dumps(measure(options.posts)))


if __name__ == "__main__":
    main()
