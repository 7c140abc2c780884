"""New data, tried out: a copy of the working folder, a file taken in, everything built anew, and an exact account of what moved."""

from __future__ import annotations

import csv
import shutil
import tempfile
from pathlib import Path

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.checking import summary
from kamen_analysis.data import Data, load
from kamen_analysis.importing import import_files
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import build
from kamen_analysis.world import draw, frames

KEPT = ("data/raw", "data/processed", "data/.cache", "review")
HEADER = {"post_id": "编号", "title": "标题", "body": "正文", "target": "投诉对象", "posted_at": "发布时间", "amount_yuan": "涉诉金额",
          "is_synthetic": "演示数据"}


def rehearsal(home: Home) -> Home:
    """Return a copy of the captures, tables and codings of `home` in a temporary folder: what is done to it leaves `home` alone."""
    root = Path(tempfile.mkdtemp(prefix="kamen-rehearsal-"))
    for name in KEPT:
        if (home.root / name).is_dir():
            shutil.copytree(home.root / name, root / name)
    if (home.root / "platforms.yaml").exists():
        shutil.copyfile(home.root / "platforms.yaml", root / "platforms.yaml")
    return Home(root)


def example(folder: Path, posts: int = 150, seed: int = 8) -> Path:
    """Write a table of invented complaints, every row marked 演示数据, as the CSV of `kamen import table`, and return its path."""
    invented = frames.tables(draw.world(posts=posts, months=6, platforms=8, seed=seed))["posts"]
    rows = invented.assign(posted_at=invented["posted_at"].dt.strftime("%Y-%m-%d %H:%M"), is_synthetic="是",
                           post_id=invented["post_id"].str.replace(":", "-"))[list(HEADER)]
    path = folder / "新到的投诉_演示数据.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([list(HEADER.values()), *rows.itertuples(index=False)])
    return path


def rebuilt(home: Home, files: list[Path], source: str = "table") -> Data:
    """Take `files` in as `source`, build, print what both say, and return the new tables."""
    print("\n".join(import_files(home, source, files)))
    print(summary(build(home)))
    return load(home)


def compare(before: Data, after: Data) -> pd.DataFrame:
    """Return what became of the posts: change, n (posts), used_before, used_after; the used of all rows add to the totals."""
    both = before.posts[["post_id", "is_used"]].merge(after.posts[["post_id", "is_used"]], on="post_id", how="outer", indicator=True)
    was, now = (both[key].fillna(False).astype(bool) for key in ("is_used_x", "is_used_y"))
    change = both["_merge"].astype(str).map({"left_only": "不再有", "right_only": "新增", "both": "两次都有，计入与否未变"})
    change = change.mask((both["_merge"] == "both") & (was != now), "两次都有，计入与否变了")
    table = pd.DataFrame({"change": change, "used_before": was, "used_after": now})
    sums = {key: (key, "sum") for key in ("used_before", "used_after")}
    return table.groupby("change").agg(n=("change", "size"), **sums).reset_index()


def moved(before: Data, after: Data, scope: str = "virtual") -> pd.DataFrame:
    """Return why the count of each reason moved, exactly: n_before + new - gone + counted - uncounted + recoded = n_after.

    new, gone: posts in one of the two alone; counted, uncounted: posts in both that only then (or no longer) count, through gate,
    scope or duplicates; recoded: counted both times with another code. Beside them share and interval before and after.
    """
    old, now = _pairs(before, scope), _pairs(after, scope)
    posts_old, posts_now = (set(data.posts["post_id"]) for data in (before, after))
    used_old, used_now = (set(metrics.used(data.posts, scope)["post_id"]) for data in (before, after))
    rows = []
    for code, name in metrics.reason_names().items():
        a, b = old.get(code, set()), now.get(code, set())
        rows.append({"code": code, "name_zh": name, "n_before": len(a), "new": len(b - posts_old), "gone": len(a - posts_now),
                     "counted": len((b & posts_old) - used_old), "uncounted": len((a & posts_now) - used_now),
                     "recoded": len((b & used_old) - a) - len((a & used_now) - b), "n_after": len(b)})
    shares = [metrics.reasons(data.posts, data.labels, scope=scope).set_index("code")[["share", "low", "high"]] for data in (before, after)]
    table = pd.DataFrame(rows).join(shares[0].add_suffix("_before"), on="code").join(shares[1], on="code")
    table.attrs.update(origin(after.posts))
    return table.sort_values("n_after", ascending=False, ignore_index=True)


def _pairs(data: Data, scope: str) -> dict[str, set[str]]:
    used = metrics.used(data.posts, scope)["post_id"]
    chosen = data.labels[data.labels["post_id"].isin(used)]
    return {str(code): set(posts) for code, posts in chosen.groupby("code")["post_id"]}
