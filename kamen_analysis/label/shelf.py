"""The cache of what is built from the codebook (tries and tables); a change of the rules, or of the code that builds it, renews it."""

from __future__ import annotations

from kamen_analysis import kept

SHELF = kept.Shelf("cues", "codebook/**/*.yaml", "codebook/*.py", "label/*.py", "zh.py")
