"""The build: parts of all captures, merged, checked and published as one folder, whole or not at all."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import kamen_analysis
from kamen_analysis import codebook, platforms, records, sources
from kamen_analysis.captures import withdraw
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_folder, settle, sha256
from kamen_analysis.pipeline import digests, expect, gold, history
from kamen_analysis.pipeline.merge import Merged, merge
from kamen_analysis.pipeline.partition import COUNTS, Part, listed, process, recall, store
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.sources import audit

Progress = Callable[[str, int, int], None]
ROWS_PER_FILE = 200_000


@contextmanager
def lock(where: Home) -> Iterator[None]:
    """Hold the working copy's build lock; a second build is told so at once instead of spoiling the first."""
    folder = where.root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".build.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KamenError(f"另一个 kamen build 正在 {where.root} 运行，请等它结束") from None
        yield


def captures(where: Home) -> list[Path]:
    """Return the finished capture files of a home, sorted; a folder of no known source is an error, never passed over."""
    found = sorted(where.raw.glob("*/*.warc.gz"))
    unknown = {path.parent.name for path in found} - sources.registry().keys()
    if unknown:
        raise KamenError(f"{where.raw} 下有不认识的来源：{'、'.join(sorted(unknown))}")
    return found


def _part(capture: Path, raw: Path, kept: Path) -> Path:
    """Make the part of one capture unless it is kept already; return its folder."""
    if not (kept / "counts.json").exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=kept.parent, prefix=".part."))
        try:
            store(process(capture, raw), fresh)
            shutil.rmtree(kept, ignore_errors=True)
            fresh.rename(kept)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    return kept


def _parts(where: Home, inputs: dict[Path, str], pool: Executor, progress: Progress) -> list[Part]:
    store_at = where.root / "data" / ".cache" / "parts"
    kept = [store_at / digests.part_key(digest) for digest in inputs.values()]
    running = [pool.submit(_part, capture, where.raw, folder) for capture, folder in zip(inputs, kept, strict=True)]
    for done, future in enumerate(running, 1):
        future.result()
        progress("解析、脱敏与编码", done, len(running))
    for stale in set(store_at.glob("*")) - set(kept) if store_at.exists() else ():
        shutil.rmtree(stale, ignore_errors=True)
    return [_recalled(capture, where.raw, folder) for capture, folder in zip(inputs, kept, strict=True)]


def _recalled(capture: Path, raw: Path, kept: Path) -> Part:
    try:
        return recall(kept)
    except (pa.ArrowInvalid, OSError, ValueError, TypeError):  # half a part, after a power cut: it is only kept, so it is made anew
        shutil.rmtree(kept, ignore_errors=True)
        return recall(_part(capture, raw, kept))


def build(where: Home, jobs: int | None = None, progress: Progress = lambda stage, done, total: None) -> dict[str, Any]:
    """Turn data/raw into data/processed and return the manifest.

    Nothing is written when a table breaks its schema or still holds personal data; the folder before stays as it was.
    """
    with lock(where):
        settle(where.processed)
        found = captures(where)
        if not found:
            raise KamenError(f"{where.raw} 里没有存档，请先运行 kamen import 或 kamen fetch")
        inputs = {path: sha256(path) for path in found}
        if _is_current(where, inputs):
            return _manifest(where)
        try:
            with ProcessPoolExecutor(jobs or os.cpu_count() or 1) as pool:
                parts = _parts(where, inputs, pool, progress)
        except BrokenExecutor:
            raise KamenError("一个处理进程被系统终止（多半是内存不足），可用 --jobs 1 重试；先前的输出保持不变") from None
        for part in parts:
            part.shortfall = expect.shortfall(part)
        own = where.root / "platforms.yaml"
        merged = merge(parts, platforms.directory(own), codebook.load().version, withdraw.listed(where), gold.read(where))
        for done, (name, data) in enumerate(merged.tables.items(), 1):
            progress("核对与写入", done, len(merged.tables))
            records.validate(name, data)
            refuse_if_personal(name, data)
        manifest = _describe(where, inputs, parts, merged)
        before = history.known_posts(where)
        with atomic_folder(where.processed) as folder:
            manifest["outputs"] = _write(folder, merged.tables)
            (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
            (folder / ".gitkeep").touch()
        history.record(where, manifest, before, merged.tables["posts"])
        return manifest


def _depends(where: Home, inputs: dict[Path, str]) -> dict[str, Any]:
    own = where.root / "platforms.yaml"
    return {
        "inputs": {path.relative_to(where.raw).as_posix(): digest for path, digest in inputs.items()},
        "code": digests.build_code(), "platforms": sha256(own) if own.exists() else None, "withdrawn": sorted(withdraw.listed(where)),
        "gold": gold.files(where),
    }


def _manifest(where: Home) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((where.processed / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _is_current(where: Home, inputs: dict[Path, str]) -> bool:
    try:
        manifest = _manifest(where)
    except (FileNotFoundError, ValueError):
        return False
    same = all(manifest.get(key) == value for key, value in _depends(where, inputs).items())
    return same and all(_whole(where.processed / name, digest) for name, digest in manifest["outputs"].items())


def _whole(path: Path, digest: str) -> bool:
    return path.exists() and sha256(path) == digest


def _describe(where: Home, inputs: dict[Path, str], parts: list[Part], merged: Merged) -> dict[str, Any]:
    warnings = audit.Warnings()
    for kind, name, n, example in [*expect.excesses(parts), *(warning for part in parts for warning in part.warnings)]:
        warnings.update(audit.Warnings(Counter({(kind, name): n}), {(kind, name): example}))
    book = codebook.load()
    return {
        **_depends(where, inputs), "version": kamen_analysis.__version__, "codebook": {"version": book.version, "digest": book.digest},
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


def _write(folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    for name, data in tables.items():
        (folder / name).mkdir()
        whole = pa.Table.from_pandas(data, schema=records.arrow_schema(name), preserve_index=False)
        for i, start in enumerate(range(0, max(len(data), 1), ROWS_PER_FILE)):
            pq.write_table(whole.slice(start, ROWS_PER_FILE), folder / name / f"{i:05}.parquet", compression="zstd")
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.glob("*/*.parquet"))}
