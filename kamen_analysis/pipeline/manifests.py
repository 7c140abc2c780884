"""The manifest: what a build depended on, what became of every page and post, and where it was made of demonstration data."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import kamen_analysis
from kamen_analysis import codebook, sources
from kamen_analysis.captures import withdraw
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import digests, expect, gold
from kamen_analysis.pipeline.merge import Merged
from kamen_analysis.pipeline.partition import COUNTS, Part, listed
from kamen_analysis.sources import audit


def depends(where: Home, inputs: dict[Path, str]) -> dict[str, Any]:
    """Return everything a build's result depends on, as digests: where it is the same, the tables are current."""
    own = where.root / "platforms.yaml"
    return {
        "inputs": {path.relative_to(where.raw).as_posix(): digest for path, digest in inputs.items()},
        "code": digests.build_code(), "platforms": sha256(own) if own.exists() else None, "withdrawn": sorted(withdraw.listed(where)),
        "gold": gold.files(where),
    }


def describe(where: Home, inputs: dict[Path, str], parts: list[Part], merged: Merged) -> dict[str, Any]:
    """Return the manifest but for its `outputs`."""
    warnings = audit.Warnings()
    for kind, name, n, example in [*expect.excesses(parts), *(warning for part in parts for warning in part.warnings)]:
        warnings.update(audit.Warnings(Counter({(kind, name): n}), {(kind, name): example}))
    book = codebook.load()
    return {
        **depends(where, inputs), "version": kamen_analysis.__version__, "codebook": {"version": book.version, "digest": book.digest},
        "stages": stages(parts, merged), "warnings": listed(warnings), "gaps": expect.gaps(parts),
        "overruled": dataclasses.asdict(merged.overruled),
        "coded_sample": gold.sample(where, merged.overruled),
        "rows": {name: len(data) for name, data in merged.tables.items()},
        "last_capture": max((part.last_capture for part in parts if part.last_capture), default=None),
        "sources": {part.source: sources.registry()[part.source].NAME_ZH for part in parts},
        "is_synthetic": bool(merged.tables["posts"]["is_synthetic"].any()),
    }


def stages(parts: list[Part], merged: Merged) -> list[dict[str, Any]]:
    """Return each stage's `in`, `out` and `rejected` by reason; `in = out + rejected` must hold at every one."""
    counts = {name: sum(part.counts[name] for part in parts) for name in COUNTS}
    rejected = {stage: rows["reason"].value_counts().to_dict() for stage, rows in merged.tables["rejected"].groupby("stage")}
    posts = merged.tables["posts"]
    complaints, used = int((posts["post_type"] == "complaint").sum()), posts[posts["is_used"]]
    virtual = int(used["in_scope"].sum())
    held = sum(part.counts["cleaned"] for part in parts if part.shortfall)
    again = counts["cleaned"] - held - len(posts) - merged.withdrawn
    rows: list[tuple[str, str, int, int, dict[Any, int]]] = [
        ("read", "页", counts["pages"], counts["readable"], rejected.get("read", {})),
        ("clean", "条", counts["records"], counts["cleaned"], rejected.get("clean", {})),
        ("merge", "条", counts["cleaned"], len(posts), {"seen_again": again, "withheld": held, "withdrawn": merged.withdrawn}),
        ("gate", "帖", len(posts), complaints, rejected.get("gate", {})),
        ("dedupe", "帖", complaints, len(used), rejected.get("dedupe", {})),
        ("scope", "件", len(used), virtual, {"not_virtual": len(used) - virtual}),
    ]
    found: list[dict[str, Any]] = [
        {"stage": s, "unit": u, "in": i, "out": o, "rejected": {str(k): int(n) for k, n in r.items() if n}} for s, u, i, o, r in rows
    ]
    for stage in found:
        if stage["in"] != stage["out"] + sum(stage["rejected"].values()):
            raise KamenError(f"环节 {stage['stage']} 的数不平：进 {stage['in']}，出 {stage['out']}，剔除 {stage['rejected']}")
    return found
