"""`kamen run` as a timer runs it: one at a time, logged, its state readable by machines, failures told and survived."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kamen_analysis import service
from kamen_analysis.cli import main
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home

ROWS = [{"编号": f"TS20261100{n:03}", "标题": "点卡充不进去", "投诉对象": "白马点卡", "投诉进度": "处理中",
         "发布时间": f"2026-08-{n + 1:02} 10:00",
         "正文": f"第{n}次买点卡，一直提示卡号错误，客服让我等，等了{n}天没有人再回我，联系电话1391234{n:04}。"} for n in range(20)]
FAST = service.Asked(jobs=1, formats=("xlsx",))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one table in its inbox."""
    found = Home(tmp_path / "home")
    _drop(found, "a.jsonl", ROWS)
    return found


def _drop(home: Home, name: str, rows: list[dict[str, str]]) -> None:
    path = home.root / "data" / "inbox" / "table" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _run(home: Home, asked: service.Asked = FAST) -> service.Done:
    return service.run(home, asked, lambda stage, done, total: None)


def _status(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((service.folder(home) / "status.json").read_text("utf-8"))
    return found


def _log(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (service.folder(home) / "log.jsonl").read_text("utf-8").splitlines()]


def _gauges(home: Home) -> Iterator[tuple[str, float]]:
    for line in (service.folder(home) / "status.prom").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, value = re.fullmatch(r'([a-z_]+(?:\{[a-z]+="\w+"(?:,[a-z]+="\w+")*\})?) (\S+)', line).groups()  # type: ignore[union-attr]
            yield name, float(value)


def test_a_run_leaves_log_status_and_gauges(home: Home) -> None:
    """A run takes the inbox in, builds and reports; log, status and gauges say so with the same numbers, and hold no personal data."""
    done = _run(home)
    assert done.code == 0 and done.report is not None and (done.report.folder / "tables.xlsx").exists()
    assert [line["event"] for line in _log(home)] == ["start", "import", "build", "report", "end"]
    assert len({line["run"] for line in _log(home)}) == 1 and all(line["level"] == "info" for line in _log(home))
    status, gauges = _status(home), dict(_gauges(home))
    assert (status["state"], status["exit_code"], status["posts"], status["error"]) == ("done", 0, 20, "")
    assert gauges["kamen_posts"] == 20 and gauges["kamen_last_run_exit_code"] == 0 and gauges["kamen_running"] == 0
    assert gauges["kamen_last_success_timestamp_seconds"] >= gauges["kamen_last_run_timestamp_seconds"] > 1.7e9
    assert gauges["kamen_last_capture_timestamp_seconds"] > 1.7e9
    written = " ".join(path.read_text("utf-8") for path in service.folder(home).iterdir())
    assert "1391234" not in written


def test_a_second_run_takes_only_what_is_new(home: Home) -> None:
    """What was taken in stays in the inbox and is not taken again; rows that cannot be posts are counted and the run ends with code 1."""
    _run(home)
    _drop(home, "b.jsonl", [*ROWS[:1], {"编号": "TS20261199999", "标题": "", "正文": ""}])
    done = _run(home)
    assert done.code == 1 and any("此前已导入" in line for line in done.imported)
    assert dict(_gauges(home))['kamen_rejected{stage="clean",reason="no_text"}'] == 1


def test_one_at_a_time(home: Home) -> None:
    """A run that begins while another is at work ends with one clear line and leaves log and status to the other."""
    service.folder(home).mkdir(parents=True)
    with (service.folder(home) / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(KamenError, match="另一个 kamen run"):
            _run(home)
    assert not (service.folder(home) / "log.jsonl").exists()


def test_a_failure_is_told_and_the_counts_stand(home: Home) -> None:
    """When nothing of a capture can be read the run ends with 2, says why in log and status, and the counts of the tables remain."""
    _run(home)
    capture = next(home.raw.glob("table/*.warc.gz"))
    capture.write_bytes(capture.read_bytes()[:40])
    with pytest.raises(KamenError):
        _run(home)
    status = _status(home)
    assert (status["state"], status["exit_code"], status["posts"]) == ("failed", 2, 20) and "存档损坏" in status["error"]
    assert (_log(home)[-1]["event"], _log(home)[-1]["level"]) == ("end", "error")
    assert dict(_gauges(home))["kamen_last_run_exit_code"] == 2


def test_an_interrupt_is_recorded_as_it_is_returned(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its user ends a run, the status has the exit code that the process returns."""
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service, "build", interrupted)
    code = main(["--home", str(home.root), "run"])
    assert code == 130 == _status(home)["exit_code"] == dict(_gauges(home))["kamen_last_run_exit_code"]


def test_killed_in_the_middle(home: Home) -> None:
    """A run killed in its build leaves the state "running" and no tables; the next run says so in the log and finishes the work."""
    code = ("import time; from pathlib import Path; from kamen_analysis import service; from kamen_analysis.paths import Home\n"
            "service.build = lambda *a: time.sleep(60)\n"
            f"service.run(Home(Path({str(home.root)!r})), service.Asked(), print)")
    victim = subprocess.Popen([sys.executable, "-c", code])
    log, deadline = service.folder(home) / "log.jsonl", time.monotonic() + 60
    while not (log.exists() and '"import"' in log.read_text("utf-8")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert _status(home)["state"] == "running" and not home.processed.exists()
    assert _run(home).code == 0
    died = [line for line in _log(home) if line["event"] == "previous_run_died"]
    assert len(died) == 1 and died[0]["pid"] == victim.pid and _status(home)["state"] == "done"


def test_the_log_does_not_grow_for_ever(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log over its size goes to log.jsonl.1, whole, and a new one begins."""
    _run(home)
    before = (service.folder(home) / "log.jsonl").read_text("utf-8")
    monkeypatch.setattr(service, "LOG_BYTES", 100)
    with pytest.raises(KamenError):
        _run(home, service.Asked(inbox=home.root / "nowhere"))
    assert (service.folder(home) / "log.jsonl.1").read_text("utf-8") != ""
    assert before.splitlines()[0] not in (service.folder(home) / "log.jsonl").read_text("utf-8")
    assert _status(home)["error"].startswith("没有文件夹")


def test_a_status_that_is_none_is_written_anew(home: Home) -> None:
    """A status file that holds something else does not stop the next run."""
    service.folder(home).mkdir(parents=True, exist_ok=True)
    (service.folder(home) / "status.json").write_text("[]", encoding="utf-8")
    with pytest.raises(KamenError):
        _run(home, service.Asked(inbox=home.root / "nowhere"))
    assert _status(home)["state"] == "failed"
