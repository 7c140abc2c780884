"""Shares with their intervals, and the suppression of small numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kamen_analysis.stats import wilson

MINIMUM = 30  # least `of` for which a share is given
SMALL = 5  # counts from 1 to below this are withheld
TOO_FEW = "样本不足"
HIDDEN = "<5"


def with_shares(table: pd.DataFrame, minimum: int = MINIMUM) -> pd.DataFrame:
    """Return `table` (columns n, of) with share, low, high (Wilson 95%) and note; no share where `of` is under `minimum`."""
    enough = table["of"] >= minimum
    low, high = wilson(table["n"], table["of"])
    share = table["n"] / table["of"].where(table["of"] > 0)
    note = pd.Series("", index=table.index, dtype="str").mask(~enough, TOO_FEW)
    return table.assign(share=share.where(enough), low=pd.Series(low, table.index).where(enough),
                        high=pd.Series(high, table.index).where(enough), note=note)


def suppress(table: pd.DataFrame, within: str | None = None) -> pd.DataFrame:
    """Return `table` with counts of 1 to 4 withheld (n, share, low, high and lift missing, note "<5").

    `within` names a column for whose groups totals are published too. Where the hidden counts of a group add up to under 5 (a single
    one always does), its next smallest count is withheld as well, since subtraction from the total would reveal them.
    """
    table = table.assign(n=table["n"].astype("Int64"))
    hide = (table["n"] > 0) & (table["n"] < SMALL)
    if within:
        hide |= _cover(table["n"], hide, table[within])
    blank = {key: table[key].mask(hide) for key in ("n", "share", "low", "high", "lift") if key in table}
    return table.assign(**blank, note=table["note"].mask(hide, HIDDEN))


def suppress_groups(table: pd.DataFrame, derived: Sequence[str] = ()) -> pd.DataFrame:
    """Return `table` (a row for each group of the same posts) with counts of 1 to 4 withheld, and another where a total would reveal them
    (`suppress`); the columns `derived` from a withheld count are missing too, and so is an `of` of 1 to 4."""
    hidden = suppress(table.assign(all=""), within="all").drop(columns="all")
    for column in derived:
        hidden[column] = hidden[column].mask(hidden["note"] == HIDDEN)
    of = table["of"].astype("Int64")
    return hidden.assign(of=of.mask((of > 0) & (of < SMALL)))


def _cover(count: pd.Series, hide: pd.Series, group: pd.Series) -> pd.Series:
    """Return the smallest positive count still shown in each group whose hidden counts add up to under 5."""
    total = count.where(hide, 0).groupby(group).transform("sum")
    exposed = (total > 0) & (total < SMALL)
    return (count.where(exposed & ~hide & (count > 0)).astype("float64").groupby(group).rank(method="first") == 1).astype(bool)
