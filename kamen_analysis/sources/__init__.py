"""The sources of posts: a module for each, registered by being in this folder."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path
from typing import Any, cast

from kamen_analysis.records import EVENT_KINDS
from kamen_analysis.sources.base import RawPost, Source

REQUIRED = tuple(Source.__annotations__)
NOT_SOURCES = frozenset({"audit", "base", "columns", "events", "reading", "skeleton"})


@functools.cache
def registry() -> dict[str, Source]:
    """Return the sources by key, in alphabetical order; raise TypeError for a module that does not meet `base.Source`."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name not in NOT_SOURCES)
    return {name: _checked(name, importlib.import_module(f"kamen_analysis.sources.{name}")) for name in names}


def _checked(name: str, module: Any) -> Source:
    missing = [constant for constant in REQUIRED if not hasattr(module, constant)]
    if missing:
        raise TypeError(f"sources/{name}.py lacks {', '.join(missing)}")
    if name != module.KEY:
        raise TypeError(f"sources/{name}.py says KEY = {module.KEY!r}")
    unknown = {*module.STATUS.values(), *module.STEPS.values()} - {None, *EVENT_KINDS}
    unknown |= {*module.FIELDS.values()} - {*RawPost.__annotations__}
    if unknown:
        raise TypeError(f"sources/{name}.py maps to what does not exist: {', '.join(sorted(unknown))}")
    return cast(Source, module)
