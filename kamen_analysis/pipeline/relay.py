"""One capture to its part and codes: parsed and redacted in this process, coded here too or meanwhile in a second process."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from kamen_analysis.heap import uncollected
from kamen_analysis.paths import once
from kamen_analysis.pipeline import coding, executors, partition

FIRST = 500  # posts in the first batch: small enough that the second process soon has work, large enough to be worth a message


def run(capture: Path, raw: Path, folder: Path, coded: Path, beside: bool) -> None:
    """Make the part of a capture in `folder` and its codes in `coded`, unless they exist; `beside`: code in a second process."""
    batches: list[Future[coding.Coded]] = []
    with uncollected(), ProcessPoolExecutor(1, initializer=executors.alone) if beside else executors.Here() as coder:
        if beside:
            coder.submit(coding.coded, coding.SAMPLE)  # it loads its rules and model while the first batch is parsed

        def code(posts: partition.Columns) -> None:
            batches.append(coder.submit(coding.coded, {name: posts[name] for name in coding.TEXTS}))

        once(folder, lambda fresh: partition.make(capture, raw, fresh, code, FIRST if beside else partition.BATCH))
        # There are no batches where the part existed already: it is then coded from its file.
        once(coded, lambda fresh: coding.write((batch.result() for batch in batches), fresh) if batches else coding.code(folder, fresh))
