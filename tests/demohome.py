"""The demonstration's captures and tables, made once a run: what tests of notebooks, guide and JupyterLab open."""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path

from kamen_analysis.demo import demo
from kamen_analysis.paths import Home, demo_home


@functools.cache
def made() -> Path:
    """Return a working folder that holds nothing but the demonstration as `kamen demo` makes it (3,000 posts) and its report."""
    root = Path(tempfile.mkdtemp(prefix="kamen-demo-"))
    (root / "data" / "raw").mkdir(parents=True)
    demo(Home(root), 3000, 20261031, root / "reports" / "demo", lambda stage, done, total: None)
    return root


def as_own(root: Path) -> Path:
    """Make the demonstration's data the own data of `root` and return it."""
    shutil.copytree(demo_home(Home(made())).root, root, dirs_exist_ok=True)
    return root
