"""Starting is light: neither `import kamen_analysis` nor `kamen --help` nor a mistyped command loads what only work needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"pandas", "numpy", "pyarrow", "pandera", "sklearn", "scipy", "statsmodels", "matplotlib", "pydantic", "yaml", "lxml", "requests",
         "distributed", "opencc", "jinja2", "ahocorasick_rs", "rjieba", "jieba", "orjson", "warcio", "openpyxl"}


@pytest.mark.parametrize("code", [
    "import kamen_analysis",
    "from kamen_analysis import cli; cli.main(['--help'])",
    "from kamen_analysis import cli; cli.main(['build', '--help'])",
    "from kamen_analysis import cli; cli.main(['nonsense'])",
])
def test_nothing_heavy_is_loaded(code: str) -> None:
    """None of the heavy libraries is imported."""
    script = f"import sys\ntry:\n {code}\nexcept SystemExit: pass\nprint(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_build_with_nothing_new_loads_no_chart_and_no_model() -> None:
    """The modules of a build come without those of charts, reports and statistics, and without what only reading texts needs."""
    heavy = {"matplotlib", "statsmodels", "jinja2", "typst", "scipy", "numba", "rjieba", "pandera"}
    script = f"import sys, kamen_analysis.pipeline.build\nprint(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_labelling_loads_no_linear_algebra() -> None:
    """Kernels that were compiled before run without scipy, whose linear algebra takes as long to load as they take to start."""
    script = ("import sys\nfrom kamen_analysis.label.posts import label_post\n"
              "print(label_post({'body': '点卡用不了，商家概不退换，我要求退款。'}).post_type, 'scipy.linalg' in sys.modules)")
    done = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in range(2)]
    assert [one.stdout.split() for one in done] == [["complaint", "False"]] * 2
