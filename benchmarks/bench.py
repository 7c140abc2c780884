"""Speed, side by side in one run on the same generated posts: our build, the usual notebook, the floor, and the parts alone.

Prints a table and, last, one JSON line. Ratios are what to quote: machines are noisy. The posts are synthetic and prove speed only.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ahocorasick_rs
import jieba
import pandas as pd

from kamen_analysis import codebook
from kamen_analysis.captures.importer import import_files
from kamen_analysis.label.posts import label_posts
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build
from kamen_analysis.redact import redact_many
from kamen_analysis.report.build import report
from kamen_analysis.world import draw

# A keyword or two a reason: what such notebooks hold.
KEYWORDS = {"已激活": ["已激活", "已使用"], "拖延": ["拖延", "等待", "审核中"], "私下转账": ["微信", "转账"], "虚拟商品": ["虚拟商品"],
            "格式条款": ["概不退换", "最终解释权"], "失联": ["拉黑", "跑路"], "封号": ["封号", "冻结"], "踢皮球": ["踢皮球", "推诿"]}
PHONE = re.compile(r"1[3-9]\d{9}")


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def posts(n: int, folder: Path) -> Path:
    """Write n generated posts as JSONL and return the file."""
    table = draw.tables(draw.world(posts=n))["posts"]
    table = table[["post_id", "title", "body", "target", "amount_yuan", "posted_at", "status"]].rename(columns={"post_id": "id"})
    path = folder / "posts.jsonl"
    table = table.assign(posted_at=table["posted_at"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    table.to_json(path, orient="records", lines=True, force_ascii=False)
    return path


def usual(path: Path, out: Path) -> None:
    """The usual notebook, as people write it."""
    data = pd.read_json(path, lines=True)
    data["text"] = data.apply(lambda row: f"{row['title']}{row['body']}", axis=1)
    data = data.drop_duplicates("text")
    data["words"] = data["text"].apply(jieba.lcut)
    data["text"] = data["text"].apply(lambda text: PHONE.sub("***", text))
    for name, keywords in KEYWORDS.items():
        data[name] = data["text"].apply(lambda text, keywords=keywords: any(keyword in text for keyword in keywords))
    data.drop(columns="words").to_parquet(out)


def floor(path: Path, out: Path, cues: list[str]) -> None:
    """Read, one automaton pass, write: what no build of this kind can beat."""
    data = pd.read_json(path, lines=True)
    automaton = ahocorasick_rs.AhoCorasick(cues)
    data["hits"] = [len(automaton.find_matches_as_indexes(text)) for text in data["body"]]
    data.to_parquet(out)


def measure(n: int, folder: Path) -> dict[str, Any]:
    """Return every figure at n posts."""
    path, home = posts(n, folder), Home(folder)
    texts = pd.read_json(path, lines=True)
    asked = texts[["id", "title", "body", "target"]].astype({"id": str}).to_dict("records")
    jieba.initialize()
    import_files("table", [path], home)
    found: dict[str, Any] = {"n": n, "mean_characters": round(float(texts["body"].str.len().mean()), 1)}
    found["build_s"] = timed(lambda: build(home))
    found["rerun_noop_s"] = timed(lambda: build(home))
    found["naive_s"] = timed(lambda: usual(path, folder / "usual.parquet"))
    cues = sorted({cue for words in KEYWORDS.values() for cue in words} | {r.name_zh for r in codebook.load().reasons.values()})
    found["floor_s"] = timed(lambda: floor(path, folder / "floor.parquet", cues))
    found["label_s"] = timed(lambda: label_posts(asked))
    found["redact_s"] = timed(lambda: redact_many(texts["body"].tolist()))
    found["report_s"] = timed(lambda: report(home))
    found["help_s"] = min(timed(lambda: subprocess.run([sys.executable, "-m", "kamen_analysis", "--help"], capture_output=True, check=True))
                          for _ in range(5))
    found["peak_mb"] = round(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024)
    return found


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """Return the rates and ratios of a measurement."""
    rate = {name: round(found["n"] / found[f"{name}_s"]) for name in ("build", "naive", "floor", "label", "redact")}
    return {
        "n": found["n"], "mean_characters": found["mean_characters"], **{f"{name}_posts_per_s": value for name, value in rate.items()},
        "ratio_naive": round(rate["build"] / rate["naive"], 2), "ratio_floor": round(rate["floor"] / rate["build"], 2),
        "rerun_noop_s": round(found["rerun_noop_s"], 2), "report_s": round(found["report_s"], 2), "help_s": round(found["help_s"], 3),
        "peak_mb": found["peak_mb"],
    }


def main() -> None:
    """Measure, print the table, print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    with tempfile.TemporaryDirectory() as folder:
        found = figures(measure(parser.parse_args().posts, Path(folder)))
    for name, value in found.items():
        print(f"{name:24}{value:>12,}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
