"""A recorded random sample of the counted complaints, handed to coders in the forms their tools read."""

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
    """How a sample is drawn: how many posts, of which scope, from which strata, with which seed, with our labels shown or not."""

    size: int = 200
    stratify: str | None = None
    blind: bool = False
    seed: int = 1
    scope: str = "virtual"


@dataclass(frozen=True)
class Sample:
    """A sample as recorded; `posts`: one record a post (post_id, stratum, weight, text digest, the machine's codes)."""

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

    @property
    def is_simple(self) -> bool:
        """Whether every post had the same chance: only such a sample corrects a share."""
        return self.plan.stratify is None


def folder(where: Home, name: str) -> Path:
    """Return the folder of the sample `name`; a name that is no plain word is refused."""
    if not _NAME.fullmatch(name):
        raise KamenError("名称只能用字母、汉字、数字、下划线和短横，不超过 40 个字")
    return where.root / "review" / name


def recall(where: Home, name: str) -> Sample:
    """Return the sample recorded under `name`."""
    path = folder(where, name) / "sample.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Sample(**found | {"plan": Plan(**found["plan"])})
    except FileNotFoundError:
        raise KamenError(f"没有名为 {name} 的样本：{path} 不存在，请先运行 kamen review sample") from None
    except (ValueError, TypeError, KeyError):
        raise KamenError(f"读不了 {path}：文件损坏") from None


def draw(where: Home, name: str, plan: Plan, out: Path) -> list[Path]:
    """Draw and record the sample `name`, write the coders' files into `out` and return their paths; a name in use is refused."""
    record = folder(where, name) / "sample.json"
    if record.exists():
        raise KamenError(f"样本 {name} 已经抽过：{record}；请换一个 --name")
    read_manifest(where)  # the demonstration's tables, which `load` falls back on, are not sampled by accident
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
    """Return the posts drawn, with `stratum` and `weight` (posts of the stratum for each one drawn), and how many there were.

    Every stratum gives the same number as far as it reaches; without strata all posts are one.
    """
    if plan.size < 1:
        raise KamenError("--size 至少为 1")
    counted = metrics.used(posts, plan.scope).sort_values("post_id")
    if counted.empty:
        raise KamenError("没有可抽的投诉（可试 --scope all）")
    strata = _strata(counted, plan.stratify)
    if strata.nunique() > plan.size:
        raise KamenError(f"--stratify {plan.stratify} 有 {strata.nunique()} 层，多于 --size {plan.size}：有的层会一件也抽不到")
    mixed = counted.assign(stratum=strata).sample(frac=1, random_state=plan.seed)
    turn = mixed.groupby("stratum").cumcount().sort_values(kind="stable").index[:plan.size]
    chosen = mixed.loc[mixed.index.isin(turn)]
    weight = strata.value_counts() / chosen["stratum"].value_counts()
    return chosen.assign(weight=chosen["stratum"].map(weight)), len(counted)


def _strata(posts: pd.DataFrame, by: str | None) -> pd.Series:
    if by is None:
        return pd.Series("", index=posts.index, dtype="str")
    known = posts["posted_at"].dt.strftime("%Y-%m") if by == "month" else posts[by]
    return known.astype("str").where(known.notna(), "未注明")
