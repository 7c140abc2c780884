"""The build on a cluster whose machines share no folder: the same bytes, nothing left behind, and each fault of a store in one line."""

from __future__ import annotations

import errno
import pickle
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster, alone, files_of, made

from kamen_analysis import cli
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, sha256
from kamen_analysis.pipeline import carrier, parts, store
from kamen_analysis.pipeline.build import build

distributed = pytest.importorskip("distributed")
fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of some eight captures, none built yet."""
    return made(tmp_path, monkeypatch)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two workers in processes of their own."""
    started = Cluster(tmp_path, 2)
    try:
        yield started.ready()
    finally:
        started.stop()


@pytest.fixture
def inside() -> Iterator[Any]:
    """A client of a cluster within this process."""
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None, set_as_default=False) as client:
        yield client


@pytest.fixture
def place(tmp_path: Path) -> store.Store:
    """A store in a folder."""
    (tmp_path / "store").mkdir()
    return store.at(f"file://{tmp_path / 'store'}")


def _objects(place: store.Store) -> list[Path]:
    return sorted(path for path in Path(place.root).rglob("*") if path.is_file())


def _address(client: Any) -> str:
    return str(client.scheduler.address)


def test_a_worker_dies(home: Home, cluster: Cluster, place: store.Store) -> None:
    """With a folder as the store and a worker killed in the middle the bytes are those of one machine, and the store is empty after."""
    build(home, cluster=cluster.url, store=place.url, progress=lambda stage, done, total: cluster.workers[0].kill() if done == 2 else None)
    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert files_of(home) == alone(home)
    assert place.names() == [] == _objects(place)


def test_the_scheduler_goes(home: Home, cluster: Cluster, place: store.Store, tmp_path: Path) -> None:
    """Without its scheduler a build ends with one line and no raw capture stays behind; the next keeps what was finished."""
    with pytest.raises(KamenError, match="再运行一次即从那里接着做"):
        build(home, cluster=cluster.url, store=place.url,
              progress=lambda stage, done, total: cluster.scheduler.kill() if done == 2 else None)
    assert not [name for name in place.names() if store.label_of(name) == store.CAPTURE]
    finished = {path: path.stat().st_mtime_ns for path in home.root.glob("data/.cache/codes/[!.]*/coded.parquet")}
    again = Cluster(tmp_path, 1)
    try:
        build(home, cluster=again.ready().url, store=place.url)
    finally:
        again.stop()
    assert len(finished) >= 2 and all(path.stat().st_mtime_ns == at for path, at in finished.items())
    assert files_of(home) == alone(home) and place.names() == []


THERE = carrier.there
ANSWERED, BEGUN = threading.Event(), threading.Event()


def _stuck_after_the_first(*task: Any) -> dict[str, str]:
    if BEGUN.is_set():
        ANSWERED.wait(60)
    BEGUN.set()
    return THERE(*task)


