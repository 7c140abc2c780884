"""Show the progress of long steps on standard error: one changing line on a terminal, elsewhere a line at each quarter."""

from __future__ import annotations

import sys
import time


class Progress:
    """A callable that takes (stage, done, total) and prints no more often than a person can read."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._last = 0.0
        self._quarter: dict[str, int] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of `stage` are finished (total 0: unknown)."""
        finished = total > 0 and done >= total
        if self._moving:
            if finished or time.monotonic() - self._last > 0.1:
                self._last = time.monotonic()
                print(f"\r\033[K{_line(stage, done, total)}", end="\n" if finished else "", file=sys.stderr, flush=True)
            return
        quarter = 4 * done // total if total else done // 1000
        if self._quarter.get(stage) != quarter:
            self._quarter[stage] = quarter
            print(_line(stage, done, total), file=sys.stderr, flush=True)


def _line(stage: str, done: int, total: int) -> str:
    return f"{stage}：{done:,}/{total:,}" if total else f"{stage}：{done:,}"
