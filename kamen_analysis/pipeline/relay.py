"""One capture: parsed and redacted here, and what is redacted is coded, by another process meanwhile where one is to be had."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from kamen_analysis.heap import uncollected
from kamen_analysis.paths import once
from kamen_analysis.pipeline import coding, executors, partition

FIRST = 500  # posts of the first batch: the other process should not wait long, nor be asked too often


def run(capture: Path, raw: Path, kept: Path, codes: Path, beside: bool) -> None:
    """Make the part of a capture in `kept` and its codes in `codes`, where there are none yet; `beside`: by a process more."""
    found: list[Future[coding.Coded]] = []
    with uncollected(), ProcessPoolExecutor(1, initializer=executors.alone) if beside else executors.Here() as other:
        if beside:
            other.submit(coding.coded, coding.SAMPLE)

        def tell(posts: partition.Columns) -> None:
            found.append(other.submit(coding.coded, {name: posts[name] for name in coding.TEXTS}))

        once(kept, lambda fresh: partition.make(capture, raw, fresh, tell, FIRST if beside else partition.BATCH))
        # Nothing is found where the part is there already.
        once(codes, lambda fresh: coding.write((one.result() for one in found), fresh) if found else coding.code(kept, fresh))

