"""What several of the captures' tests do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kamen_analysis.captures import warc
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.importer import ImportSummary
from kamen_analysis.captures.page import Page
from kamen_analysis.captures.policy import Refused
from kamen_analysis.paths import Home, sha256

NUMBERS = ("17350000001", "17350000002", "17350000003")


def stored(session: Session) -> list[Page]:
    """Close the session and read its file back."""
    session.__exit__(None, None, None)
    return list(warc.read(session.raw / session.file, session.raw))


def refusal(session: Session, url: str) -> str:
    """Return why `url` was refused."""
    with pytest.raises(Refused) as caught:
        session.get(url)
    return caught.value.reason


def put(home: Home, name: str, content: bytes | str) -> Path:
    """Write a user's file."""
    path = home.root / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pages(home: Home) -> list[Page]:
    """All pages of a home."""
    return [page for path in sorted(home.raw.glob("*/*.warc.gz")) for page in warc.read(path, home.raw)]


def outputs(home: Home) -> Path:
    """Processed data and a report with the digests the build and the report write; return the report's folder."""
    inputs = {path.relative_to(home.raw).as_posix(): sha256(path) for path in sorted(home.raw.glob("*/*.warc.gz"))}
    for folder, listing in ((home.processed, "manifest.json"), (home.reports / "2026", "provenance.json")):
        folder.mkdir(parents=True)
        (folder / "table.txt").write_text("数据", encoding="utf-8")
        listed = {"inputs": inputs, "outputs": {"table.txt": sha256(folder / "table.txt")}}
        (folder / listing).write_text(json.dumps(listed), encoding="utf-8")
    return home.reports / "2026"


def imported(where: Home, summary: ImportSummary) -> list[Page]:
    """Read back what an import wrote."""
    assert summary.warc is not None
    return list(warc.read(summary.warc, where.raw))
