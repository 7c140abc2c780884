"""Work in a forked process beside the report's own: it shares the report's memory, and only its result is copied back."""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from kamen_analysis.errors import KamenError
from kamen_analysis.heap import give_back

T = TypeVar("T")
ROOM = 1 << 20  # bytes of pipe buffer; the most that Linux allows an ordinary user by default

_started: ContextVar[ExitStack | None] = ContextVar("_started", default=None)


@contextmanager
def ended() -> Iterator[None]:
    """End, when the block does, what was begun in it and still runs: after an error nobody waits for it, and it may yet write files."""
    with ExitStack() as stack:
        token = _started.set(stack)
        try:
            yield
        finally:
            _started.reset(token)


def begin(work: Callable[[], T]) -> Callable[[], T]:
    """Start `work` and return a function that waits for its result, or raises what it raised. It is called once, here or in a process
    begun later.

    Outside Linux, where forking a running process is not safe, and in a process that was itself started here, `work` runs in this process
    when its result is asked for.
    """
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return work
    give_back()  # free memory kept by the allocator would stay in the fork after this process released it
    parent = os.getpid()
    context: Any = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    with suppress(OSError):
        # A result that fits the pipe lets the process end at once; otherwise it would wait, with all its memory, until the result is read.
        fcntl.fcntl(theirs.fileno(), fcntl.F_SETPIPE_SZ, ROOM)
    process = context.Process(target=_run, args=(work, theirs), daemon=True)
    # Keep the fork's garbage collector off the existing objects: touching them would copy every page of shared memory.
    gc.freeze()
    process.start()
    gc.unfreeze()
    theirs.close()
    if stack := _started.get():
        stack.callback(process.join)
        stack.callback(process.kill)

    def end() -> None:
        if os.getpid() == parent:
            process.join()

    def result() -> T:
        try:
            returned, error = ours.recv()
        except EOFError:
            end()
            # Only the process that started it can read its exit code.
            code = f"（退出码 {process.exitcode}）" if os.getpid() == parent else ""
            raise KamenError(f"生成报告的一个进程中途停了{code}，多半是内存不够") from None
        end()
        if error is not None:
            raise error
        value: T = returned
        return value

    return result


def _run(work: Callable[[], Any], out: Connection) -> None:
    outcome: tuple[Any, Exception | None]
    try:
        outcome = (work(), None)
    except Exception as error:  # noqa: BLE001 - raised again in the process that waits
        outcome = (None, error)
    out.send(outcome)
