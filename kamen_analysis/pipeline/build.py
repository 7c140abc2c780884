"""The build: parts of all captures, merged, checked and published as one folder, whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis import codebook, platforms, records, sources
from kamen_analysis.captures import withdraw
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_folder, settle, sha256
from kamen_analysis.pipeline import digests, expect, gold, history, manifests
from kamen_analysis.pipeline.merge import merge
from kamen_analysis.pipeline.partition import Part, process, recall, store
from kamen_analysis.redact.door import refuse_if_personal

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
        manifest = manifests.describe(where, inputs, parts, merged)
        before = history.known_posts(where)
        with atomic_folder(where.processed) as folder:
            manifest["outputs"] = _write(folder, merged.tables)
            (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
            (folder / ".gitkeep").touch()
        history.record(where, manifest, before, merged.tables["posts"])
        return manifest


def _manifest(where: Home) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((where.processed / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _is_current(where: Home, inputs: dict[Path, str]) -> bool:
    try:
        manifest = _manifest(where)
    except (FileNotFoundError, ValueError):
        return False
    same = all(manifest.get(key) == value for key, value in manifests.depends(where, inputs).items())
    return same and all(_whole(where.processed / name, digest) for name, digest in manifest["outputs"].items())


def _whole(path: Path, digest: str) -> bool:
    return path.exists() and sha256(path) == digest


def _write(folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    for name, data in tables.items():
        (folder / name).mkdir()
        whole = pa.Table.from_pandas(data, schema=records.arrow_schema(name), preserve_index=False)
        for i, start in enumerate(range(0, max(len(data), 1), ROWS_PER_FILE)):
            pq.write_table(whole.slice(start, ROWS_PER_FILE), folder / name / f"{i:05}.parquet", compression="zstd")
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.glob("*/*.parquet"))}