def test_interrupted(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that is interrupted ends though a worker does not answer, and no raw capture stays in the store."""

    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(carrier, "there", _stuck_after_the_first)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            build(home, cluster=_address(inside), store=place.url, progress=interrupt)
        assert time.monotonic() - began < 50
    finally:
        ANSWERED.set()
    assert not [name for name in place.names() if store.label_of(name) == store.CAPTURE]


def test_objects_in_memory(home: Home, inside: Any) -> None:
    """A store without folders, dates or renames does: here fsspec's memory."""
    build(home, cluster=_address(inside), store="memory://some/where")
    assert files_of(home) == alone(home)
    assert store.at("memory://some/where").names() == []


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


def _left_by_a_build_cut_short(home: Home, place: store.Store) -> list[Path]:
    """Build alone, move the cache's folders into the store as a build cut short would leave them, and return the objects."""
    build(home, jobs=1)
    place.ready()
    for folder in home.root.glob("data/.cache/*/[!.]*/"):
        place.put_folder(folder)
    shutil.rmtree(home.root / "data" / ".cache")
    shutil.rmtree(home.processed)
    return _objects(place)


def test_what_a_build_left_is_taken_up(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished parts that lie in the store are fetched, not made again, and then taken away."""
    assert len(_left_by_a_build_cut_short(home, place)) > 10
    monkeypatch.setattr(carrier, "there", None)
    build(home, cluster=_address(inside), store=place.url)
    assert files_of(home) == alone(home) and _objects(place) == []


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(path.read_bytes()[:-100]),
    lambda path: path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2")),
    lambda path: path.write_bytes(b""),
])
def test_a_damaged_object_is_made_again(home: Home, inside: Any, place: store.Store, spoil: Callable[[Path], Any]) -> None:
    """An object cut short, altered or emptied is known by its digest, and its part is made again from the capture."""
    for path in _left_by_a_build_cut_short(home, place)[::3]:
        spoil(path)
    build(home, cluster=_address(inside), store=place.url)
    assert files_of(home) == alone(home) and _objects(place) == []


def test_an_object_that_vanishes_is_put_again(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture that is gone from the store before its worker comes for it is put there once more."""
    put, lost = store.Store.put, []

    def lose(self: store.Store, path: Path, label: str) -> str:
        name = put(self, path, label)
        if label == store.CAPTURE and not lost:
            lost.append(name)
            self.drop(lost)
        return name

    monkeypatch.setattr(store.Store, "put", lose)
    build(home, cluster=_address(inside), store=place.url)
    assert lost and files_of(home) == alone(home)


def test_only_redacted_text_leaves_for_new_labels(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the codes are to be made again the part is sent, and no raw capture."""
    build(home, jobs=1)
    whole = files_of(home)
    shutil.rmtree(home.root / "data" / ".cache" / "codes")
    shutil.rmtree(home.processed)
    put, labels = store.Store.put, []
    monkeypatch.setattr(store.Store, "put", lambda self, path, label: labels.append(label) or put(self, path, label))
    build(home, cluster=_address(inside), store=place.url)
    assert files_of(home) == whole and len(labels) > 10 and store.CAPTURE not in labels


def test_what_is_not_ours_stays(home: Home, inside: Any, place: store.Store) -> None:
    """A build takes away its own objects, and nothing else that lies in the store."""
    (Path(place.root).parent / "report.pdf").write_bytes(b"1")
    Path(place.root).mkdir()
    (Path(place.root) / "notes.txt").write_bytes(b"2")
    build(home, cluster=_address(inside), store=place.url)
    assert [path.name for path in _objects(place)] == ["notes.txt"] and (Path(place.root).parent / "report.pdf").exists()


def test_another_version_on_a_worker(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose parsing or redaction is another version's says so, and no capture stays in the store."""
    monkeypatch.setattr(carrier, "there", _there_with_other_code)
    with pytest.raises(KamenError, match="另一版本"):
        build(home, cluster=_address(inside), store=place.url)
    assert _objects(place) == [] and not (home.processed / "manifest.json").exists()


def _there_with_other_code(*task: Any) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kamen_analysis.pipeline.digests.part_key", lambda digest: "other")
        return THERE(*task)


@pytest.mark.parametrize(("url", "told"), [
    ("s3://key:hunter2@bucket/prefix", "口令和参数不写在地址里"),
    ("https://example.com/?token=hunter2", "口令和参数不写在地址里"),
    ("/mnt/hunter2", "要写成"),
    ("hunter2://bucket/prefix", "不认识的地址"),
    ("file:///nowhere/at/all", "没有这个桶或文件夹"),
])
def test_addresses_that_do_not_do(home: Home, inside: Any, url: str, told: str) -> None:
    """An address that names no store is one line, which does not repeat a password."""
    with pytest.raises(KamenError, match=told) as raised:
        build(home, cluster=_address(inside), store=url)
    assert "\n" not in str(raised.value) and ("hunter2" not in str(raised.value) or url.startswith("hunter2"))


@pytest.mark.parametrize("verb", ["build", "run"])
def test_a_store_needs_a_cluster(home: Home, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A store without a cluster is refused in one line."""
    assert cli.main(["--home", str(home.root), verb, "--store", "memory://some/where"]) == 2
    assert "--store 只与 --cluster 同用" in capsys.readouterr().err


class NoCredentialsError(Exception):
    """Named as the S3 client names it."""


class EndpointConnectionError(Exception):
    """Named as the S3 client names it."""


@pytest.mark.parametrize(("error", "told"), [
    (OSError(errno.ENOSPC, "hunter2"), "磁盘已满"), (OSError(errno.EDQUOT, "hunter2"), "配额已满"), (PermissionError("hunter2"), "凭据"),
    (NoCredentialsError("hunter2"), "凭据"), (EndpointConnectionError("hunter2"), "连不上"), (TimeoutError("hunter2"), "连不上"),
    (ImportError("hunter2"), "缺少"), (OSError("hunter2"), "读写出错"), (RuntimeError("hunter2"), "读写出错（RuntimeError）"),
])
def test_what_a_store_says_is_not_repeated(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch,
                                           error: Exception, told: str) -> None:
    """A full store, wrong credentials or a network that is down is one line, without its own words; tables stay."""
    build(home, jobs=1)
    before = files_of(home)
    shutil.rmtree(home.root / "data" / ".cache")
    monkeypatch.setattr(type(place.fs), "put_file", lambda *given: (_ for _ in ()).throw(error))
    monkeypatch.setattr("kamen_analysis.pipeline.manifests.is_current", lambda *given: False)
    with pytest.raises(KamenError, match=told) as raised:
        build(home, cluster=_address(inside), store=place.url)
    assert "hunter2" not in str(raised.value) and "\n" not in str(raised.value)
    assert files_of(home) == before
