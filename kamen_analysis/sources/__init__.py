"""Where posts come from: one module a source, found by being in this folder."""

from __future__ import annotations

from kamen_analysis.sources.base import registry

__all__ = ["registry"]
