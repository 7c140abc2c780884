"""Work on a cluster whose machines share no folder with this one: captures go there, and finished folders come back, through a store."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import once
from kamen_analysis.pipeline.store import CAPTURE, Damaged, Store, at, label_of

Work = Callable[..., Any]
"""`work(capture, raw, *folders)` fills the folders that do not exist yet; unless the first one exists, it reads the capture below `raw`."""


class Carrier(ThreadPoolExecutor):
    """An executor whose tasks (see Work) run on a cluster. Each thread handles one task from upload to download: the store stays small.

    At the end nothing is left in the store. An interrupted build leaves its finished folders there, and the next build uses them.
    """

    def __init__(self, client: Any, store: Store, retries: int) -> None:
        store.ready()
        # For each thread of the workers one task that runs and one that is being transferred.
        super().__init__(max(2 * sum(client.nthreads().values()), 2))
        self.client, self.store, self.retries = client, store, retries
        self.leftovers, self.running = {label_of(name): name for name in store.names()}, set[Any]()
        self.is_aborted = False

    def submit(self, work: Work, /, *given: Path) -> Future[Any]:  # type: ignore[override]
        """Start a task; its future is done once its folders are on this machine."""
        return super().submit(self._run, work, *given)

    def _run(self, work: Work, capture: Path, raw: Path, *folders: Path) -> None:
        try:
            self._try(work, capture, raw, *folders)
        except Damaged:  # perhaps a leftover: once more without any
            for folder in folders:
                self.leftovers.pop(folder.name, None)
            self._try(work, capture, raw, *folders)

    def _try(self, work: Work, capture: Path, raw: Path, *folders: Path) -> None:
        """Have the missing folders made by a worker, from leftovers and what exists here, and fetch them."""
        objects = {folder.name: self.leftovers[folder.name] for folder in folders if folder.name in self.leftovers}
        if any(not folder.exists() and folder.name not in objects for folder in folders):
            objects |= {folder.name: self.store.put_folder(folder) for folder in folders if folder.exists()}
            if folders[0].name not in objects:
                objects[CAPTURE] = self.store.put(capture, CAPTURE)
            task = (work, self.store.url, capture.relative_to(raw).as_posix(), objects, [folder.name for folder in folders])
            objects |= self._on_cluster(task)
        for folder in folders:
            once(folder, functools.partial(self.store.get_folder, objects[folder.name]))
        self.store.drop(objects.values())

    def _on_cluster(self, task: tuple[Any, ...]) -> dict[str, str]:
        """Run `there(*task)` on a worker and return its result."""
        future = self.client.submit(there, *task, pure=False, retries=self.retries)
        self.running.add(future)
        if self.is_aborted:  # meanwhile, so that `__exit__` could not cancel this future
            future.cancel()
        try:
            made: dict[str, str] = future.result()
        finally:
            self.running.discard(future)
        return made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.is_aborted = kind is not None
        self.shutdown(wait=False, cancel_futures=True)
        if self.is_aborted:
            self.client.cancel(list(self.running))
        self.shutdown()
        if kind is None:
            self.store.drop(self.store.names())
            return
        # The user is to see the error that ended the build, not one of cleaning up; the next build removes what stays.
        with suppress(KamenError):
            self.store.drop(name for name in self.store.names() if label_of(name) == CAPTURE)


def there(work: Work, url: str, capture: str, objects: dict[str, str], names: list[str]) -> dict[str, str]:
    """Do the work on a worker, in a temporary folder; return the object each of its folders was put as, by the folder's name."""
    from distributed import get_worker

    store = at(url)
    # In dask's own folder, which the next worker cleans up if this one is killed: a capture holds personal data.
    with tempfile.TemporaryDirectory(dir=get_worker().local_directory) as scratch:
        raw, folders = Path(scratch) / "raw", [Path(scratch) / name for name in names]
        if CAPTURE in objects:
            store.get(objects[CAPTURE], raw / capture)
        for folder in folders:
            if folder.name in objects:
                store.get_folder(objects[folder.name], folder)
        work(raw / capture, raw, *folders)
        return {folder.name: objects.get(folder.name) or store.put_folder(folder) for folder in folders}
