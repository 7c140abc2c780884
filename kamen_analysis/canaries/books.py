"""The project's notebooks run on a walk's tables, one after another in one kernel, and what they show kept."""

from __future__ import annotations

from pathlib import Path
from subprocess import DEVNULL

import nbformat
from nbclient import NotebookClient

from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
_SECONDS = 600  # a cell


def present() -> list[Path]:
    """Return the notebooks that came with this installation; a package without the working copy has none."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(home: Home) -> None:
    """Run the notebooks on the tables of `home` and write them, as one with all they show, into its root."""
    books = [nbformat.read(path, as_version=4) for path in present()]  # type: ignore[no-untyped-call]
    if not books:
        return
    for book in books:
        next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", [])).source += f"\nhome = {str(home.root)!r}"
    cells = [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cell for book in books for cell in book.cells)]
    whole = nbformat.from_dict({**books[0], "cells": cells})  # type: ignore[no-untyped-call]
    # What an error says is searched like all else.
    place = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(whole, timeout=_SECONDS, kernel_name="python3", allow_errors=True, resources=place)
    try:
        client.execute(stderr=DEVNULL)
    except (RuntimeError, OSError) as error:
        raise KamenError(f"试建里的笔记本没有走完（{type(error).__name__}）") from None
    nbformat.write(whole, home.root / "notebooks.ipynb")  # type: ignore[no-untyped-call]
