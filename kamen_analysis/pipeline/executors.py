"""Where the work is done: in this process, in threads or processes, or on a cluster, all behind `concurrent.futures.Executor`."""

from __future__ import annotations

import ctypes
import functools
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, TypeVar

import pyarrow as pa

from kamen_analysis import heap
from kamen_analysis.errors import KamenError

P = ParamSpec("P")
T = TypeVar("T")
FEW = 2  # captures: before processes of a pool had loaded what they need, this one and a second that codes are half through
RETRIES = 3  # how often the cluster repeats a task whose worker died
_PATIENCE = "15s"  # to connect to the scheduler
_DEATH_SIGNAL = 1  # prctl.h: PR_SET_PDEATHSIG


class Pool(Protocol):
    """Returns an executor for a number of tasks; `reads`: the tasks redact or label texts, which is Python code and needs processes;
    `halves`: each task can leave half its work to a second process, so that few tasks are done in turn, in this process and that one.

    Other tasks move whole columns in Arrow, which releases the interpreter's lock: on one machine threads do, and nothing is copied.
    """

    def __call__(self, tasks: int, *, reads: bool = False, halves: bool = False) -> Executor:
        """Return the executor."""


class Here(Executor):
    """An executor that runs each task at once in this process; `idle` is how many further processes may be started beside it."""

    def __init__(self, idle: int = 0) -> None:
        self.idle = idle

    def submit(self, work: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> Future[T]:
        """Run the task now and return its finished future."""
        done: Future[T] = Future()
        done.set_result(work(*given, **named))
        return done


@contextmanager
def opened(jobs: int | None = None, cluster: str | None = None, store: str | None = None) -> Iterator[Pool]:
    """Yield a `Pool` for this machine (`jobs` processes) or a dask cluster; raise KamenError, one line, if a worker dies.

    Without a store the cluster's machines must see this machine's folders. With a store the cluster does only the tasks that read
    texts, and this machine the rest.
    """
    local = functools.partial(_local, jobs or os.cpu_count() or 1)
    try:
        if cluster:
            with _cluster(cluster) as client:
                yield _by_store(client, store, local) if store else lambda tasks, **_: _Shared(client)
        else:
            yield local
    except BrokenExecutor:
        raise KamenError("一个处理进程被系统终止（多半是内存不足），可用 --jobs 1 重试；先前的输出保持不变") from None


def _local(jobs: int, tasks: int, *, reads: bool = False, halves: bool = False) -> Executor:
    if min(jobs, tasks) <= 1 or halves and tasks <= FEW:  # a pool costs more than it would save
        return Here(jobs - 1)
    jobs = min(jobs, tasks)
    if not reads:
        return ThreadPoolExecutor(jobs)
    _engines()
    return ProcessPoolExecutor(jobs, initializer=alone)


@functools.cache
def _engines() -> None:
    """Build what redacts and labels before processes are forked, so that they share it."""
    from kamen_analysis.pipeline import coding
    from kamen_analysis.redact import redact_many
    from kamen_analysis.redact.rules import patterns

    cued, free = patterns()
    for pattern in {id(pattern): pattern for group in (free, *cued.values()) for pattern in group}.values():
        _ = pattern.match  # compiled on first use
    redact_many(["演示"])
    coding.coded(coding.SAMPLE)


def alone() -> None:
    """Set up a worker process: one Arrow thread, since the workers share the cores already, and freed memory kept for the next task.

    On Linux it ends when the process that forked it does, however that ends.
    """
    parent = multiprocessing.parent_process()
    if sys.platform == "linux" and parent and multiprocessing.get_start_method() == "fork":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent.pid:  # it ended before it was asked for the signal
            os._exit(1)
    pa.set_cpu_count(1)
    heap.keep()


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise KamenError("--cluster 需要 dask.distributed：pip install 'kamen-analysis[cluster]'") from None
    # It would log tracebacks of the errors that are reported here in one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        raise KamenError(f"连不上调度器 {address}：请核对地址，并确认 dask scheduler 已启动") from None
    try:
        with client:
            if not client.scheduler_info()["workers"]:
                raise KamenError(f"调度器 {address} 下没有工作进程，请先启动 dask worker")
            yield client
    except KilledWorker:
        raise KamenError(f"同一部分在 {RETRIES + 1} 个工作进程上都未完成（多半是内存不足）；已完成的部分都在，可再运行一次") from None
    except (CommClosedError, CancelledError) as error:
        raise KamenError(f"与调度器 {address} 的连接断了（{type(error).__name__}）；已完成的部分都在，再运行一次即从那里接着做") from None


def _by_store(client: Any, store: str, local: Pool) -> Pool:
    """Return a pool that sends tasks that read texts to the cluster through a store, and does the others here."""
    from kamen_analysis.pipeline.carrier import Carrier
    from kamen_analysis.pipeline.store import at

    opened_store = at(store)
    return lambda tasks, *, reads=False, halves=False: Carrier(client, opened_store, RETRIES) if reads else local(tasks)


class _Shared(Executor):
    """A cluster's client as an executor; leaving its `with` block does not close the client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def submit(self, work: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> Future[T]:
        """Send the task to the cluster; return dask's future, of which only `result` is used."""
        sent: Future[T] = self.client.submit(work, *given, **named, pure=False, retries=RETRIES)
        return sent
