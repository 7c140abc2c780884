"""The parts of a home: each capture's part and its codes, cached in data/.cache under the digest of what they depend on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import feather

from kamen_analysis.dedupe import essences
from kamen_analysis.dedupe.essences import U64
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import digests, executors, partition, relay

_ROWS = partition.BAND + essences.BANDS

Progress = Callable[[str, int, int], None]


@dataclass
class Part(partition.Facts):
    """A part in the cache: the folder of its rows (`folder`), that of its codes (`coded`), and why its run is withheld, if it is."""

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

    def index(self, row: int, into: U64) -> None:
        """Read one row of index.npy (see `partition`) into an array; the others are not read."""
        with (self.folder / "index.npy").open("rb", buffering=0) as file:
            file.seek(-8 * self.size * (_ROWS - row), os.SEEK_END)
            if file.readinto(into.view(np.uint8).data) != into.nbytes:
                raise EOFError(file.name)

    def read(self, table: str, names: list[str] | None = None) -> pa.Table:
        """Return a table (posts, events, rejected, coded, labels), or some columns of it.

        Deletes the folder of a table that cannot be decoded, so that the next build makes it again, and raises KamenError.
        """
        folder = self.coded if table in ("coded", "labels") else self.folder
        try:  # threads double the cost of a small file
            return feather.read_table(folder / f"{table}.arrow", names, use_threads=False, memory_map=False)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # of the operating system: the file may be whole
                raise
            shutil.rmtree(folder, ignore_errors=True)
            raise KamenError(f"缓存 {folder} 已损坏，已删去；再运行一次即重做") from None


def cache(where: Home) -> Path:
    """Return the cache folder; it may be deleted at any time, the next build makes its content again."""
    return where.root / "data" / ".cache"


def ensure(capture: Path, raw: Path, folder: Path, coded: Path) -> None:
    """Make the part of one capture in `folder` and its codes in `coded`, unless they exist; see `begin`."""
    begin(capture, raw, folder, coded, executors.Here())()


def begin(capture: Path, raw: Path, folder: Path, coded: Path, coder: Executor) -> Callable[[], None]:
    """Make the part of one capture in `folder`, unless it exists; return a function that waits until `coder` has coded it in `coded`.

    Raises KamenError on a machine that does not see the capture, or whose code would make another part.
    """
    if not folder.exists() and not capture.exists():
        raise KamenError(f"处理 {capture.name} 的机器看不到 {raw}；集群各机器须看到同一个工作目录，否则请用 --store")
    is_same = digests.codes_key(folder.name) == coded.name and (folder.exists() or digests.part_key(sha256(capture)) == folder.name)
    if not is_same:
        raise KamenError(f"处理 {capture.name} 的机器装有另一版本的 kamen_analysis，或存档刚刚变了；各机器须装同一版本")
    return relay.begin(capture, raw, folder, coded, coder)


def gather(where: Home, inputs: dict[Path, str], pool: executors.Pool, progress: Progress) -> list[Part]:
    """Return the parts of all captures, in order; make those that are missing, and delete what no capture needs any more.

    inputs: capture file → its SHA-256.
    """
    store = cache(where)
    folders = {capture: places(store, digest) for capture, digest in inputs.items()}
    wanted = {folder for pair in folders.values() for folder in pair}
    for stale in {*store.glob("parts/*"), *store.glob("codes/*")} - wanted:
        shutil.rmtree(stale, ignore_errors=True)
    parts = {capture: _load(*pair) for capture, pair in folders.items()}
    # The largest first: the last to end are then small, and no core waits long.
    todo = sorted((capture for capture, part in parts.items() if part is None), key=lambda capture: -capture.stat().st_size)
    halves = any(not folders[capture][0].exists() for capture in todo)  # parsing and coding; where the part exists, coding alone is left
    with ExitStack() as stack:
        executor = stack.enter_context(pool(len(todo), reads=True, halves=halves))
        given = [(capture, where.raw, *folders[capture]) for capture in todo]
        if halves and isinstance(executor, executors.Here) and executor.idle:
            coder = stack.enter_context(relay.coder())
            waits = [begin(*one, coder) for one in given]
        else:
            waits = [executor.submit(ensure, *one).result for one in given]
        for done, wait in enumerate(waits, 1):
            wait()
            progress("解析、脱敏与编码", done, len(waits))
    return [part or _load_made(*folders[capture]) for capture, part in parts.items()]


def places(store: Path, digest: str) -> tuple[Path, Path]:
    """Return the folders in the cache `store` for the part and the codes of a capture file with this SHA-256."""
    key = digests.part_key(digest)
    return store / "parts" / key, store / "codes" / digests.codes_key(key)


def _load_made(folder: Path, coded: Path) -> Part:
    part = _load(folder, coded)
    if part is None:
        raise KamenError(f"{folder.parent} 读不回刚写下的结果；集群各机器须看到同一个工作目录，否则请用 --store")
    return part


def _load(folder: Path, coded: Path) -> Part | None:
    """Return a part from the cache, None where there is none; what a power cut left unfinished is deleted."""
    if not folder.exists():
        return None
    try:
        part = Part(**json.loads((folder / "counts.json").read_text(encoding="utf-8")), folder=folder, coded=coded)
        _refuse_unfinished(folder, *partition.TABLES)
        if np.load(folder / "index.npy", mmap_mode="r").shape != (_ROWS, part.size):
            raise ValueError
    except (pa.ArrowException, OSError, ValueError, TypeError):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(coded, ignore_errors=True)
        return None
    try:
        _refuse_unfinished(coded, "coded", "labels")
    except (pa.ArrowException, OSError):
        shutil.rmtree(coded, ignore_errors=True)
        return None
    return part


def _refuse_unfinished(folder: Path, *tables: str) -> None:
    """Raise ArrowInvalid or OSError unless each table is there to its end."""
    for table in tables:
        pa.ipc.open_file(str(folder / f"{table}.arrow"))
