"""The parts of a home: each capture's part and its codes, kept in data/.cache under the digest of what they depend on."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kamen_analysis.dedupe import essences
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import digests, executors, partition, relay

_ROWS = partition.BAND + essences.BANDS

Progress = Callable[[str, int, int], None]


@dataclass
class Part(partition.Facts):
    """A part as it is kept: where its rows (`folder`) and codes (`coded`) lie, how many posts, and why its run is withheld, if it is."""

    folder: Path = Path()
    coded: Path = Path()
    shortfall: str | None = None

    @property
    def key(self) -> str:
        """The digest of everything the part and its codes depend on."""
        return self.coded.name

    @property
    def size(self) -> int:
        """The number of posts."""
        return self.counts["cleaned"]

    def index(self, row: int) -> Any:
        """Return one row of the index (see `partition`)."""
        path = self.folder / "index.npy"
        before = path.stat().st_size - 8 * self.size * (_ROWS - row)
        return np.fromfile(path, np.uint64, self.size, offset=before)

    def read(self, table: str, names: list[str] | None = None) -> pa.Table:
        """Return a table (posts, events, rejected, coded, labels), or some columns of it."""
        # `read_table` goes by way of pyarrow.dataset, which is slow to load and to ask.
        file = pq.ParquetFile((self.coded if table in ("coded", "labels") else self.folder) / f"{table}.parquet")
        return file.read(names, use_threads=False)  # threads double what a small file costs


def cache(where: Home) -> Path:
    """Return the folder whose content may be deleted at any time: it is made again."""
    return where.root / "data" / ".cache"


def ensure(capture: Path, raw: Path, kept: Path, codes: Path, beside: bool = False) -> None:
    """Make the part of one capture in `kept` and its codes in `codes`, unless they are there already; `beside`: by a process more."""
    if not kept.exists() and not capture.exists():
        raise KamenError(f"处理 {capture.name} 的机器看不到 {raw}；集群各机器须看到同一个工作目录，否则请用 --store")
    is_same = digests.codes_key(kept.name) == codes.name and (kept.exists() or digests.part_key(sha256(capture)) == kept.name)
    if not is_same:
        raise KamenError(f"处理 {capture.name} 的机器装有另一版本的 kamen_analysis，或存档刚刚变了；各机器须装同一版本")
    relay.run(capture, raw, kept, codes, beside and not kept.exists())


def gather(where: Home, inputs: dict[Path, str], pool: executors.Pool, progress: Progress) -> list[Part]:
    """Return the parts of all captures in order, those that changed made by `pool(tasks)`; what no capture needs any more is deleted."""
    store = cache(where)
    kept = {capture: places(store, digest) for capture, digest in inputs.items()}
    wanted = {folder for pair in kept.values() for folder in pair}
    for stale in {*store.glob("parts/*"), *store.glob("codes/*")} - wanted:
        shutil.rmtree(stale, ignore_errors=True)
    found = {capture: _recall(*pair) for capture, pair in kept.items()}
    # The largest first: the last to end are then small, and no core waits long.
    todo = sorted((capture for capture, part in found.items() if part is None), key=lambda capture: -capture.stat().st_size)
    with pool(len(todo), reads=True) as executor:
        is_idle = isinstance(executor, executors.Here) and executor.idle > 0
        # Elsewhere a task is a file and its folders, and nothing more: see `carrier`.
        work: Callable[[Path, Path, Path, Path], None] = functools.partial(ensure, beside=True) if is_idle else ensure
        running = [executor.submit(work, capture, where.raw, *kept[capture]) for capture in todo]
        for done, future in enumerate(running, 1):
            future.result()
            progress("解析、脱敏与编码", done, len(running))
    return [part or _made(kept[capture]) for capture, part in found.items()]


def places(store: Path, digest: str) -> tuple[Path, Path]:
    """Return where the part and the codes of a capture file with this SHA-256 are kept."""
    key = digests.part_key(digest)
    return store / "parts" / key, store / "codes" / digests.codes_key(key)


def _made(pair: tuple[Path, Path]) -> Part:
    part = _recall(*pair)
    if part is None:
        raise KamenError(f"{pair[0].parent} 读不回刚写下的结果；集群各机器须看到同一个工作目录，否则请用 --store")
    return part


def _recall(folder: Path, coded: Path) -> Part | None:
    """Return a kept part; None where there is none, or half of one after a power cut, which is then deleted."""
    if not folder.exists():
        return None
    try:
        part = Part(**json.loads((folder / "counts.json").read_text(encoding="utf-8")), folder=folder, coded=coded)
        rows = pq.read_metadata(folder / "posts.parquet").num_rows, np.load(folder / "index.npy", mmap_mode="r").shape
        if rows != (part.size, (_ROWS, part.size)):
            raise ValueError
    except (pa.ArrowException, OSError, ValueError, TypeError):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(coded, ignore_errors=True)
        return None
    if not _is_whole(coded, part.size):
        shutil.rmtree(coded, ignore_errors=True)
        return None
    return part


def _is_whole(coded: Path, size: int) -> bool:
    try:
        pq.read_metadata(coded / "labels.parquet")
        return bool(pq.read_metadata(coded / "coded.parquet").num_rows == size)
    except (pa.ArrowException, OSError):
        return False
