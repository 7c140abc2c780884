"""The manifest: what a build depended on, what became of every page and post, and whether it holds demonstration data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import kamen_analysis
from kamen_analysis import clean, codebook, sources
from kamen_analysis.captures import withdraw
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import digests, expect, gold
from kamen_analysis.pipeline.partition import COUNTS, listed
from kamen_analysis.pipeline.parts import Part
from kamen_analysis.records import TABLES
from kamen_analysis.sources import audit

Written = dict[str, dict[str, Any]]
"""Each group's entry by its name: see `publish.Given`."""


def read(where: Home) -> dict[str, Any]:
    """Return the manifest of the tables now published; empty where there is none or it is damaged."""
    try:
        manifest: dict[str, Any] = json.loads((where.processed / "manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("outputs"), dict) else {}


def depends(where: Home, inputs: dict[Path, str]) -> dict[str, Any]:
    """Return the digests of everything a build's result depends on: while they are the same, the tables are current."""
    own = where.root / "platforms.yaml"
    return {
        "inputs": {path.relative_to(where.raw).as_posix(): digest for path, digest in inputs.items()},
        "code": digests.build_code(), "platforms": sha256(own) if own.exists() else None,
        "withdrawn": sorted(clean.asked_out(withdraw.listed(where))), "gold": gold.files(where),
    }


def is_current(where: Home, dependencies: dict[str, Any]) -> bool:
    """Return whether the published tables were made from `dependencies` (see `depends`) and are intact."""
    manifest = read(where)
    same = bool(manifest) and all(manifest.get(key) == value for key, value in dependencies.items())
    return same and whole(where, manifest["outputs"]) == manifest["outputs"].keys()


def whole(where: Home, files: dict[str, str]) -> set[str]:
    """Return which of `files` (name → SHA-256) are published and intact."""
    existing = {where.processed / name: name for name in files if (where.processed / name).exists()}
    return {existing[path] for path, digest in digests.of_files(existing).items() if files[existing[path]] == digest}


def describe(where: Home, dependencies: dict[str, Any], parts: list[Part], written: Written, withdrawn: int) -> dict[str, Any]:
    """Return the manifest of a build; `withdrawn` is the number of posts left out because they are on the opt-out list."""
    warnings = audit.Warnings()
    for kind, name, n, example in [*expect.excesses(parts), *(warning for part in parts for warning in part.warnings)]:
        warnings.update(audit.Warnings(Counter({(kind, name): n}), {(kind, name): example}))
    book = codebook.load()
    overruled = gold.together([entry["overruled"] for entry in written.values()])
    return {
        **dependencies, "version": kamen_analysis.__version__, "codebook": {"version": book.version, "digest": book.digest},
        "stages": stages(parts, written, withdrawn), "warnings": listed(warnings), "gaps": expect.gaps(parts),
        "overruled": {"machine": overruled.machine, "stale": overruled.stale},
        "coded_sample": gold.sample(where, overruled),
        "rows": {name: sum(entry["rows"][name] for entry in written.values()) for name in TABLES},
        "last_capture": max((part.last_capture for part in parts if part.last_capture), default=None),
        "sources": {part.source: sources.registry()[part.source].NAME_ZH for part in parts},
        "is_synthetic": any(entry["is_synthetic"] for entry in written.values()),
        "outputs": dict(sorted(file for entry in written.values() for file in entry["files"].items())), "groups": written,
    }


def stages(parts: list[Part], written: Written, withdrawn: int) -> list[dict[str, Any]]:
    """Return for each stage how many went `in`, came `out`, and were `rejected` by reason.

    Raises KamenError unless `in = out + rejected` at every stage.
    """
    counts = {name: sum(part.counts[name] for part in parts) for name in COUNTS}
    rejected: dict[str, Counter[str]] = {name: Counter() for name in ("read", "clean", "gate", "dedupe")}
    for entry in written.values():
        for stage, reasons in entry["rejected"].items():
            rejected[stage].update(reasons)
    posts = sum(entry["rows"]["posts"] for entry in written.values())
    complaints, used, virtual = (sum(entry[name] for entry in written.values()) for name in ("complaints", "used", "virtual"))
    held = sum(part.size for part in parts if part.shortfall)
    seen_again = counts["cleaned"] - held - posts - withdrawn
    rows: list[tuple[str, str, int, int, dict[str, int]]] = [
        ("read", "页", counts["pages"], counts["readable"], rejected["read"]),
        ("clean", "条", counts["records"], counts["cleaned"], rejected["clean"]),
        ("merge", "条", counts["cleaned"], posts, {"seen_again": seen_again, "withheld": held, "withdrawn": withdrawn}),
        ("gate", "帖", posts, complaints, rejected["gate"]),
        ("dedupe", "帖", complaints, used, rejected["dedupe"]),
        ("scope", "件", used, virtual, {"not_virtual": used - virtual}),
    ]
    found: list[dict[str, Any]] = [
        {"stage": s, "unit": u, "in": i, "out": o, "rejected": {k: n for k, n in sorted(r.items()) if n}} for s, u, i, o, r in rows
    ]
    for stage in found:
        if stage["in"] != stage["out"] + sum(stage["rejected"].values()):
            raise KamenError(f"环节 {stage['stage']} 的数不平：进 {stage['in']}，出 {stage['out']}，剔除 {stage['rejected']}")
    return found
