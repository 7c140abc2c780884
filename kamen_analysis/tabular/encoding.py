"""The encoding of a file of records: by byte order mark, UTF-8, then GB18030 (a superset of GBK)."""

from __future__ import annotations

import codecs
from typing import IO

from kamen_analysis.errors import KamenError

_CHUNK = 1 << 20
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SURE_OF_UTF8 = 8  # so many well-formed multi-byte characters do not happen by chance in GBK text


def encoding_of(file: IO[bytes], name: str) -> str:
    """Return the encoding the whole file decodes in; the file then stands at its start. Raises KamenError with the line if none fits."""
    file.seek(0)
    head = file.read(4)
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            file.seek(0)
            return encoding
    bad = _first_bad_line(file, "utf-8")
    if bad and (bad[1] >= _SURE_OF_UTF8 or _first_bad_line(file, "gb18030")):
        raise KamenError(f"{name}：第 {bad[0]} 行不是 UTF-8，也不是 GBK/GB18030 编码")
    file.seek(0)
    return "gb18030" if bad else "utf-8"


def _first_bad_line(file: IO[bytes], encoding: str) -> tuple[int, int] | None:
    """Return (line, multi-byte characters before it) where decoding fails, or None. A character cut off by the file's end is let pass."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, wide = 1, 0
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            good = error.object[:error.start].decode(encoding)
            return line + good.count("\n"), wide + sum(c > "\x7f" for c in good)
        line += text.count("\n")
        wide += sum(c > "\x7f" for c in text[:4096])
    return None
