"""Random samples of the counted complaints: drawn, recorded, and written in the forms that coders' tools read."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import kamen_analysis.codebook as codebook
from kamen_analysis import metrics
from kamen_analysis.data import load, read_manifest
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_write, sha256
from kamen_analysis.pipeline import gold
from kamen_analysis.review import formats

STRATA = ("product", "platform", "month")
_NAME = re.compile(r"[\w\-]{1,40}")


@dataclass(frozen=True)
class Plan:
    """How a sample is drawn: number of posts, strata (one of STRATA), whether the machine's codes are hidden, seed, and scope."""

    size: int = 200
    stratify: str | None = None
    blind: bool = False
    seed: int = 1
    scope: str = "virtual"


@dataclass(frozen=True)
class Sample:
    """A sample as recorded in sample.json.

    posts: one record per post (post_id, stratum, weight, text (digest), suggested (the machine's codes)); drawn_from: digest of the
    manifest of the tables; population: number of posts that could have been drawn.
    """

    name: str
    plan: Plan
    drawn_from: str
    data_as_of: str | None
    codebook: str
    population: int
    posts: list[dict[str, Any]]

    @property
    def suggested(self) -> dict[str, list[str]]:
        """The machine's codes by post_id, in the order drawn."""
        return {post["post_id"]: post["suggested"] for post in self.posts}


def folder(where: Home, name: str) -> Path:
    """Return the folder of the sample `name`. Raises KamenError if the name is not a plain word."""
    if not _NAME.fullmatch(name):
        raise KamenError("名称只能用字母、汉字、数字、下划线和短横，不超过 40 个字")
    return where.root / "review" / name


def recall(where: Home, name: str) -> Sample:
    """Return the sample recorded under `name`. Raises KamenError if there is none or its record is damaged."""
    path = folder(where, name) / "sample.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Sample(**record | {"plan": Plan(**record["plan"])})
    except FileNotFoundError:
        raise KamenError(f"没有名为 {name} 的样本：{path} 不存在，请先运行 kamen review sample") from None
    except (ValueError, TypeError, KeyError):
        raise KamenError(f"读不了 {path}：文件损坏") from None


def draw(where: Home, name: str, plan: Plan, out: Path) -> list[Path]:
    """Draw and record the sample `name`, and write the coders' files into `out`; return the paths of the record and the files.

    Raises KamenError if the name is in use.
    """
    record = folder(where, name) / "sample.json"
    if record.exists():
        raise KamenError(f"样本 {name} 已经抽过：{record}；请换一个 --name")
    read_manifest(where)  # fails without tables, for which `load` would fall back on the demonstration's
    data = load(where)
    labels = gold.machine(data.labels, data.manifest).groupby("post_id")["code"].agg(lambda codes: sorted(set(codes))).to_dict()
    chosen, population = _drawn(data.posts, plan)
    rows = chosen[["post_id", "title", "body", "stratum", "weight"]].to_dict("records")
    posts = [{"post_id": row["post_id"], "stratum": row["stratum"], "weight": round(row["weight"], 6),
              "text": gold.text_digest(row["title"], row["body"]), "suggested": labels.get(row["post_id"], [])} for row in rows]
    sample = Sample(name, plan, sha256(where.processed / "manifest.json"), data.manifest.get("last_capture"), codebook.load().version,
                    population, posts)
    tasks = [formats.Task(row["post_id"], row["title"], row["body"], () if plan.blind else tuple(post["suggested"] or [formats.NONE]))
             for row, post in zip(rows, posts, strict=True)]
    written = formats.write(tasks, out, name, data.is_synthetic)
    with atomic_write(record) as file:
        json.dump(asdict(sample), file, ensure_ascii=False, indent=1)
    return [record, *written]


def _drawn(posts: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, int]:
    """Return the posts drawn, with `stratum` and `weight` (posts in the stratum ÷ posts drawn from it), and the number of all posts.

    Each stratum gives the same number of posts, or all it has if they are fewer; without strata all posts are one stratum.
    """
    if plan.size < 1:
        raise KamenError("--size 至少为 1")
    counted = metrics.used(posts, plan.scope).sort_values("post_id")
    if counted.empty:
        raise KamenError("没有可抽的投诉（可试 --scope all）")
    strata = _strata(counted, plan.stratify)
    if strata.nunique() > plan.size:
        raise KamenError(f"--stratify {plan.stratify} 有 {strata.nunique()} 层，多于 --size {plan.size}：有的层会一件也抽不到")
    shuffled = counted.assign(stratum=strata).sample(frac=1, random_state=plan.seed)
    # The first post of every stratum, then the second of every stratum, and so on.
    in_turn = shuffled.groupby("stratum").cumcount().sort_values(kind="stable").index[:plan.size]
    chosen = shuffled.loc[shuffled.index.isin(in_turn)]
    weight = strata.value_counts() / chosen["stratum"].value_counts()
    return chosen.assign(weight=chosen["stratum"].map(weight)), len(counted)


def _strata(posts: pd.DataFrame, by: str | None) -> pd.Series:
    if by is None:
        return pd.Series("", index=posts.index, dtype="str")
    known = posts["posted_at"].dt.strftime("%Y-%m") if by == "month" else posts[by]
    return known.astype("str").where(known.notna(), "未注明")
