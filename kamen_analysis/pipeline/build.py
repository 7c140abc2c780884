"""The build: make a part of every capture, decide about all parts together, publish the tables as one folder, all or nothing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from kamen_analysis import codebook, platforms, sources
from kamen_analysis.captures import sidecar
from kamen_analysis.errors import KamenError, told
from kamen_analysis.heap import keeping, uncollected
from kamen_analysis.paths import Home, atomic_folder, settle
from kamen_analysis.pipeline import digests, executors, expect, gold, groups, history, manifests, publish
from kamen_analysis.pipeline.merge import merge
from kamen_analysis.pipeline.parts import Progress, cache, gather

_locks: set[IO[str]] = set()  # held by this process


def _let_go() -> None:
    """Close, in a process just forked, the locks of the process it comes from: it would hold them until it ended itself."""
    for file in _locks:
        file.close()
    _locks.clear()


os.register_at_fork(after_in_child=_let_go)


@contextmanager
def lock(where: Home) -> Iterator[None]:
    """Hold the build lock of a working copy; raise KamenError at once if another build holds it."""
    folder = where.root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".build.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KamenError(f"另一个 kamen build 正在 {where.root} 运行，请等它结束") from None
        _locks.add(file)
        try:
            yield
        finally:
            _locks.discard(file)


def captures(where: Home) -> list[Path]:
    """Return the finished capture files of a home, sorted; raise KamenError if they lie in a folder of no known source."""
    found = sorted(where.raw.glob("*/*.warc.gz"))
    unknown = {path.parent.name for path in found} - sources.registry().keys()
    if unknown:
        raise KamenError(f"{where.raw} 下有不认识的来源：{'、'.join(sorted(unknown))}")
    return found


def _refuse_vanished(where: Home) -> None:
    """Raise KamenError if a capture the published tables were made from is gone, unless its custody chain records the purge."""
    gone = [where.raw / name for name in manifests.read(where).get("inputs", {}) if not (where.raw / name).exists()]
    purged = {folder: {name for name, state in sidecar.states(sidecar.entries(folder)).items() if state.purged}
              for folder in {path.parent for path in gone}}
    lost = sorted(path.relative_to(where.raw).as_posix() for path in gone if path.name not in purged[path.parent])
    if lost:
        raise KamenError(f"上次建表用过的 {len(lost)} 个存档不见了（{'、'.join(lost[:3])}{' 等' if lost[3:] else ''}），"
                         f"先前的表保持不变。请放回 {where.raw}；若是有意删去，移走 {where.processed} 后再 build")


def build(where: Home, jobs: int | None = None, progress: Progress = lambda stage, done, total: None,
          cluster: str | None = None, store: str | None = None) -> dict[str, Any]:
    """Turn data/raw into data/processed and return the manifest.

    cluster: the address of a dask scheduler. store: the address of an object store for the case that the cluster's machines do not
    see this home. If a table breaks its schema or still holds personal data, nothing is written and the previous tables stay.
    """
    if store and not cluster:
        raise KamenError("--store 只与 --cluster 同用：一台机器上不需要它")
    with lock(where):
        settle(where.processed)
        found = captures(where)
        if not found:
            raise KamenError(f"{where.raw} 里没有存档，请先运行 kamen import 或 kamen fetch")
        _refuse_vanished(where)
        inputs = digests.of_files(found)
        dependencies = manifests.depends(where, inputs)
        if manifests.is_current(where, dependencies):
            return manifests.read(where)
        with keeping(), uncollected(), executors.opened(jobs, cluster, store) as pool:
            return _rebuild(where, inputs, dependencies, pool, progress)


def _rebuild(where: Home, inputs: dict[Path, str], dependencies: dict[str, Any], pool: executors.Pool,
             progress: Progress) -> dict[str, Any]:
    parts = gather(where, inputs, pool, progress)
    if any(part.damaged for part in parts) and not any(part.size for part in parts):
        raise KamenError("存档损坏，没有一帖读得出；先前的表保持不变。请用备份放回原文件，kamen verify 说出是哪些")
    for part in parts:
        part.shortfall = expect.shortfall(part)
    progress("合并与去重", 0, 1)
    merged = merge(parts, frozenset(dependencies["withdrawn"]), cache(where))
    progress("合并与去重", 1, 1)
    own = where.root / "platforms.yaml"
    settings = publish.Settings(platforms.directory(own), codebook.load().version, gold.read(where))
    before = manifests.read(where)
    with atomic_folder(where.processed) as folder:
        written = _write_groups(where, folder, groups.groups(parts, merged), settings, pool, progress)
        manifest = manifests.describe(where, dependencies, parts, written, merged.withdrawn)
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        (folder / ".gitkeep").touch()
        entry = history.compared(where, before, folder, manifest)
    try:
        history.record(where, entry)
    except OSError as error:
        raise KamenError(f"新的表已写好，在 {where.processed}；只有构建记录没有写成（{told(error)}：{history.path_of(where)}）。"
                         "不必重跑，只是 kamen check 不能与上次相比") from None
    return manifest


def _write_groups(where: Home, folder: Path, wanted: list[groups.Group], settings: publish.Settings, pool: executors.Pool,
                  progress: Progress) -> manifests.Written:
    """Write the files of every group into `folder`; those that did not change since the last build are linked, not made again.

    A group in which only other posts are copies now gets new `publish.COPIES` and keeps its other files.
    """
    keys = {group.name: group.keys(settings.digest()) for group in wanted}
    reusable = _reusable(where, keys)
    written = {name: entry for name, entry in reusable.items() if entry["key"] == keys[name]["key"]}
    for table in publish.TABLES:
        (folder / table).mkdir()
    for name, entry in reusable.items():
        for file in entry["files"]:
            if name in written or not file.startswith(publish.COPIES):
                _link_or_copy(where.processed / file, folder / file)
    todo = sorted((group for group in wanted if group.name not in written), key=lambda group: -len(group.keep))
    with pool(len(todo)) as executor:
        running = {group.name: executor.submit(publish.write_copies, group, where.processed, reusable[group.name], folder)
                   if group.name in reusable else executor.submit(publish.write, group, settings, folder) for group in todo}
        for done, (name, future) in enumerate(running.items(), 1):
            written[name] = {**future.result(), **keys[name]}
            progress("核对与写入", done, len(running))
    for leftover in folder.glob("*/.*"):  # of a worker that was killed
        leftover.unlink()
    return {name: written[name] for name in keys}


def _reusable(where: Home, keys: dict[str, dict[str, str]]) -> manifests.Written:
    """Return the manifest entries of the published groups whose files are intact and in which at most the copies changed."""
    before = manifests.read(where).get("groups", {})
    same = {name: before[name] for name, key in keys.items() if before.get(name, {}).get("core") == key["core"]}
    whole = manifests.whole(where, {file: digest for entry in same.values() for file, digest in entry["files"].items()})
    return {name: entry for name, entry in same.items() if entry["files"].keys() <= whole}


def _link_or_copy(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(old, new)
