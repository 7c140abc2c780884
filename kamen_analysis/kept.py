"""What takes long to work out and always comes out the same, kept between runs in the user's cache folder.

The folder may be deleted at any time; where it cannot be read or written, everything is worked out anew.
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
VERSIONS = 4  # of the package, of which something is kept
UNTRIED = (3, 14)  # from this Python on nobody has looked whether what `re` is made of is still the same


def folder() -> Path:
    """Return the folder all this is kept in."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kamen_analysis"


class Shelf:
    """Bytes by key in one file, for as long as the package's files it names (and Python) stay the same."""

    def __init__(self, name: str, *sources: str) -> None:
        self.name, self.sources = name, sources
        self._is_grown = False

    @functools.cached_property
    def path(self) -> Path:
        """The file."""
        whole = hashlib.sha256(sys.version.encode())
        for path in (path for source in self.sources for path in sorted(PACKAGE.glob(source))):
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        return folder() / f"{self.name}-{whole.hexdigest()[:16]}"

    @functools.cached_property
    def _known(self) -> dict[str, bytes]:
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
        """Return what is kept under a key; it is made if there is nothing, and written when the program ends."""
        short = hashlib.sha1(key.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        if short not in self._known:
            self._known[short] = make()
            if not self._is_grown:
                self._is_grown = True
                atexit.register(self.save)
        return self._known[short]

    def plain(self, key: str, make: Callable[[], Any]) -> Any:
        """Return what is kept under a key, as `get`: lists, dicts with words for keys, words, numbers, truth values, None."""
        found = self.get(key, lambda: json.dumps(make(), ensure_ascii=False).encode("utf-8", "surrogatepass"))
        return json.loads(found.decode("utf-8", "surrogatepass"))

    def packed(self, key: str, make: Callable[[], T], *classes: type) -> T:
        """Return what is kept under a key, as `get`: anything `packing` takes, `classes` being those of the objects in it."""
        found: T = packing.unpack(self.get(key, lambda: packing.pack(make())), *classes)
        return found

    def save(self) -> None:
        """Write the file; of those of other versions the newest stay, for who works with two."""
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
            return  # a home that cannot be written, or no room: next time it is made again


_PATTERNS = Shelf("patterns", "redact/*.yaml", "redact/rules.py")


def pattern(written: str) -> re.Pattern[str]:
    """Return `re.compile(written)`, which takes milliseconds for a long pattern, from what was compiled before."""
    if sys.version_info[:2] >= UNTRIED:
        return re.compile(written)
    head, _, code = _PATTERNS.get(written, lambda: _compiled(written)).partition(b"\n")
    flags, groups, names = json.loads(head)
    by_number = {number: name for name, number in names.items()}
    index = tuple(by_number.get(number) for number in range(groups + 1))
    found: re.Pattern[str] = _sre.compile(written, flags, array("I", code).tolist(), groups, names, index)
    return found


def _compiled(written: str) -> bytes:
    # The steps of re.compile, stopped before the last: what it would hand to the matcher, as numbers.
    tree = _parser.parse(written, 0)
    head = json.dumps([tree.state.flags, tree.state.groups - 1, tree.state.groupdict])
    return head.encode() + b"\n" + array("I", _compiler._code(tree, 0)).tobytes()
