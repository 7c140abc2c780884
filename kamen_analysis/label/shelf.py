"""Where the coders keep what they make of the codebook: tries and tables, as they come out of the same rules every time."""

from __future__ import annotations

from kamen_analysis import kept

SHELF = kept.Shelf("cues", "codebook/*.yaml", "codebook/gate/*.yaml", "codebook/reasons/*.yaml", "codebook/*.py", "label/*.py", "zh.py")
