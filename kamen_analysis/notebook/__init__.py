"""What the notebooks share: choosing the posts, coding a sample, trying new data, and handing a table and chart to the next report."""

from __future__ import annotations

from kamen_analysis.errors import KamenError
from kamen_analysis.notebook.again import compare, example, moved, rebuilt, rehearsal
from kamen_analysis.notebook.choices import choices, panel
from kamen_analysis.notebook.coding import Codings, accuracy, agreement, codings, confusion, corrected, needed
from kamen_analysis.notebook.export import export
from kamen_analysis.notebook.selection import select

__all__ = ["Codings", "accuracy", "agreement", "choices", "codings", "compare", "confusion", "corrected", "example", "export", "moved",
           "needed", "panel", "rebuilt", "rehearsal", "select"]

# IPython asks an error for its own rendering: a reader of a notebook gets the one clear line, not our frames.
KamenError._render_traceback_ = lambda self: [f"× {self}"]  # type: ignore[attr-defined]
