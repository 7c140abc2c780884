"""Copies among the complaints of all parts, out of core: columns of numbers decide, texts are read only where two may be alike."""

from __future__ import annotations

import functools
import logging
import operator
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kamen_analysis import dedupe, heap
from kamen_analysis.dedupe import essences
from kamen_analysis.dedupe.essences import U32, U64, Ints
from kamen_analysis.paths import atomic_write
from kamen_analysis.pipeline import digests, partition
from kamen_analysis.pipeline.parts import Part

Bools = npt.NDArray[np.bool_]
_LOG = logging.getLogger(__name__)
COPIES = 500_000  # posts with copies that are looked at together
_ALIKE = np.uint64(1)


def column(parts: list[Part], row: int) -> U64:
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


def find(parts: list[Part], starts: Ints, eligible: Bools, dates: pd.Series, scratch: Path) -> pd.DataFrame:
    """Return `post_id`, `dup_group`, `dup_kind`, `dup_size` of every eligible post that has a copy, by the post's number.

    `dates` replaces the date of posts by number. What was found out about pairs of texts is kept in `scratch` for the next time.
    """
    # Each step reads its columns anew and gives back what it took: held through all of them they would be most of the memory.
    rows = _in_time(parts, eligible, dates)
    numbers, heads = _grouped(rows, _linked(parts, starts, rows, scratch))
    del rows
    _give_back()
    found = _in_order(_described(parts, starts, numbers, heads, dates))
    _give_back()
    return found


def _give_back() -> None:
    pa.default_memory_pool().release_unused()
    heap.give_back()


def _moments(parts: list[Part], dates: pd.Series) -> U64:
    at = column(parts, partition.AT)
    at[dates.index] = [partition.NO_DATE if pd.isna(date) else date.value // 1000 for date in dates]
    return at


def _in_time(parts: list[Part], eligible: Bools, dates: pd.Series) -> U32:
    """Return the numbers of the eligible posts of some length in the order of their dates, those of one date by the digest of their id."""
    rows = np.flatnonzero(eligible & (column(parts, partition.ESSENCE) != 0)).astype(np.uint32)
    return rows[np.lexsort((column(parts, partition.ID)[rows], _moments(parts, dates)[rows]))]


def _linked(parts: list[Part], starts: Ints, rows: U32, scratch: Path) -> Ints:
    """Return for each place in `rows` the lowest one whose post is a copy of this one's, over any number of copies."""
    first, second = dedupe.same(column(parts, partition.ESSENCE)[rows])
    one = np.delete(np.arange(len(rows), dtype=np.uint32), second)
    links = zip((first, second), _near(parts, starts, rows, one, scratch), strict=True)
    return dedupe.components(len(rows), *map(np.concatenate, links))


def _grouped(rows: U32, head: Ints) -> tuple[Ints, Ints]:
    """Return the numbers of the posts that have a copy, sorted, and the head of each."""
    many = (np.bincount(head, minlength=len(rows)) > 1)[head]
    order = np.argsort(rows[many])
    return rows[many][order].astype(np.int64), head[many][order]


def _described(parts: list[Part], starts: Ints, numbers: Ints, heads: Ints, dates: pd.Series) -> pd.DataFrame:
    at, essence = _moments(parts, dates)[numbers], column(parts, partition.ESSENCE)[numbers]
    found, buckets = [], len(numbers) // COPIES + 1
    for which in range(buckets):
        some = heads % buckets == which
        copies = rows_of(parts, starts, numbers[some], ["post_id", "target"])
        copies = copies.assign(essence=essence[some], at=at[some], head=heads[some])
        earliest = copies.sort_values(["at", "post_id"]).drop_duplicates("head").set_index("head")
        found.append(dedupe.describe(copies, earliest.loc[copies["head"]]).assign(post_id=copies["post_id"]))
        del copies, earliest
        _give_back()
    return pd.concat(found)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows`, which are used up, in the order of their index: a column at a time, so that they are never there twice."""
    order = np.argsort(rows.index)
    return pd.DataFrame({name: rows.pop(name).array.take(order) for name in rows.columns.tolist()}, rows.index[order])


def _near(parts: list[Part], starts: Ints, rows: U32, one: U32, scratch: Path) -> tuple[U32, U32]:
    """Return the pairs that are alike of the posts `rows[one]`, as places in `rows`."""
    numbers = rows[one]
    first, second = dedupe.candidates(lambda k: column(parts, partition.BAND + k)[numbers])
    _give_back()
    alike = _alike(parts, starts, numbers[first], numbers[second], scratch)
    return one[first[alike]], one[second[alike]]


def _alike(parts: list[Part], starts: Ints, first: U32, second: U32, scratch: Path) -> Bools:
    """Return whether the texts of each pair are alike, reading those that were not compared before.

    Kept is a number for each pair, sorted: a digest of the two texts whose last bit says whether they are alike.
    """
    kept = scratch / f"alike-{digests.copies_code()}.npy"
    pairs = _digests(column(parts, partition.ESSENCE), first, second)
    told = _told(_read(kept), pairs)
    new, alike = told & ~_ALIKE != pairs, (told & _ALIKE).astype(np.bool_)
    del told
    alike[new] = _compared(parts, starts, first[new], second[new])
    pairs |= alike
    pairs.sort()
    for old in scratch.glob("alike-*.npy"):
        old.unlink()
    with atomic_write(kept, "wb") as file:
        np.save(file, pairs)
    return alike


def _read(kept: Path) -> U64:
    try:
        found: U64 = np.load(kept)
    except FileNotFoundError:
        return np.empty(0, np.uint64)
    except (OSError, ValueError, EOFError):
        _LOG.warning("缓存文件 %s 已损坏，不用它，重新比对", kept)
        return np.empty(0, np.uint64)
    return found


def _digests(essence: U64, first: U32, second: U32) -> U64:
    found = essence[first]
    found *= np.uint64(0x9E3779B97F4A7C15)
    found += essence[second]
    found &= ~_ALIKE
    return found


def _told(before: U64, pairs: U64) -> U64:
    """Return of what is kept the number of each pair, or that of another."""
    order, told = np.argsort(pairs), ~pairs
    if len(before):  # sorted pairs are found several times as fast
        told[order] = before[np.minimum(np.searchsorted(before, pairs[order]), len(before) - 1)]
    return told


def _compared(parts: list[Part], starts: Ints, first: U32, second: U32) -> Bools:
    if not len(first):
        return np.empty(0, np.bool_)
    wanted = np.zeros(starts[-1], np.bool_)
    wanted[first] = wanted[second] = True
    numbers, ends = np.flatnonzero(wanted), np.zeros(len(wanted) + 1, np.int64)
    with tempfile.TemporaryFile() as file:
        lengths = []
        for _, texts in _taken(parts, starts, numbers, ["title", "body"]):
            grams, length = essences.grams(*essences.codes(list(map(operator.add, *(column.to_pylist() for column in texts.columns)))))
            file.write(grams.tobytes())
            lengths.append(length * grams.itemsize)
        file.flush()
        ends[1:][wanted] = np.concatenate(lengths)
        np.cumsum(ends, out=ends)
        # Mapped, the pages of the file would count as this process's memory.
        read = functools.partial(os.pread, file.fileno())
        return dedupe.confirmed(first, second, lambda row: np.frombuffer(read(int(ends[row + 1] - ends[row]), int(ends[row])), np.uint64))
