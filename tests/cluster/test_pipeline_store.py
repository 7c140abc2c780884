"""The build on a cluster whose machines share no folder: the same bytes, and nothing left behind."""

from __future__ import annotations

import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster, address_of, alone, files_of, left_by_a_build_cut_short, objects_of, running

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import carrier, parts, store
from kamen_analysis.pipeline.build import build

pytest.importorskip("distributed")
pytest.importorskip("fsspec")


def test_a_worker_dies(home: Home, cluster: Cluster, place: store.Store) -> None:
    """With a folder as the store and a worker killed in the middle the bytes are those of one machine, and the store is empty after."""
    build(home, cluster=cluster.url, store=place.url, progress=lambda stage, done, total: cluster.workers[0].kill() if done == 2 else None)
    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert files_of(home) == alone(home)
    assert place.names() == [] == objects_of(place)


def test_the_scheduler_goes(home: Home, cluster: Cluster, place: store.Store, tmp_path: Path) -> None:
    """Without its scheduler a build ends with one line and no raw capture stays behind; the next keeps what was finished."""
    with pytest.raises(KamenError, match="再运行一次即从那里接着做"):
        build(home, cluster=cluster.url, store=place.url,
              progress=lambda stage, done, total: cluster.scheduler.kill() if done == 1 else None)
    assert not [name for name in place.names() if store.label_of(name) == store.CAPTURE]
    finished = {path: path.stat().st_mtime_ns for path in home.root.glob("data/.cache/codes/[!.]*/coded.arrow")}
    with running(Cluster(tmp_path, 1)) as again:
        build(home, cluster=again.url, store=place.url)
    assert finished and all(path.stat().st_mtime_ns == at for path, at in finished.items())
    assert files_of(home) == alone(home) and place.names() == []


THERE = carrier.there
ANSWERED, BEGUN = threading.Event(), threading.Event()


def _stuck(*task: Any) -> dict[str, str]:
    BEGUN.set()
    ANSWERED.wait(60)
    return THERE(*task)


def _interrupt_once_begun() -> None:
    if BEGUN.wait(60):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_interrupted(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that is interrupted ends though a worker does not answer, and no raw capture stays in the store."""
    monkeypatch.setattr(carrier, "there", _stuck)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what goes on in the background without
    threading.Thread(target=_interrupt_once_begun).start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            build(home, cluster=address_of(inside), store=place.url)
        assert time.monotonic() - began < 50
    finally:
        ANSWERED.set()
        signal.signal(signal.SIGINT, before)
    assert not [name for name in place.names() if store.label_of(name) == store.CAPTURE]


def test_objects_in_memory(home: Home, inside: Any) -> None:
    """A store without folders, dates or renames does: here fsspec's memory."""
    build(home, cluster=address_of(inside), store="memory://some/where")
    assert files_of(home) == alone(home)
    assert store.at("memory://some/where").names() == []


class Apart(Cluster):
    """A cluster whose workers see an empty folder where the home is."""

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        if command[0] != "worker":
            return super()._run(*command)
        hidden = f'mount -t tmpfs none "{self.folder / "home"}" && exec "$@"'
        with (self.folder / "dask.log").open("ab") as log:
            return subprocess.Popen(["unshare", "-m", "sh", "-c", hidden, "sh", sys.executable, "-m", "dask", *command], stdout=log,
                                    stderr=log, cwd=self.folder)


@pytest.fixture
def apart(home: Home, tmp_path: Path) -> Iterator[Cluster]:
    """Such a cluster; skips where a process may not have mounts of its own."""
    mount = ["unshare", "-m", "mount", "-t", "tmpfs", "none", str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounts of a process's own are not allowed here")
    with running(Apart(tmp_path, 2)) as started:
        yield started


def test_machines_that_do_not_see_the_home(home: Home, apart: Cluster, place: store.Store) -> None:
    """Where the workers cannot see the home, a build without a store says so in one line, and one with a store gives the same bytes."""
    with pytest.raises(KamenError, match="看不到.*--store"):
        build(home, cluster=apart.url)
    build(home, cluster=apart.url, store=place.url)
    assert files_of(home) == alone(home) and place.names() == []


def test_no_path_of_this_machine_is_sent(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker is given names objects of the store, and no folder of the home."""
    sent, submit = [], inside.submit
    monkeypatch.setattr(inside, "submit", lambda *task, **how: sent.append(pickle.dumps(task)) or submit(*task, **how))
    capture = min(home.raw.glob("*/*.warc.gz"))
    with carrier.Carrier(inside, place, retries=0) as executor:
        executor.submit(parts.ensure, capture, home.raw, *_folders(home, capture)).result()
    assert len(sent) == 1 and str(home.root).encode() not in sent[0] and capture.name.encode() in sent[0]


def _folders(home: Home, capture: Path) -> tuple[Path, Path]:
    return parts.places(parts.cache(home), sha256(capture))


def test_what_a_build_left_is_taken_up(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished parts that lie in the store are fetched, not made again, and then taken away."""
    assert len(left_by_a_build_cut_short(home, place)) > 10
    monkeypatch.setattr(carrier, "there", None)
    build(home, cluster=address_of(inside), store=place.url)
    assert files_of(home) == alone(home) and objects_of(place) == []


def test_only_redacted_text_leaves_for_new_labels(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the codes are to be made again the part is sent, and no raw capture."""
    build(home, jobs=1)
    whole = files_of(home)
    shutil.rmtree(home.root / "data" / ".cache" / "codes")
    shutil.rmtree(home.processed)
    put, labels = store.Store.put, []
    monkeypatch.setattr(store.Store, "put", lambda self, path, label: labels.append(label) or put(self, path, label))
    build(home, cluster=address_of(inside), store=place.url)
    assert files_of(home) == whole and len(labels) > 10 and store.CAPTURE not in labels


def test_what_is_not_ours_stays(home: Home, inside: Any, place: store.Store) -> None:
    """A build takes away its own objects, and nothing else that lies in the store."""
    (Path(place.root).parent / "report.pdf").write_bytes(b"1")
    Path(place.root).mkdir()
    (Path(place.root) / "notes.txt").write_bytes(b"2")
    build(home, cluster=address_of(inside), store=place.url)
    assert [path.name for path in objects_of(place)] == ["notes.txt"] and (Path(place.root).parent / "report.pdf").exists()
