"""One capture by two processes: this one parses and redacts, the other gets ready meanwhile and codes what is redacted already."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa

from kamen_analysis.heap import uncollected
from kamen_analysis.paths import once
from kamen_analysis.pipeline import coding, partition

FIRST = 500  # posts of the first batch: the other process should not wait long, nor be asked too often


def run(capture: Path, raw: Path, kept: Path, codes: Path) -> None:
    """Make the part of a capture in `kept`, where there is none yet, and its codes in `codes`."""
    found: list[Future[coding.Coded]] = []
    with uncollected(), ProcessPoolExecutor(1) as other:
        other.submit(coding.coded, coding.SAMPLE)

        def tell(posts: pa.Table) -> None:
            found.append(other.submit(coding.coded, posts.select(coding.TEXTS)))

        once(kept, lambda fresh: partition.make(capture, raw, fresh, tell, FIRST))
        # Nothing is found where somebody else has made the part meanwhile.
        once(codes, lambda fresh: coding.write((one.result() for one in found), fresh) if found else coding.code(kept, fresh))

