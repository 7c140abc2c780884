"""Captures to their parts and codes: each parsed and redacted in this process, coded here too or meanwhile in a second process."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from kamen_analysis.heap import uncollected
from kamen_analysis.paths import once
from kamen_analysis.pipeline import coding, executors, partition

BATCH = 1500  # posts handed over at a time: so few that the second process soon has work and ends soon after the last
_SHARED = ("rjieba", "kamen_analysis.kernels")  # slow to load and needed by both processes: loaded once, before the second is forked


@contextmanager
def coder() -> Iterator[Executor]:
    """Yield a second process that codes; it loads its rules and model while the first batch is parsed and redacted.

    What it has not begun when the block ends, which is so after an error, is not coded any more.
    """
    for module in _SHARED:
        importlib.import_module(module)
    process = ProcessPoolExecutor(1, initializer=executors.alone)
    try:
        process.submit(coding.coded, coding.SAMPLE)
        yield process
    finally:
        process.shutdown(cancel_futures=True)


def begin(capture: Path, raw: Path, folder: Path, coded: Path, coder: Executor) -> Callable[[], None]:
    """Make the part of a capture in `folder` unless it exists; return a function that has its codes in `coded` when it ends.

    `coder` codes each batch as soon as it is redacted: while the last ones are coded, the next capture may begin.
    """
    batches: list[Future[coding.Coded]] = []

    def code(posts: partition.Columns) -> None:
        batches.append(coder.submit(coding.coded, {name: posts[name] for name in coding.TEXTS}))

    size = partition.BATCH if isinstance(coder, executors.Here) else BATCH
    with uncollected():
        once(folder, lambda fresh: partition.make(capture, raw, fresh, code, size))
    # There are no batches where the part existed already: it is then coded from its file.
    return lambda: once(coded, lambda fresh: coding.write((batch.result() for batch in batches), fresh) if batches
                        else coding.code(folder, fresh))
