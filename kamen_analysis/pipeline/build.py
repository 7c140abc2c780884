"""The build: parts of all captures, decided on together, written and published as one folder, whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kamen_analysis import codebook, platforms, sources
from kamen_analysis.captures import sidecar, withdraw
from kamen_analysis.errors import KamenError, told
from kamen_analysis.paths import Home, atomic_folder, settle
from kamen_analysis.pipeline import digests, executors, expect, gold, groups, history, manifests, publish
from kamen_analysis.pipeline.merge import merge
from kamen_analysis.pipeline.parts import Progress, cache, gather


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


def _refuse_vanished(where: Home) -> None:
    """Raise KamenError where a capture the published tables were made of is gone, unless its chain says that it was purged."""
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

    cluster: the address of a dask scheduler. store: where its machines, if they do not see this home, are handed their work.
    Nothing is written when a table breaks its schema or still holds personal data; the folder before stays as it was.
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
        depended = manifests.depends(where, inputs)
        if manifests.is_current(where, depended):
            return manifests.read(where)
        with executors.opened(jobs, cluster, store) as pool:
            return _built(where, inputs, depended, pool, progress)


def _built(where: Home, inputs: dict[Path, str], depended: dict[str, Any], pool: executors.Pool, progress: Progress) -> dict[str, Any]:
    parts = gather(where, inputs, pool, progress)
    if any(part.damaged for part in parts) and not any(part.size for part in parts):
        raise KamenError("存档损坏，没有一帖读得出；先前的表保持不变。请用备份放回原文件，kamen verify 说出是哪些")
    for part in parts:
        part.shortfall = expect.shortfall(part)
    progress("合并与去重", 0, 1)
    merged = merge(parts, withdraw.listed(where), cache(where))
    progress("合并与去重", 1, 1)
    own = where.root / "platforms.yaml"
    settings = publish.Settings(platforms.directory(own), codebook.load().version, gold.read(where))
    before = manifests.read(where)
    with atomic_folder(where.processed) as folder:
        written = _written(where, folder, groups.groups(parts, merged), settings, pool, progress)
        manifest = manifests.describe(where, depended, parts, written, merged.withdrawn)
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        (folder / ".gitkeep").touch()
        entry = history.compared(where, before, folder, manifest)
    try:
        history.record(where, entry)
    except OSError as error:
        raise KamenError(f"新的表已写好，在 {where.processed}；只有构建记录没有写成（{told(error)}：{history.path_of(where)}）。"
                         "不必重跑，只是 kamen check 不能与上次相比") from None
    return manifest


def _written(where: Home, folder: Path, those: list[groups.Group], settings: publish.Settings, pool: executors.Pool,
             progress: Progress) -> manifests.Written:
    """Write every group's files into `folder`, those unchanged since the last build taken over from there."""
    keys = {group.name: group.keys(settings.digest()) for group in those}
    kept = _kept(where, keys)
    written = {name: one for name, one in kept.items() if one["key"] == keys[name]["key"]}
    for table in publish.TABLES:
        (folder / table).mkdir()
    for file in (file for name, one in kept.items() for file in one["files"] if name in written or not file.startswith(publish.COPIES)):
        _take_over(where.processed / file, folder / file)
    todo = sorted((group for group in those if group.name not in written), key=lambda group: -len(group.keep))
    with pool(len(todo)) as executor:
        running = {group.name: executor.submit(publish.write_copies, group, where.processed, kept[group.name], folder)
                   if group.name in kept else executor.submit(publish.write, group, settings, folder) for group in todo}
        for done, (name, future) in enumerate(running.items(), 1):
            written[name] = {**future.result(), **keys[name]}
            progress("核对与写入", done, len(running))
    for left in folder.glob("*/.*"):  # by a worker that was killed
        left.unlink()
    return {name: written[name] for name in keys}


def _kept(where: Home, keys: dict[str, dict[str, str]]) -> manifests.Written:
    """Return what the published groups gave whose files are whole and of which no more changed than which posts are copies."""
    before = manifests.read(where).get("groups", {})
    same = {name: before[name] for name, key in keys.items() if before.get(name, {}).get("core") == key["core"]}
    whole = manifests.whole(where, {file: digest for one in same.values() for file, digest in one["files"].items()})
    return {name: one for name, one in same.items() if one["files"].keys() <= whole}


def _take_over(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(old, new)
