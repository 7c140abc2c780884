"""`kamen run`, for timers: import new files, build, report. One run at a time, with a log and its state in files.

In data/run: `log.jsonl` (one line per event), `status.json`, and `status.prom` (text format for Prometheus' node exporter). None holds
personal data.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kamen_analysis.checking import turned_away
from kamen_analysis.errors import INTERRUPTED, KamenError
from kamen_analysis.importing import import_files
from kamen_analysis.paths import Home, atomic_write
from kamen_analysis.pipeline.build import build
from kamen_analysis.report.build import FORMATS, ReportResult, report

Progress = Callable[[str, int, int], None]
LOG_BYTES = 10 << 20  # a longer log is renamed to log.jsonl.1


@dataclass(frozen=True)
class Asked:
    """What the user asked for. inbox: a folder with a folder of new files for each source; None: data/inbox, if it exists."""

    jobs: int | None = None
    cluster: str | None = None
    period: str | None = None
    formats: tuple[str, ...] = FORMATS
    scope: str = "virtual"
    out: Path | None = None
    inbox: Path | None = None
    store: str | None = None


@dataclass
class Done:
    """What a run did: the lines of its imports, the manifest, the report, and the exit code (1: pages, records or runs were left out)."""

    imported: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    report: ReportResult | None = None
    code: int = 0


def folder(where: Home) -> Path:
    """Return the folder of log and status."""
    return where.root / "data" / "run"


def run(where: Home, asked: Asked, progress: Progress) -> Done:
    """Import, build and report; an error that ends the run is logged and put into the status, then raised."""
    with _only_one(where):
        journal = _Journal(where)
        journal.begin()
        done = Done()
        try:
            with journal.step("import"):
                done.imported = list(_take_in(where, asked.inbox))
            with journal.step("build") as facts:
                done.manifest = build(where, asked.jobs, progress, asked.cluster, asked.store)
                facts |= {"posts": done.manifest["rows"]["posts"], "rejected": _rejects(done.manifest)}
            with journal.step("report") as facts:
                done.report = report(where, asked.period, asked.formats, asked.scope, asked.out, progress)
                facts |= {"files": len(done.report.files), "counted": done.report.counted}
        except BaseException as error:
            journal.end(_code(error), done.manifest, _message(error))
            raise
        done.code = int(turned_away(done.manifest))
        journal.end(done.code, done.manifest)
        return done


def _code(error: BaseException) -> int:
    return error.exit_code if isinstance(error, KamenError) else INTERRUPTED if isinstance(error, KeyboardInterrupt) else 2


def _message(error: BaseException) -> str:
    # Only our own messages are sure to hold no personal data.
    return str(error) if isinstance(error, KamenError) else type(error).__name__


def _take_in(where: Home, inbox: Path | None) -> Iterator[str]:
    """Import the files of each source's folder in the inbox; those imported before are skipped."""
    if inbox and not inbox.is_dir():
        raise KamenError(f"没有文件夹 {inbox}")
    for source in sorted((inbox or where.root / "data" / "inbox").glob("*/")):
        if any(path.is_file() for path in source.rglob("*")):
            yield from import_files(where, source.name, [source])


@contextmanager
def _only_one(where: Home) -> Iterator[None]:
    folder(where).mkdir(parents=True, exist_ok=True)
    with (folder(where) / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KamenError(f"另一个 kamen run 正在 {where.root} 运行（{_status(where).get('started', '刚刚')} 起），这次不做") from None
        yield


def _status(where: Home) -> dict[str, Any]:
    try:
        status: dict[str, Any] = json.loads((folder(where) / "status.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def _rejects(manifest: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {stage["stage"]: stage["rejected"] for stage in manifest["stages"] if stage["rejected"]}


class _Journal:
    """The log and the status of one run."""

    def __init__(self, where: Home) -> None:
        self.where, self.began, self.before = where, time.monotonic(), _status(where)
        self.started = datetime.now(UTC).isoformat(timespec="seconds")

    def log(self, event: str, level: str = "info", **facts: Any) -> None:
        """Append one line: time (`at`, UTC), start of the run (`run`), level, event, and the facts."""
        path = folder(self.where) / "log.jsonl"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_name("log.jsonl.1"))
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "run": self.started, "level": level, "event": event, **facts}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Log the end of a step, with its duration and what the block adds to the dict it is given."""
        began, facts = time.monotonic(), dict[str, Any]()
        yield facts
        self.log(name, seconds=round(time.monotonic() - began, 3), **facts)

    def begin(self) -> None:
        """Log the start, after a warning if the run before never came to its end."""
        if self.before.get("state") == "running":
            self.log("previous_run_died", "warning", started=self.before.get("started"), pid=self.before.get("pid"))
        self.log("start", pid=os.getpid())
        self._write({**self.before, "state": "running", "started": self.started, "pid": os.getpid()})

    def end(self, code: int, manifest: dict[str, Any], error: str = "") -> None:
        """Log the end and write the status; after a failure it keeps the previous counts, since the previous tables stand too."""
        seconds = round(time.monotonic() - self.began, 3)
        self.log("end", "error" if error else "info", code=code, seconds=seconds, **({"error": error} if error else {}))
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        status = {**self.before, "state": "failed" if error else "done", "started": self.started, "ended": ended, "seconds": seconds,
                  "exit_code": code, "error": error}
        status.pop("pid", None)
        if not error:
            status |= {"last_success": ended, "posts": manifest["rows"]["posts"], "rejected": _rejects(manifest), "gaps": manifest["gaps"],
                       "last_capture": manifest["last_capture"], "is_synthetic": manifest["is_synthetic"]}
        self._write(status)

    def _write(self, status: dict[str, Any]) -> None:
        with atomic_write(folder(self.where) / "status.json") as file:
            json.dump(status, file, ensure_ascii=False, indent=1, sort_keys=True)
        with atomic_write(folder(self.where) / "status.prom") as file:
            file.write("".join(f"{line}\n" for line in _gauges(status)))


def _gauges(status: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the status in Prometheus' text format; what is not known yet is left out."""
    times = {"kamen_last_run_timestamp_seconds": "started", "kamen_last_success_timestamp_seconds": "last_success",
             "kamen_last_capture_timestamp_seconds": "last_capture"}
    plain = {name: datetime.fromisoformat(status[key]).timestamp() for name, key in times.items() if status.get(key)}
    numbers = {"kamen_last_run_seconds": "seconds", "kamen_last_run_exit_code": "exit_code", "kamen_posts": "posts"}
    plain |= {name: status[key] for name, key in numbers.items() if key in status}
    for name, value in {**plain, "kamen_running": int(status["state"] == "running"), "kamen_gaps": len(status.get("gaps", []))}.items():
        yield f"# TYPE {name} gauge"
        yield f"{name} {value:.15g}"
    if status.get("rejected"):
        yield "# TYPE kamen_rejected gauge"
    for stage, reasons in status.get("rejected", {}).items():
        yield from (f'kamen_rejected{{stage="{stage}",reason="{reason}"}} {n}' for reason, n in reasons.items())
