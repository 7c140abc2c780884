"""Every output of a run as text: what each file says to its reader, whatever its format."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_CELL = re.compile(r"</(?:td|th|v|si|is|w:tc)>")
_TAG = re.compile(r"<[^<>]*>")
_PIXELS = re.compile(rb"IDAT.*(?=IEND)", re.S)
_PNG = re.compile(r'"image/png": "[^"]*"')


def _markup(text: str) -> str:
    """Return markup as written and as read: tags out, character references resolved, cells apart."""
    text = _CELL.sub(" | ", text)
    return f"{html.unescape(_TAG.sub('', text))}\n{html.unescape(text)}"


def _html(path: Path) -> str:
    text = path.read_text("utf-8")  # with its pictures, percent-encoded, which the search reads too
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.S)
    embedded = json.dumps(json.loads(data[1]), ensure_ascii=False) if data else ""
    return _markup(text) + embedded


def _zip(path: Path) -> str:
    with zipfile.ZipFile(path) as parts:
        names = [name for name in parts.namelist() if not name.endswith(".png")]
        return "\n".join(_markup(parts.read(name).decode("utf-8", "replace")) for name in names)


def _arrow(path: Path) -> str:
    with pa.memory_map(str(path)) as file:
        return _cells(pa.ipc.open_file(file).read_all())


def _cells(table: pa.Table) -> str:
    return "\n|".join(cell for name in table.column_names for cell in table[name].to_pylist() if isinstance(cell, str)) + str(table.schema)


def _pictured(path: Path) -> str:
    # What a picture says stands in the SVG beside it; of its own bytes only those outside the pixels are words.
    return _PIXELS.sub(b"", path.read_bytes()).decode("utf-8", "replace")


def _pdf(path: Path) -> str:
    import pypdf

    reader = pypdf.PdfReader(path)
    return "\n".join(page.extract_text() for page in reader.pages) + str(reader.metadata)


def _notebook(path: Path) -> str:
    return _markup(json.dumps(json.loads(_PNG.sub('"image/png": ""', path.read_text("utf-8"))), ensure_ascii=False))


def _plain(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


_READ = {
    ".html": _html, ".docx": _zip, ".xlsx": _zip, ".parquet": lambda path: _cells(pq.read_table(path)), ".arrow": _arrow,
    ".png": _pictured, ".pdf": _pdf, ".svg": lambda path: _markup(_plain(path)), ".ipynb": _notebook,
}


def of(path: Path) -> str:
    """Return what a file says."""
    return _READ.get(path.suffix, _plain)(path)


def below(root: Path, *leave_out: Path) -> Iterator[tuple[str, str]]:
    """Yield (stream, text) of every file under `root`, its name included, but those in `leave_out`."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(left) for left in leave_out):
            yield _kind(path), f"{path.relative_to(root)}\n{of(path)}"


def _kind(path: Path) -> str:
    kind = path.suffix or path.name
    return f"{kind}（缓存）" if ".cache" in path.parts else f"{kind}（日志）" if path.parent.name == "run" else kind
