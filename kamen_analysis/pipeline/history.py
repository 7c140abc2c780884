"""The log of a home's builds, and which posts the newest build no longer has: posts do not vanish in silence.

It is kept with the cache, not with the tables: these depend on what they were made from, not on what was there before.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kamen_analysis.paths import Home, atomic_write
from kamen_analysis.pipeline import jsonlines

KEEP = 100  # builds
EXAMPLES = 10
_NONE = pa.table({"post_id": pa.array([], pa.string()), "source": pa.array([], pa.string())})


def path_of(where: Home) -> Path:
    """Return the path of the log."""
    return where.root / "data" / ".cache" / "history.jsonl"


def entries(where: Home) -> list[dict[str, Any]]:
    """Return the logged builds, oldest first; raise KamenError if the log is damaged."""
    damaged = f"{path_of(where)} 已损坏，可删去（只影响与上次的比较）"
    return jsonlines.read(path_of(where), lambda entry: {"at", "posts", "new", "vanished"} <= entry.keys(), damaged)


def compared(where: Home, before: dict[str, Any], folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the log entry for a build about to replace the published one: counts by source and stage, and which posts it no longer has.

    `before` is the published manifest, `folder` holds the new tables. Files that hold the same posts as before are not read.
    """
    outputs: list[dict[str, str]] = [one.get("outputs", {}) for one in (before, manifest)]
    old, new = ({name: digest for name, digest in files.items() if name.startswith("posts/")} for files in outputs)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name) and not _same_posts(before, manifest, name)]
    pairs = [(_posts(where.processed / name), _posts(folder / name)) for name in changed if old]
    differ = [pair for pair in pairs if not pair[0].equals(pair[1])]
    had, has = (pa.concat_tables(side) for side in zip((_NONE, _NONE), *differ, strict=True))
    known = pc.is_in(has["post_id"], had["post_id"].combine_chunks())
    lost = had.filter(pc.invert(pc.is_in(had["post_id"], has["post_id"].combine_chunks()))).to_pandas()
    vanished = {str(source): {"n": len(rows), "examples": sorted(rows["post_id"])[:EXAMPLES]} for source, rows in lost.groupby("source")}
    posts: Counter[str] = Counter()
    for group in manifest["groups"].values():
        posts.update(group["sources"])
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "version": manifest["version"],
        "codebook": manifest["codebook"]["version"], "posts": dict(posts.most_common()),
        "stages": {stage["stage"]: stage["out"] for stage in manifest["stages"]},
        "new": len(has) - (pc.sum(known).as_py() or 0) if old else manifest["rows"]["posts"],
        "vanished": vanished,
    }


def _same_posts(before: dict[str, Any], manifest: dict[str, Any], name: str) -> bool:
    """Return whether a changed file still holds the same posts: mostly only other posts are copies now."""
    cores = [one.get("groups", {}).get(Path(name).stem, {}).get("core") for one in (before, manifest)]
    return cores[0] is not None and cores[0] == cores[1]


def _posts(path: Path) -> pa.Table:
    """Return `post_id` and `source` from a file of posts; no rows if it cannot be read, since this build replaces it."""
    try:
        return pq.ParquetFile(path).read(_NONE.column_names, use_threads=False).cast(_NONE.schema)
    except (OSError, pa.ArrowException):
        return _NONE


def record(where: Home, entry: dict[str, Any]) -> None:
    """Append one build to the log, which keeps the last KEEP."""
    with atomic_write(path_of(where)) as file:
        for line in [*entries(where)[-KEEP + 1 :], entry]:
            file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
