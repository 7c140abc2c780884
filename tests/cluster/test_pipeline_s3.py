"""The build on a cluster over an S3-compatible server on this machine: the same bytes, and each fault in one line."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster, alone, files_of, running

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import store
from kamen_analysis.pipeline.build import build

pytest.importorskip("distributed")
s3fs = pytest.importorskip("s3fs")
server = pytest.importorskip("moto.server")

KEY, SECRET = "AKIAEXAMPLE", "hunter2hunter2"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an S3-compatible server."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        yield "http://{}:{}".format(*moto.get_host_and_port())
    finally:
        moto.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server, where the bucket `posts` is; address and credentials stand in the environment, as users give them."""
    for name, value in {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                        "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    client = s3fs.S3FileSystem(use_listings_cache=False)
    client.makedirs("posts", exist_ok=True)
    return client


@pytest.fixture
def cluster(bucket: Any, tmp_path: Path) -> Iterator[Cluster]:
    """Two workers, which find the server by the same environment."""
    with running(Cluster(tmp_path, 2)) as started:
        yield started


def test_a_worker_dies(home: Home, cluster: Cluster, bucket: Any) -> None:
    """With a worker killed in mid-build the bytes are those of one machine, and of what was put into the bucket nothing is left."""
    bucket.pipe_file("posts/2026/of-others", b"1")
    build(home, cluster=cluster.url, store="s3://posts/2026",
          progress=lambda stage, done, total: cluster.workers[0].kill() if done == 2 else None)
    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert files_of(home) == alone(home)
    assert bucket.find("posts") == ["posts/2026/of-others"]


def test_objects_come_back_as_they_went(bucket: Any, tmp_path: Path) -> None:
    """A file and a folder go into the bucket and come back; what is altered there is known, what is gone too."""
    place = store.at("s3://posts")
    place.ready()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one").write_bytes(b"1")
    names = [place.put(tmp_path / "folder" / "one", store.CAPTURE), place.put_folder((tmp_path / "folder").rename(tmp_path / ("a" * 40)))]
    assert sorted(place.names()) == sorted(names)
    place.get(names[0], tmp_path / "again")
    place.get_folder(names[1], tmp_path / "folder")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "folder" / "one").read_bytes() == b"1"
    bucket.pipe_file(f"{place.root}/{names[0]}", b"2")
    with pytest.raises(store.Damaged, match="与写入时不同"):
        place.get(names[0], tmp_path / "again")
    place.drop([*names, *names])
    with pytest.raises(store.Damaged, match="不见了"):
        place.get(names[0], tmp_path / "again")


def test_a_bucket_that_is_not_there(bucket: Any) -> None:
    """A bucket that does not exist is one line, and is not made."""
    with pytest.raises(KamenError, match="没有这个桶或文件夹"):
        store.at("s3://post/2026").ready()
    assert not bucket.exists("post")


def test_credentials_that_do_not_do(bucket: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are missing, or that the server refuses, are one line without them."""
    import requests

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(KamenError, match="凭据") as missing:
        store.at("s3://posts").ready()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    s3fs.S3FileSystem.clear_instance_cache()
    requests.post(f"{endpoint}/moto-api/reset-auth", data="0", timeout=10)
    try:
        with pytest.raises(KamenError, match="凭据") as refused:
            store.at("s3://posts").ready()
    finally:
        requests.post(f"{endpoint}/moto-api/reset-auth", data="inf", timeout=10)
    assert not any(secret in str(raised.value) for raised in (missing, refused) for secret in (KEY, SECRET))


def test_a_server_that_does_not_answer(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be reached is one line."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(KamenError, match="连不上"):
        store.at("s3://posts").ready()
