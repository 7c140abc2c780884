"""The log of builds in one home, and what the newest one lost against the one before: posts do not vanish in silence.

It lies with the cache, not with the tables: a table says what is, whatever was before it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from kamen_analysis.data import read_table
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_write

KEEP = 100  # builds
EXAMPLES = 10


def path_of(where: Home) -> Path:
    """Return where the log of builds is kept."""
    return where.root / "data" / ".cache" / "history.jsonl"


def entries(where: Home) -> list[dict[str, Any]]:
    """Return the builds on record, oldest first."""
    path = path_of(where)
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError:
        raise KamenError(f"{path} 已损坏，可删去（只影响与上次的比较）") from None


def known_posts(where: Home) -> pd.DataFrame:
    """Return `post_id`, `source` of the tables now published; none if there are none, or none that can be read."""
    try:
        return read_table(where.processed, "posts")[["post_id", "source"]]
    except KamenError:
        # Damaged tables are what this very build replaces.
        return pd.DataFrame({"post_id": [], "source": []}, dtype="str")


def record(where: Home, manifest: dict[str, Any], before: pd.DataFrame, after: pd.DataFrame) -> None:
    """Append one build to the log: its counts by source and stage, and which posts it no longer has."""
    lost = before[~before["post_id"].isin(after["post_id"])]
    vanished = {str(source): {"n": len(rows), "examples": sorted(rows["post_id"])[:EXAMPLES]} for source, rows in lost.groupby("source")}
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "version": manifest["version"],
        "codebook": manifest["codebook"]["version"], "posts": {str(k): int(n) for k, n in after["source"].value_counts().items()},
        "stages": {stage["stage"]: stage["out"] for stage in manifest["stages"]},
        "new": int((~after["post_id"].isin(before["post_id"])).sum()),
        "vanished": vanished,
    }
    with atomic_write(path_of(where)) as file:
        for line in [*entries(where)[-KEEP + 1 :], entry]:
            file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
