"""Write environment.yml from pyproject.toml and the lock: the direct dependencies, each at the locked version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# conda 用户：conda env create -f environment.yml && conda activate kamen-analysis
# 由 make lock 生成：直接依赖，版本与 requirements.lock 一致。
name: kamen-analysis
channels: [conda-forge]
dependencies:
  - python>=3.11
  - pip
  - pip:
"""


def locked(lock: str) -> dict[str, str]:
    """Return name → version of a lock file; a name locked at several versions (by Python version) keeps the first."""
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, re.M):
        found.setdefault(name.lower(), version)
    return found


def environment(pyproject: str, lock: str) -> str:
    """Return the text of environment.yml that belongs to a pyproject.toml and its lock."""
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    # What is only for some machines (a marker behind ";") is left to those who need it.
    names = sorted({re.split(r"[<>=!~ ;\[]", line)[0].lower().replace("_", "-") for line in wanted if ";" not in line})
    versions = locked(lock)
    return HEAD + "".join(f"      - {name}=={versions[name]}\n" for name in names) + "      - -e .\n"


if __name__ == "__main__":
    text = environment((ROOT / "pyproject.toml").read_text(encoding="utf-8"), (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    (ROOT / "environment.yml").write_text(text, encoding="utf-8")
