"""The log of builds in one home, and what the newest one lost against the one before: posts do not vanish in silence.

It lies with the cache, not with the tables: a table says what is, whatever was before it.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

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


def compared(where: Home, before: dict[str, Any], folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the entry for a build about to replace the published one: its counts by source and stage, and which posts it no longer has.

    `before` is the manifest that stands now, `folder` holds the new tables. Files that did not change are not read.
    """
    files: list[dict[str, str]] = [one.get("outputs", {}) for one in (before, manifest)]
    old, new = ({name: digest for name, digest in one.items() if name.startswith("posts/")} for one in files)
    had = _posts(where.processed, [name for name in old if new.get(name) != old[name]])
    has = _posts(folder, [name for name in new if new[name] != old.get(name)])
    lost = had[~had["post_id"].isin(has["post_id"])]
    vanished = {str(source): {"n": len(rows), "examples": sorted(rows["post_id"])[:EXAMPLES]} for source, rows in lost.groupby("source")}
    posts: Counter[str] = Counter()
    for one in manifest["groups"].values():
        posts.update(one["sources"])
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "version": manifest["version"],
        "codebook": manifest["codebook"]["version"], "posts": dict(posts.most_common()),
        "stages": {stage["stage"]: stage["out"] for stage in manifest["stages"]},
        "new": int((~has["post_id"].isin(had["post_id"])).sum()),
        "vanished": vanished,
    }


def _posts(folder: Path, names: list[str]) -> pd.DataFrame:
    """Return `post_id`, `source` of some files of posts; what cannot be read is left out: this very build replaces it."""
    found = [pd.DataFrame({"post_id": [], "source": []}, dtype="str")]
    for name in names:
        with suppress(OSError, pa.ArrowException):
            found.append(pq.read_table(folder / name, columns=["post_id", "source"]).to_pandas())
    return pd.concat(found, ignore_index=True)


def record(where: Home, entry: dict[str, Any]) -> None:
    """Append one build to the log."""
    with atomic_write(path_of(where)) as file:
        for line in [*entries(where)[-KEEP + 1 :], entry]:
            file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
