"""Looking again at what was captured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from conftest import FakeClock
from hostile_site import Site

from kamen_analysis.captures import revisit, warc
from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.members import records
from kamen_analysis.captures.page import Page

Start = Callable[..., Session]


def test_revisits_thin_out(tmp_path: Path) -> None:
    """A post is due after 1, 2, 4, 8 … days, the most overdue first, within the budget; closed, gone and old ones never."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    day = timedelta(days=1)

    def seen(first: int, last: int, gone: bool = False) -> revisit.Seen:
        return revisit.Seen(Page("", now, 200, "", b"", "", 0, ""), now - first * day, now - last * day, gone, {})

    known = {"new": seen(0, 0), "one": seen(1, 1), "four": seen(8, 4), "early": seen(8, 3), "late": seen(9, 6), "gone": seen(9, 6, True),
             "old": seen(181, 90), "closed": seen(9, 6)}
    assert revisit.due(known, now, 10, lambda url: url != "closed") == ["late", "one", "four"]
    assert revisit.due(known, now, 1, lambda url: True) == ["late"] or revisit.due(known, now, 1, lambda url: True) == ["closed"]


def test_a_revisit_keeps_no_second_copy(session: Start, hostile: Site, clock: FakeClock) -> None:
    """Unchanged (304, or same content) is a revisit record; an edit is stored and noted by digests; a deletion is a tombstone."""
    first = session()
    for path in ("post/1", "charset/latin", "edit/1", "gone/1"):
        first.get(f"{hostile.url}/{path}")
    first.__exit__(None, None, None)
    hostile.edited = True
    clock.at = datetime.now(UTC) + timedelta(days=2)
    second = session()
    known = revisit.history(second.raw, second.source)
    done = revisit.revisit(second, known, revisit.due(known, clock.now(), 10, lambda url: True))
    second.__exit__(None, None, None)
    assert (done.unchanged, done.edited, done.gone, done.refused) == (2, 1, 1, {})
    assert list(done.lines()) == ["再访：未变 2 页，有改动 1 页，已删除 1 页"]
    found = list(records(second.raw / second.file))
    assert sum(record.type == "revisit" for record in found) == 2
    assert {page.status for page in warc.read(second.raw / second.file, second.raw)} == {200, 410}
    notes = [record.fields() for record in found if record.type == "metadata" and b"digest-before" in record.block]
    assert {note.get("tombstone", "edited") for note in notes} == {"410", "edited"}
    assert all(len(note["digest-before"]) == 64 for note in notes)
    again = revisit.history(first.raw, "board")
    assert f"{hostile.url}/gone/1" not in revisit.due(again, datetime.now(UTC) + timedelta(days=9), 10, lambda url: True)
    check = [sys.executable, "-m", "warcio.cli", "check", str(second.raw / second.file)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
