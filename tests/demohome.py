"""The demonstration's captures and tables, made once a run: what tests of notebooks, guide and JupyterLab open."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

from kamen_analysis.demo import demo
from kamen_analysis.paths import Home, demo_home


@functools.cache
def made() -> Path:
    """Return a working folder that holds nothing but the demonstration as `kamen demo` makes it (3,000 posts) and its report.

    $KAMEN_TEST_DEMO names one made before by the same code: a developer who runs a test again need not wait for it.
    """
    if "KAMEN_TEST_DEMO" in os.environ:
        return Path(os.environ["KAMEN_TEST_DEMO"])
    root = Path(tempfile.mkdtemp(prefix="kamen-demo-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / "data" / "raw").mkdir(parents=True)
    demo(Home(root), 3000, 20261031, root / "reports" / "demo", lambda stage, done, total: None)
    return root


def as_own(root: Path) -> Path:
    """Make the demonstration's data the own data of `root` and return it."""
    shutil.copytree(demo_home(Home(made())).root, root, dirs_exist_ok=True)
    return root
