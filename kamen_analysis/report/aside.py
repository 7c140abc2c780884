"""Work done beside the report's own, in a process that starts with all the report holds: nothing is copied there, only what comes back."""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from kamen_analysis.errors import KamenError
from kamen_analysis.heap import give_back

T = TypeVar("T")
ROOM = 1 << 20  # bytes; more a user may not have by default


def begin(work: Callable[[], T]) -> Callable[[], T]:
    """Start `work` and return a function that waits for what it returns, or raises what it raised.

    Elsewhere than on Linux a running process cannot be split safely: there the work is done here, when it is asked for.
    """
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return work
    give_back()  # what is freed here later would stay there
    context: Any = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    with suppress(OSError):
        # Room for what comes back: else the process stays, with all it holds, until somebody asks for it.
        fcntl.fcntl(theirs.fileno(), fcntl.F_SETPIPE_SZ, ROOM)
    process = context.Process(target=_run, args=(work, theirs), daemon=True)
    # What stands is not looked through for garbage there: that would copy every page of it.
    gc.freeze()
    process.start()
    gc.unfreeze()
    theirs.close()

    def result() -> T:
        try:
            found, error = ours.recv()
        except EOFError:
            process.join()
            raise KamenError(f"生成报告的一个进程中途停了（退出码 {process.exitcode}），多半是内存不够") from None
        process.join()
        if error is not None:
            raise error
        value: T = found
        return value

    return result


def _run(work: Callable[[], Any], out: Connection) -> None:
    told: tuple[Any, Exception | None]
    try:
        told = (work(), None)
    except Exception as error:  # noqa: BLE001 - told to the one who waits
        told = (None, error)
    out.send(told)
