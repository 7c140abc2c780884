"""A cache between runs, in the user's cache folder, for results that take long to compute and depend only on the package's files.

The folder may be deleted at any time; if it cannot be read or written, everything is computed anew.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import atexit
import functools
import hashlib
import json
import logging
import os
import re
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any, TypeVar

from kamen_analysis import packing
from kamen_analysis.paths import atomic_write

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
PACKAGE = Path(__file__).resolve().parent
VERSIONS = 4  # of the package whose files stay in the cache
UNTRIED = (3, 14)  # from this Python on it is untested whether the internals of `re` are still those used by `pattern`


def folder() -> Path:
    """Return the cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kamen_analysis"


class Shelf:
    """A cache file of bytes by key, valid as long as Python and the package's files `sources` (glob patterns) stay the same."""

    def __init__(self, name: str, *sources: str) -> None:
        self.name, self.sources = name, sources
        self._is_grown = False

    @functools.cached_property
    def path(self) -> Path:
        """The file; its name holds a digest of what its content depends on."""
        digest = hashlib.sha256(sys.version.encode())
        for path in (path for source in self.sources for path in sorted(PACKAGE.glob(source))):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return folder() / f"{self.name}-{digest.hexdigest()[:16]}"

    @functools.cached_property
    def _known(self) -> dict[str, bytes]:
        """The cached values by hashed key; read from the file on first use, empty if it is missing or damaged."""
        try:
            whole = self.path.read_bytes()
        except OSError:
            return {}
        digest, head, body = (*whole.split(b"\n", 2), b"", b"")[:3]
        if hashlib.sha256(head + body).hexdigest().encode() != digest:
            _LOG.warning("缓存文件 %s 已损坏，不用它，重新算", self.path)
            return {}
        return {key: body[start:end] for key, (start, end) in json.loads(head).items()}

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return the cached bytes of a key, or those of `make()`, which are saved when the program ends."""
        short = hashlib.sha1(key.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        if short not in self._known:
            self._known[short] = make()
            if not self._is_grown:
                self._is_grown = True
                atexit.register(self.save)
        return self._known[short]

    def plain(self, key: str, make: Callable[[], Any]) -> Any:
        """Return the cached value of a key, as `get` does, for values that JSON can hold."""
        data = self.get(key, lambda: json.dumps(make(), ensure_ascii=False).encode("utf-8", "surrogatepass"))
        return json.loads(data.decode("utf-8", "surrogatepass"))

    def packed(self, key: str, make: Callable[[], T], *classes: type) -> T:
        """Return the cached value of a key, as `get` does, for values that `packing` takes; `classes`: those of objects in the value."""
        value: T = packing.unpack(self.get(key, lambda: packing.pack(make())), *classes)
        return value

    def save(self) -> None:
        """Write the file, and delete the files of all but the newest VERSIONS: people may work with several versions in turn."""
        ends = [0]
        for value in self._known.values():
            ends.append(ends[-1] + len(value))
        head = json.dumps(dict(zip(self._known, zip(ends, ends[1:], strict=False), strict=True))).encode()
        body = b"".join(self._known.values())
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic_write(self.path, "wb") as file:
                file.write(b"\n".join((hashlib.sha256(head + body).hexdigest().encode(), head, body)))
            for other in sorted(self.path.parent.glob(f"{self.name}-*"), key=lambda path: path.stat().st_mtime)[:-VERSIONS]:
                other.unlink(missing_ok=True)
        except OSError:
            return  # the folder cannot be written, or the disk is full: computed again next time


_PATTERNS = Shelf("patterns", "redact/*.yaml", "redact/rules.py")


def pattern(written: str) -> re.Pattern[str]:
    """Return `re.compile(written)`, using the cache: compiling a long pattern takes milliseconds."""
    if sys.version_info[:2] >= UNTRIED:
        return re.compile(written)
    head, _, code = _PATTERNS.get(written, lambda: _compiled(written)).partition(b"\n")
    flags, groups, names = json.loads(head)
    by_number = {number: name for name, number in names.items()}
    index = tuple(by_number.get(number) for number in range(groups + 1))
    compiled: re.Pattern[str] = _sre.compile(written, flags, array("I", code).tolist(), groups, names, index)
    return compiled


def _compiled(written: str) -> bytes:
    """Return as bytes a pattern's flags, groups and code: what `re.compile` passes to `_sre.compile` in its last step."""
    tree = _parser.parse(written, 0)
    head = json.dumps([tree.state.flags, tree.state.groups - 1, tree.state.groupdict])
    return head.encode() + b"\n" + array("I", _compiler._code(tree, 0)).tobytes()
