"""A cluster whose machines share no folder with this one: a task's file goes there through a store, and its folders come back so."""

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
"""`work(capture, raw, *folders)`: reads a capture below `raw`, unless the first folder is there, and fills the folders not there yet."""


class Carrier(ThreadPoolExecutor):
    """Has such work done by a cluster: each thread sees one task through, so that little lies in the store at a time.

    In the end nothing is left there. After a build cut short, finished folders are, and the next one starts from them.
    """

    def __init__(self, client: Any, store: Store, retries: int) -> None:
        store.ready()
        # One task at work and one on its way for each of the workers.
        super().__init__(max(2 * sum(client.nthreads().values()), 2))
        self.client, self.store, self.retries = client, store, retries
        self.left, self.running = {label_of(name): name for name in store.names()}, set[Any]()
        self.ended = False

    def submit(self, work: Work, /, *given: Path) -> Future[Any]:  # type: ignore[override]
        """Take a task on; its future is done once its folders are here."""
        return super().submit(self._through, work, *given)

    def _through(self, work: Work, capture: Path, raw: Path, *folders: Path) -> None:
        try:
            self._done(work, capture, raw, *folders)
        except Damaged:
            for folder in folders:
                self.left.pop(folder.name, None)
            self._done(work, capture, raw, *folders)

    def _done(self, work: Work, capture: Path, raw: Path, *folders: Path) -> None:
        objects = {folder.name: self.left[folder.name] for folder in folders if folder.name in self.left}
        if any(not folder.exists() and folder.name not in objects for folder in folders):
            objects |= {folder.name: self.store.put_folder(folder) for folder in folders if folder.exists()}
            if folders[0].name not in objects:
                objects[CAPTURE] = self.store.put(capture, CAPTURE)
            task = (work, self.store.url, capture.relative_to(raw).as_posix(), objects, [folder.name for folder in folders])
            objects |= self._sent(task)
        for folder in folders:
            once(folder, functools.partial(self.store.get_folder, objects[folder.name]))
        self.store.drop(objects.values())

    def _sent(self, task: tuple[Any, ...]) -> dict[str, str]:
        sent = self.client.submit(there, *task, pure=False, retries=self.retries)
        self.running.add(sent)
        if self.ended:  # while this thread was at the store
            sent.cancel()
        try:
            made: dict[str, str] = sent.result()
        finally:
            self.running.discard(sent)
        return made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended = kind is not None
        self.shutdown(wait=False, cancel_futures=True)
        if self.ended:
            self.client.cancel(list(self.running))
        self.shutdown()
        if kind is None:
            self.store.drop(self.store.names())
            return
        # What is told is why the build ended; the next one takes away what this one could not.
        with suppress(KamenError):
            self.store.drop(name for name in self.store.names() if label_of(name) == CAPTURE)


def there(work: Work, url: str, capture: str, objects: dict[str, str], names: list[str]) -> dict[str, str]:
    """Do the work on a worker, in a folder of its own that goes again, and return the objects its folders were put as, by name."""
    from distributed import get_worker

    store = at(url)
    # Where a killed worker's files are removed by the next one that starts: a capture holds personal data.
    with tempfile.TemporaryDirectory(dir=get_worker().local_directory) as scratch:
        raw, folders = Path(scratch) / "raw", [Path(scratch) / name for name in names]
        if CAPTURE in objects:
            store.get(objects[CAPTURE], raw / capture)
        for folder in folders:
            if folder.name in objects:
                store.get_folder(objects[folder.name], folder)
        work(raw / capture, raw, *folders)
        return {folder.name: objects.get(folder.name) or store.put_folder(folder) for folder in folders}
