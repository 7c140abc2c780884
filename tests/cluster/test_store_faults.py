"""Faults of a store: a damaged object is made again, and what cannot be mended is one line that holds no secret."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clusters import address_of, alone, files_of, left_by_a_build_cut_short, objects_of

from kamen_analysis import cli
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import carrier, store
from kamen_analysis.pipeline.build import build

pytest.importorskip("distributed")
pytest.importorskip("fsspec")

THERE = carrier.there


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(path.read_bytes()[:-100]),
    lambda path: path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2")),
    lambda path: path.write_bytes(b""),
])
def test_a_damaged_object_is_made_again(home: Home, inside: Any, place: store.Store, spoil: Callable[[Path], Any]) -> None:
    """An object cut short, altered or emptied is known by its digest, and its part is made again from the capture."""
    for path in left_by_a_build_cut_short(home, place)[::3]:
        spoil(path)
    build(home, cluster=address_of(inside), store=place.url)
    assert files_of(home) == alone(home) and objects_of(place) == []


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
    build(home, cluster=address_of(inside), store=place.url)
    assert lost and files_of(home) == alone(home)


def test_another_version_on_a_worker(home: Home, inside: Any, place: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose parsing or redaction is another version's says so, and no capture stays in the store."""
    monkeypatch.setattr(carrier, "there", _there_with_other_code)
    with pytest.raises(KamenError, match="另一版本"):
        build(home, cluster=address_of(inside), store=place.url)
    assert objects_of(place) == [] and not (home.processed / "manifest.json").exists()


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
        build(home, cluster=address_of(inside), store=url)
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
        build(home, cluster=address_of(inside), store=place.url)
    assert "hunter2" not in str(raised.value) and "\n" not in str(raised.value)
    assert files_of(home) == before
