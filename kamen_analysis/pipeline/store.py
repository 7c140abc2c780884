"""An object store through which machines that share no folder exchange files: any address `fsspec` knows, such as s3://bucket/prefix.

An object's name ends with the SHA-256 of its bytes, so that a truncated or damaged object is noticed, and the same content put twice
is one object. The store is only for passing files on: whoever uses it removes what was put there.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile, ZipInfo

from kamen_analysis import errors
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import sha256

CAPTURE = "capture"
_FOLDER = "kamen-build"
_NAME = re.compile(rf"({CAPTURE}|[0-9a-f]{{40}})\.[0-9a-f]{{64}}")


class Damaged(KamenError):  # noqa: N818 (a state of an object, not a fault of the program)
    """An object is missing, or its bytes are not those that were put."""


@dataclass(frozen=True)
class Store:
    """The objects below `root` of the file system `fs`. Every method raises KamenError, one line without secrets, if the store fails."""

    url: str
    fs: Any
    root: str

    def ready(self) -> None:
        """Check that the store can be reached and that its bucket or parent folder exists; create the store's own folder."""
        with _plain_errors(self.url):
            with suppress(FileExistsError):
                # Not the parents too: that would create a bucket for every misspelt address.
                self.fs.mkdir(self.root, create_parents=False)
            self.fs.invalidate_cache()
            self.fs.find(self.root)

    def names(self) -> list[str]:
        """Return the names of all objects; other files in the folder are ignored."""
        with _plain_errors(self.url):
            self.fs.invalidate_cache()
            names = (path.rpartition("/")[2] for path in self.fs.find(self.root))
            return [name for name in names if _NAME.fullmatch(name)]

    def put(self, path: Path, label: str) -> str:
        """Upload a file; return the object's name, which begins with `label`."""
        name = f"{label}.{sha256(path)}"
        with _plain_errors(self.url):
            self.fs.put_file(str(path), f"{self.root}/{name}")
        return name

    def get(self, name: str, path: Path) -> None:
        """Download an object into the file `path`; raise Damaged if it is missing or not what was put."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _plain_errors(self.url):
                self.fs.get_file(f"{self.root}/{name}", str(path))
        except _Missing:
            raise Damaged(f"存储里的一个对象不见了（{name[:16]}…）；再运行一次即重做") from None
        if sha256(path) != name.rpartition(".")[2]:
            raise Damaged(f"存储里的一个对象与写入时不同（{name[:16]}…）；再运行一次即重做")

    def put_folder(self, folder: Path) -> str:
        """Upload a folder of files as one object labelled with the folder's name, so that it is there as a whole or not at all."""
        with tempfile.TemporaryDirectory() as scratch:
            whole = Path(scratch) / "whole.zip"
            with ZipFile(whole, "w") as archive:
                for path in sorted(folder.iterdir()):
                    # A ZipInfo without the file's date: the same files give the same bytes.
                    with path.open("rb") as file, archive.open(ZipInfo(path.name), "w", force_zip64=True) as member:
                        shutil.copyfileobj(file, member)
            return self.put(whole, folder.name)

    def get_folder(self, name: str, folder: Path) -> None:
        """Download an object made by `put_folder` and unpack it into `folder`."""
        with tempfile.TemporaryDirectory() as scratch:
            self.get(name, Path(scratch) / "whole.zip")
            with ZipFile(Path(scratch) / "whole.zip") as archive:
                archive.extractall(folder)

    def drop(self, names: Iterable[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        for name in names:
            with suppress(_Missing), _plain_errors(self.url):
                self.fs.rm_file(f"{self.root}/{name}")


def at(url: str) -> Store:
    """Return the store at an address, without contacting it yet; raise KamenError if the address cannot be one."""
    parts = urlsplit(url)
    if "://" not in url or parts.password or parts.query:
        raise KamenError("--store 要写成 s3://桶/前缀 或 file:///文件夹；口令和参数不写在地址里，放环境变量（见 docs/operations.md）")
    with _plain_errors(url):
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        fs, root = url_to_fs(url)
    return Store(url, fs, f"{root.rstrip('/')}/{_FOLDER}")


def label_of(name: str) -> str:
    """Return the label an object was put under: CAPTURE, or the name of a folder."""
    return name.partition(".")[0]


class _Missing(KamenError):  # noqa: N818
    """An object, or the bucket it should be in, does not exist."""


@contextmanager
def _plain_errors(url: str) -> Iterator[None]:
    """Raise any error of the block as a one-line KamenError, never in its own words: those may hold keys or signatures."""
    try:
        yield
    except FileNotFoundError:
        raise _Missing(f"存储 {url}：没有这个桶或文件夹，请先建好") from None
    except Exception as error:  # noqa: BLE001 - every store has its own errors, of no common kind
        raise KamenError(f"存储 {url}：{_reason(error)}") from None


def _reason(error: Exception) -> str:
    name = type(error).__name__
    if isinstance(error, ImportError):
        return "这台机器缺少读写它的库（pip install 'kamen-analysis[cluster]'；s3:// 另需 s3fs）"
    if isinstance(error, PermissionError) or "Credential" in name:
        return "没有权限，或没有凭据、凭据不对（各机器都要设，见 docs/operations.md）"
    if "Connect" in name or "Timeout" in name:
        return f"连不上（{name}）"
    if isinstance(error, ValueError) and "rotocol" in str(error):
        return "不认识的地址"
    number = error.errno if isinstance(error, OSError) else None
    return errors.told(OSError(number, os.strerror(number))) if number else f"读写出错（{name}）"
