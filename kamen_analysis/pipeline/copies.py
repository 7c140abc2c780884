"""Copies among the complaints of all parts, out of core: columns of numbers decide, texts are read only where two may be alike."""

from __future__ import annotations

import operator
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kamen_analysis import dedupe
from kamen_analysis.dedupe import essences
from kamen_analysis.pipeline import digests, partition
from kamen_analysis.pipeline.parts import Part

Ints = npt.NDArray[np.int64]


def column(parts: list[Part], row: int) -> essences.U64:
    """Return one row of the index for the posts of all parts, in order."""
    return np.concatenate([np.empty(0, np.uint64), *(part.index(row) for part in parts)])


def rows_of(parts: list[Part], starts: Ints, numbers: Ints, names: list[str]) -> pd.DataFrame:
    """Return columns of `posts` (and `source`) for the posts numbered `numbers` (sorted), on these numbers as index."""
    found = [some.append_column("source", pa.repeat(part.source, len(some))) for part, some in _taken(parts, starts, numbers, names)]
    if not found:
        return pd.DataFrame(columns=[*names, "source"], dtype="str")
    rows: pd.DataFrame = pa.concat_tables(found).to_pandas()
    return rows.set_index(numbers)


def _taken(parts: list[Part], starts: Ints, numbers: Ints, names: list[str]) -> Iterator[tuple[Part, pa.Table]]:
    """Yield the parts that have posts numbered `numbers` (sorted), and columns of these."""
    cuts = np.searchsorted(numbers, starts)
    for part, start, low, high in zip(parts, starts, cuts, cuts[1:], strict=False):
        if high > low:
            yield part, part.read("posts", names).take(numbers[low:high] - start)


def find(parts: list[Part], starts: Ints, eligible: npt.NDArray[np.bool_], dates: pd.Series, scratch: Path) -> pd.DataFrame:
    """Return `post_id`, `dup_group`, `dup_kind`, `dup_size` of every eligible post that has a copy, by the post's number.

    `dates` replaces the date of posts by number. What was found out about pairs of texts is kept in `scratch` for the next time.
    """
    at = column(parts, partition.AT)
    at[dates.index] = [partition.NO_DATE if pd.isna(date) else date.value // 1000 for date in dates]
    essence = column(parts, partition.ESSENCE)
    rows = np.flatnonzero(eligible & (essence != 0))
    rows = rows[np.lexsort((column(parts, partition.ID)[rows], at[rows]))]
    first, second = dedupe.same(essence[rows])
    alone = np.ones(len(rows), np.bool_)
    alone[second] = False
    one = rows[alone]
    a, b = dedupe.candidates(lambda k: column(parts, partition.BAND + k)[one])
    alike = _alike(parts, starts, one[a], one[b], essence, scratch)
    place = np.flatnonzero(alone)
    head = dedupe.components(len(rows), np.concatenate((first, place[a[alike]])), np.concatenate((second, place[b[alike]])))
    return _described(parts, starts, rows, head, essence, at)


def _described(parts: list[Part], starts: Ints, rows: Ints, head: Ints, essence: essences.U64, at: essences.U64) -> pd.DataFrame:
    many = np.bincount(head, minlength=len(rows))[head] > 1
    numbers = np.sort(rows[many])
    groups = pd.Series(head[many], rows[many])
    copies = rows_of(parts, starts, numbers, ["post_id", "target"]).assign(essence=essence[numbers], at=at[numbers])
    copies["head"] = groups.reindex(numbers).to_numpy()
    earliest = copies.sort_values(["at", "post_id"]).drop_duplicates("head").set_index("head")
    return dedupe.describe(copies, earliest.loc[copies["head"]]).assign(post_id=copies["post_id"])


def _alike(parts: list[Part], starts: Ints, first: Ints, second: Ints, essence: essences.U64, scratch: Path) -> npt.NDArray[np.bool_]:
    """Return whether the texts of each pair are alike, reading those that were not compared before."""
    kept = scratch / f"alike-{digests.copies_code()}.npy"
    before = np.load(kept) if kept.exists() else np.empty((2, 0), np.uint64)
    pairs = essence[first] * np.uint64(0x9E3779B97F4A7C15) + essence[second]
    place = np.minimum(np.searchsorted(before[0], pairs), max(before.shape[1] - 1, 0))
    known = before[0][place] == pairs if before.size else np.zeros(len(pairs), np.bool_)
    alike = known.copy()
    alike[known] = before[1][place[known]] != 0
    alike[~known] = _compared(parts, starts, first[~known], second[~known])
    for old in scratch.glob("alike-*.npy"):
        old.unlink()
    scratch.mkdir(parents=True, exist_ok=True)
    np.save(kept, np.vstack([pairs, alike.astype(np.uint64)])[:, np.argsort(pairs)])
    return alike


def _compared(parts: list[Part], starts: Ints, first: Ints, second: Ints) -> npt.NDArray[np.bool_]:
    if not len(first):
        return np.empty(0, np.bool_)
    numbers = np.unique(np.concatenate((first, second)))
    with tempfile.TemporaryFile() as file:
        lengths = [np.empty(0, np.int64)]
        for _, texts in _taken(parts, starts, numbers, ["title", "body"]):
            grams, length = essences.grams(*essences.codes(list(map(operator.add, *(column.to_pylist() for column in texts.columns)))))
            file.write(grams.tobytes())
            lengths.append(length)
        file.flush()
        ends = np.cumsum(np.concatenate(lengths)).tolist()
        whole, begins = np.asarray(np.memmap(file, np.uint64, "r")), [0, *ends]
        a, b = np.searchsorted(numbers, first), np.searchsorted(numbers, second)
        return dedupe.confirmed(a, b, lambda row: whole[begins[row] : ends[row]])
