"""The gold standard: codes settled by people (review/<name>/gold.jsonl), which replace the machine's codes in the tables."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import jsonlines

HUMAN = "human"
LLM = "llm_"  # coders whose name begins so are language models


@dataclass(frozen=True)
class Gold:
    """Settled codes by post_id, with the digest of the text that was read (`texts`) and who settled them (`by`): human or llm."""

    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Overruled:
    """The machine's codes of the posts people have coded, and the posts whose gold is `stale`: their text has changed since."""

    machine: dict[str, list[str]] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)


def text_digest(title: str, body: str) -> str:
    """Return the SHA-256 (hex) of the text of a post that a coder reads."""
    return hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()


def files(where: Home) -> dict[str, str]:
    """Return sample name → SHA-256 of its gold file."""
    return {path.parent.name: sha256(path) for path in sorted((where.root / "review").glob("*/gold.jsonl"))}


def read(where: Home) -> Gold:
    """Return all gold of a home; for a post in several samples the sample with the last name counts."""
    gold = Gold()
    for name in files(where):
        for row in _settled(where, name):
            gold.codes[row["post_id"]], gold.texts[row["post_id"]] = tuple(row["codes"]), row["text"]
            gold.by[row["post_id"]] = "llm" if row["by"] == "llm" else HUMAN
    return gold


def _settled(where: Home, name: str) -> list[dict[str, Any]]:
    return rows(where.root / "review" / name / "gold.jsonl", "post_id", "text", "by")


def rows(path: Path, *texts: str) -> list[dict[str, Any]]:
    """Return the records of a JSONL file written by `kamen review`: codes, and the fields `texts`; none if it does not exist.

    Raises KamenError if it is damaged.
    """
    def is_whole(row: dict[str, Any]) -> bool:
        codes = row["codes"]
        return isinstance(codes, list) and all(isinstance(text, str) for text in (*codes, *map(row.get, texts)))

    return jsonlines.read(path, is_whole, f"读不了 {path}：文件损坏，请重新运行 kamen review")


def apply(labels: pd.DataFrame, posts: pd.DataFrame, gold: Gold, version: str) -> tuple[pd.DataFrame, Overruled]:
    """Return `labels` with those of the posts in `gold` replaced by the settled codes, and what was replaced.

    A settled code takes the span and rule of the machine's label of the same code if there is one; otherwise, since coders mark no
    span, it takes the whole text and the rule "human". Gold of a text that has changed since is ignored.
    """
    here = posts[posts["post_id"].isin(gold.codes)]
    texts = here.set_index("post_id")[["title", "body"]].to_dict("index")
    fresh = {key: post for key in gold.codes if (post := texts.get(key)) and text_digest(post["title"], post["body"]) == gold.texts[key]}
    if here.empty:
        return labels, Overruled()
    before = labels[labels["post_id"].isin(fresh)]
    spans = {(row["post_id"], row["code"]): row for row in before.to_dict("records")}
    settled = [{**_whole_text(post), **spans.get((key, code), {}), "post_id": key, "code": code, "decided_by": gold.by[key],
                "rule_version": version, "score": 1.0} for key, post in fresh.items() for code in gold.codes[key]]
    kept = [labels[~labels["post_id"].isin(fresh)], pd.DataFrame(settled, columns=labels.columns).astype(labels.dtypes.to_dict())]
    machine = {key: sorted(set(before.loc[before["post_id"] == key, "code"])) for key in sorted(fresh)}
    return pd.concat(kept, ignore_index=True), Overruled(machine, sorted(key for key in gold.codes if key in texts and key not in fresh))


def together(overruled: list[dict[str, Any]]) -> Overruled:
    """Return what was overruled in several groups as one."""
    return Overruled({key: codes for group in overruled for key, codes in group["machine"].items()},
                     sorted(key for group in overruled for key in group["stale"]))


def machine(labels: pd.DataFrame, manifest: dict[str, Any]) -> pd.DataFrame:
    """Return the labels (post_id, code) as the machine alone would have them, without the changes people made."""
    overruled: dict[str, list[str]] = manifest.get("overruled", {}).get("machine", {})
    others = labels.loc[~labels["post_id"].isin(overruled), ["post_id", "code"]]
    restored = pd.DataFrame([(key, code) for key, codes in overruled.items() for code in codes], columns=["post_id", "code"], dtype="str")
    return pd.concat([others, restored], ignore_index=True) if overruled else others


def sample(where: Home, overruled: Overruled) -> dict[str, Any] | None:
    """Return the largest completely settled simple random sample: name, scope, blind, data_as_of, posts, stale, llm; None without one.

    A sample settled in part would be no random sample: the posts on which coders agree at once are the easy ones.
    """
    samples = []
    for name in files(where):
        by = {row["post_id"]: row["by"] for row in _settled(where, name)}
        ids, stratify, drawn = _drawn(where.root / "review" / name / "sample.json")
        if stratify is None and ids <= by.keys():
            samples.append({"name": name, **drawn, "posts": sorted(ids & overruled.machine.keys()),
                            "stale": len(ids & set(overruled.stale)), "llm": sum(by[post] == "llm" for post in ids)})
    return max(samples, key=lambda sample: len(sample["posts"]), default=None)


def _drawn(path: Path) -> tuple[set[str], str | None, dict[str, Any]]:
    """Return the ids of a recorded sample's posts, by what it was stratified, and its scope, blind and data_as_of."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        plan = record["plan"]
        told = {"scope": plan["scope"], "blind": plan["blind"], "data_as_of": record["data_as_of"]}
        return {post["post_id"] for post in record["posts"]}, plan["stratify"], told
    except (ValueError, KeyError, TypeError):
        raise KamenError(f"读不了 {path}：文件损坏；请恢复它，或移走它所在的文件夹") from None


def _whole_text(post: dict[Any, Any]) -> dict[str, Any]:
    name = "body" if post["body"] else "title"
    return {"rule": HUMAN, "field": name, "start": 0, "end": len(post[name])}
