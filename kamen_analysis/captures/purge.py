"""Delete captures past their keep-until date; the chain of sidecars keeps a record of what they were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from kamen_analysis.captures import shelf, sidecar
from kamen_analysis.paths import Home


def due(home: Home, today: date) -> list[Path]:
    """Return the captures whose keep-until date has passed."""
    found = []
    for folder in sorted(path for path in home.raw.glob("*") if path.is_dir()):
        states = sidecar.states(sidecar.entries(folder))
        past = [name for name, state in states.items() if state.capture["keep_until"] < today.isoformat()]
        found += [folder / name for name in past if (folder / name).exists()]
    return found


def purge(home: Home, now: Callable[[], datetime] = shelf.utc_now) -> list[Path]:
    """Delete every capture past its keep-until date and return their paths; the next build leaves their posts out.

    The chain's entry is written before the file is deleted; after a crash between the two, the next purge deletes the file.
    """
    gone = due(home, now().date())
    for path in gone:
        with sidecar.lock(path.parent):
            state = sidecar.states(sidecar.entries(path.parent))[path.name]
            if not state.purged:
                entry = {"kind": "purge", "source": path.parent.name, "warc": path.name, "created": now().isoformat(), "tool": sidecar.TOOL,
                         "keep_until": state.capture["keep_until"], "sha256": state.sha256}
                sidecar.append(path.parent, sidecar.stamp(path.parent, now()), entry)
            path.unlink()
    return gone
