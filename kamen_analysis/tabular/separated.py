"""The rows of CSV and TSV, read in one way wherever such a table is read, split or cut."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kamen_analysis.tabular import limits

if TYPE_CHECKING:
    from _csv import Reader


def rows_of(lines: Iterable[str], first: str) -> Reader:
    """Return a reader of the rows of `lines`, parted by tabs if the `first` line has more of these than commas.

    It raises csv.Error at a row against the form, or a cell of more than CELL characters.
    """
    csv.field_size_limit(limits.CELL)  # of the whole process, and 131,072 by default
    return csv.reader(lines, delimiter="\t" if first.count("\t") > first.count(",") else ",", strict=True)
