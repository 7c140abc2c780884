"""Speed and memory, side by side in one run on the same generated posts: our build, the usual notebook, the floor, the parts alone.

Prints a table and, last, one JSON line. Ratios are what to quote: machines are noisy. The posts are synthetic and prove speed only.

Labelling and redaction alone are told for one core and for all: a process a core, which has its share of the posts, and has read full
batches of others, before the clock starts. The JSON line has those of all cores.

A build's seconds and memory are those of a process of its own with its workers (memory: the sum of their proportional set sizes,
looked at twice a second). Every post is read, redacted and labelled. The figures called 1m are those of --large posts, a million unless
asked otherwise: the whole ends within eight minutes on two quiet cores. `large_posts` beside them says how many, and the ratio of a rerun
with 1% more is theirs, since starting costs the same whatever the number. With --lend the labels at --large are lent: real labels of a
sample, given out in turn, which leaves out the memory of labelling.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import jieba
import made
import rivals
from watch import BUILD, REPORT, watched

from kamen_analysis.captures.importer import import_files
from kamen_analysis.label.posts import label_posts
from kamen_analysis.paths import Home
from kamen_analysis.redact import redact_many

HERE = Path(__file__).resolve().parent
FULL = 5000  # Posts that make a full batch of either.
DEALT = 4  # On all cores so many times the posts are read: what is over in a moment cannot be measured.
KEYS = ("build_posts_per_s", "naive_posts_per_s", "ratio_naive", "floor_posts_per_s", "ratio_floor", "label_posts_per_s",
        "redact_posts_per_s", "peak_mb_100k", "peak_mb_1m", "rerun_1pct_ratio", "rerun_noop_s", "report_s", "help_s", "fetch_ratio_scrapy")


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def say(what: str, value: float, unit: str) -> None:
    """Print one line of the table."""
    print(f"{what:<58}{value:>14,.{0 if value >= 100 else 3}f} {unit}", flush=True)


def at_work(work: Callable[[list[Any]], Any], others: list[Any], texts: list[Any], pipe: Connection) -> None:
    """Do `work` over other texts first, which loads what it needs and touches as much memory, say so, and when told do it and say so."""
    work(others)
    pipe.send(True)
    pipe.recv()
    work(texts)
    pipe.send(True)


def on_all_cores(work: Callable[[list[Any]], Any], others: list[Any], texts: list[Any]) -> float:
    """Return the seconds `work` takes over texts dealt out to a process a core, which read `others` before the clock starts."""
    cores, pipes = os.cpu_count() or 1, []
    for core in range(cores):
        own, other = Pipe()
        Process(target=at_work, args=(work, others, texts[core::cores], other), daemon=True).start()
        other.close()  # So that a process that fails is noticed.
        pipes.append(own)

    def done() -> None:
        for pipe in pipes:
            pipe.send(True)
        for pipe in pipes:
            pipe.recv()

    for pipe in pipes:
        pipe.recv()
    return timed(done)


def small(n: int, folder: Path) -> dict[str, float]:
    """Return the rates at n posts: notebook, floor, labelling and redaction (on one core and on all), parsers."""
    path = made.write(folder / "posts.jsonl", n)
    every = list(made.posts(n * DEALT + FULL))
    asked, posts, others = every[:n], every[:-FULL], every[-FULL:]
    bodies, other_bodies = ([post["body"] for post in some] for some in (posts, others))
    say("characters a post", sum(map(len, bodies[:n])) / n, "")
    jieba.initialize()
    label_posts(others)
    redact_many(other_bodies)
    works: dict[str, Callable[[], Any]] = {
        "naive": lambda: rivals.usual(path, folder / "usual.parquet"), "floor": lambda: rivals.floor(path, folder / "floor.parquet"),
        "label": lambda: label_posts(asked), "redact": lambda: redact_many(bodies[:n])}
    rates = {name: n / timed(work) for name, work in works.items()}
    rates |= {"labels": len(posts) / on_all_cores(label_posts, others, posts),
              "redacts": len(posts) / on_all_cores(redact_many, other_bodies, bodies)}
    cores = f"{os.cpu_count()} cores"
    for name, what in (("naive", "usual notebook"), ("floor", "floor, one core"), ("label", "labelling, one core"),
                       ("labels", f"labelling, {cores}"), ("redact", "redaction, one core"), ("redacts", f"redaction, {cores}")):
        say(f"{what}, {len(posts) if name[-1] == 's' else n:,} posts", rates[name], "posts/s")
    pages = rivals.pages_per_s(asked[:2000])
    say("pages read by Beautiful Soup on lxml", pages["bs4"], "pages/s")
    say("pages read by selectolax", pages["selectolax"], "pages/s")
    return rates


def grown(home: Home, count: int, first: int = 0) -> Home:
    """Import `count` posts more."""
    home.root.mkdir(exist_ok=True)
    path = made.write(home.root / f"posts{first}.jsonl", count, first)
    import_files("table", [path], home)
    path.unlink()
    return home


def middle(n: int, folder: Path) -> dict[str, float]:
    """Return build rate, memory and reruns at n posts, all labelled."""
    home = grown(Home(folder / "middle"), n)
    seconds, peak = watched(BUILD, str(home.root))
    noop, _ = watched(BUILD, str(home.root))
    say(f"build, {n:,} posts", n / seconds, "posts/s")
    say(f"build, {n:,} posts, peak memory", peak, "MB")
    say(f"rerun, nothing new, {n:,} posts", noop, "s")
    again(home, n, seconds)
    return {"rate": n / seconds, "peak": peak}


def again(home: Home, n: int, seconds: float, *sample: str) -> float:
    """Return what a rerun with 1% more than n posts takes of the build's seconds."""
    grown(home, n // 100, n)
    more, _ = watched(BUILD, str(home.root), *sample)
    say(f"rerun, 1% new, {n:,} posts", more, f"s ({more / seconds:.1%} of the build)")
    return more / seconds


def large(n: int, folder: Path, lend: bool) -> dict[str, float]:
    """Return memory, reruns and report at n posts."""
    home = grown(Home(folder / "large"), n)
    sample = [str(made.write(folder / "sample.jsonl", 2000))] if lend else []
    seconds, peak = watched(BUILD, str(home.root), *sample)
    noop, _ = watched(BUILD, str(home.root), *sample)
    told = f"{n:,} posts" + (", labels lent" if lend else "")
    say(f"build, {told}", n / seconds, "posts/s")
    say(f"build, {told}, peak memory", peak, "MB")
    say(f"rerun, nothing new, {told}", noop, "s")
    report, report_peak = watched(REPORT, str(home.root))
    say(f"report, all formats, {told}", report, "s")
    say(f"report, {told}, peak memory", report_peak, "MB")
    return {"peak": peak, "noop": noop, "report": report, "more": again(home, n, seconds, *sample)}


def help_s() -> float:
    """Return the best seconds of `kamen --help` out of five."""
    return min(timed(lambda: subprocess.run([sys.executable, "-m", "kamen_analysis", "--help"], capture_output=True, check=True))
               for _ in range(5))


def scrapy() -> float:
    """Return our pages a second over Scrapy's."""
    done = subprocess.run([sys.executable, str(HERE / "fetch.py"), "--pages", "1000"], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    say("fetch, loopback", found["kamen_pages_per_s"], "pages/s")
    say("Scrapy, the same pages", found["scrapy_pages_per_s"], "pages/s")
    return found["ratio_scrapy"]


def main() -> None:
    """Measure, print the table, print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000, help="posts for notebook, floor, labelling, redaction")
    parser.add_argument("--middle", type=int, default=100_000, help="posts of the build that is timed")
    parser.add_argument("--large", type=int, default=1_000_000, help="posts of the build whose memory is measured; 10000000 takes an hour")
    parser.add_argument("--lend", action="store_true", help="do not label the posts of --large, lend them labels")
    asked, began = parser.parse_args(), time.perf_counter()
    print(f"{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rates, built = small(asked.posts, folder), middle(asked.middle, folder)
        big = large(asked.large, folder, asked.lend)
    found = dict(zip(KEYS, (
        round(built["rate"]), round(rates["naive"]), round(built["rate"] / rates["naive"], 2), round(rates["floor"]),
        round(rates["floor"] / built["rate"], 2), round(rates["labels"]), round(rates["redacts"]), round(built["peak"]), round(big["peak"]),
        round(big["more"], 4), round(big["noop"], 2), round(big["report"], 1), round(help_s(), 3), round(scrapy(), 2)), strict=True))
    say("the whole bench", time.perf_counter() - began, "s")
    lent = ", labels lent" if asked.lend else ""
    print(f"load at the end {os.getloadavg()[0]:.1f}; figures called 1m are of {asked.large:,} posts{lent}")
    print(json.dumps(found | {"large_posts": asked.large}))


if __name__ == "__main__":
    main()
