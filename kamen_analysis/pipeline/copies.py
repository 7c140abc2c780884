"""Find the copies among the complaints of all parts, out of core: by columns of numbers, reading texts only of likely pairs.

Rows of all parts are numbered consecutively; `starts` holds the first number of each part, and the number after the last. Arrays
called `rows` hold the numbers of the posts compared, by date; pairs (`first`, `second`) are positions in them unless said otherwise.
"""

from __future__ import annotations

import logging
import operator
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kamen_analysis import dedupe, heap
from kamen_analysis.dedupe import essences, similarity
from kamen_analysis.dedupe.essences import U32, U64, Ints
from kamen_analysis.paths import atomic_write
from kamen_analysis.pipeline import digests, partition
from kamen_analysis.pipeline.parts import Part
from kamen_analysis.pipeline.rows import column, placed, rows_of, select

Bools = npt.NDArray[np.bool_]
_LOG = logging.getLogger(__name__)
COPIES = 500_000  # posts with copies that are described at a time
_SECOND = np.uint64(1_000_000)  # microseconds
_ALIKE = np.uint64(1)  # the bit of a cached pair that says whether its texts are alike


def find(parts: list[Part], starts: Ints, eligible: Bools, dates: pd.Series, scratch: Path) -> pd.DataFrame:
    """Return `post_id`, `dup_group`, `dup_kind`, `dup_size` of every eligible post that has a copy, by the post's number.

    `dates` (by number) overrides the dates of posts. The outcome of each comparison of two texts is cached in `scratch`.
    """
    # Each step reads its columns anew and frees them: held through all steps they would be most of the memory.
    rows = _by_date(parts, eligible, dates)
    numbers, heads = _grouped(rows, _heads(parts, starts, rows, scratch))
    del rows
    _release_memory()
    found = _in_order(_described(parts, starts, numbers, heads, dates))
    _release_memory()
    return found


def _release_memory() -> None:
    pa.default_memory_pool().release_unused()
    heap.give_back()


def _moments(parts: list[Part], dates: pd.Series) -> U64:
    """Return `posted_at` of all posts in microseconds since 1970, NO_DATE for none; `dates` overrides it by number."""
    at = column(parts, partition.AT)
    at[dates.index] = [partition.NO_DATE if pd.isna(date) else date.value // 1000 for date in dates]
    return at


def _by_date(parts: list[Part], eligible: Bools, dates: pd.Series) -> U32:
    """Return the numbers of the eligible posts long enough to compare, by date, posts of one date by the digest of their id."""
    rows = np.flatnonzero(eligible & (column(parts, partition.ESSENCE) != 0)).astype(np.uint32)
    return rows[order(_moments(parts, dates).take(rows), column(parts, partition.ID).take(rows))]


def order(moments: U64, ids: U64) -> Ints:
    """Return the order of posts by moment, those of one moment by id."""
    # One number for both, the id without its last bits, is sorted several times as fast as two.
    is_dated = moments != partition.NO_DATE
    place = moments if (moments[is_dated] % _SECOND).any() else moments // _SECOND
    place = np.where(is_dated, place, place.max(initial=0, where=is_dated) + np.uint64(1))
    bits = np.uint64(64 - int(place.max(initial=0)).bit_length())
    packed = place << bits | ids >> np.uint64(64) - bits
    found = np.argsort(packed)
    ordered = packed[found]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    tied = np.union1d(again, again + 1)
    rows = np.sort(found[tied])
    found[tied] = rows[np.lexsort((ids[rows], moments[rows]))]
    return found


def _heads(parts: list[Part], starts: Ints, rows: U32, scratch: Path) -> Ints:
    """Return for each post in `rows` the position of its group's head: the earliest post that a chain of copies leads to."""
    first, second = dedupe.same(column(parts, partition.ESSENCE).take(rows))
    distinct = np.delete(np.arange(len(rows), dtype=np.uint32), second)
    links = zip((first, second), _near_copies(parts, starts, rows, distinct, scratch), strict=True)
    return dedupe.components(len(rows), *map(np.concatenate, links))


def _grouped(rows: U32, heads: Ints) -> tuple[Ints, Ints]:
    """Return the numbers of the posts that have a copy, sorted, and the head of each."""
    has_copy = (np.bincount(heads, minlength=len(rows)) > 1)[heads]
    order = np.argsort(rows[has_copy])
    return rows[has_copy][order].astype(np.int64), heads[has_copy][order]


def _described(parts: list[Part], starts: Ints, numbers: Ints, heads: Ints, dates: pd.Series) -> pd.DataFrame:
    """Return `find`'s columns for the posts numbered `numbers`, in no order, reading whole groups of copies at a time."""
    at, essence = _moments(parts, dates)[numbers], column(parts, partition.ESSENCE)[numbers]
    found, buckets = [], len(numbers) // COPIES + 1
    for bucket in range(buckets):
        inside = heads % buckets == bucket
        copies = rows_of(parts, starts, numbers[inside], ["post_id", "target"])
        copies = copies.assign(essence=essence[inside], at=at[inside], head=heads[inside])
        # Not always the head: here posts of one date are in the order of their ids, in `rows` in that of the ids' digests.
        earliest = copies.sort_values(["at", "post_id"]).drop_duplicates("head").set_index("head")
        found.append(dedupe.describe(copies, earliest.loc[copies["head"]]).assign(post_id=copies["post_id"]))
        del copies, earliest
        _release_memory()
    return pd.concat(found)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` sorted by index. Empties `rows` column by column, so that memory never holds the whole frame twice."""
    order = np.argsort(rows.index)
    return pd.DataFrame({name: rows.pop(name).array.take(order) for name in rows.columns.tolist()}, rows.index[order])


def _near_copies(parts: list[Part], starts: Ints, rows: U32, distinct: U32, scratch: Path) -> tuple[U32, U32]:
    """Return the pairs of near copies among the posts at the positions `distinct` of `rows`."""
    numbers = rows.take(distinct)
    places = np.full(starts[-1], len(numbers), np.uint32)
    places[numbers] = np.arange(len(numbers), dtype=np.uint32)
    first, second = dedupe.candidates(lambda k: placed(parts, partition.BAND + k, places, len(numbers)))
    _release_memory()
    alike = _are_alike(parts, starts, numbers.take(first), numbers.take(second), scratch)
    return distinct[first[alike]], distinct[second[alike]]


def _are_alike(parts: list[Part], starts: Ints, first: U32, second: U32, scratch: Path) -> Bools:
    """Return whether the texts of each pair of posts (by number) are alike, reading only texts of pairs not compared before.

    The cache is a sorted array of one number a pair: a key made of the digests of its texts, whose last bit says whether they are alike.
    """
    cache = scratch / f"alike-{digests.copies_code()}.npy"
    pairs = _pair_keys(column(parts, partition.ESSENCE), first, second)
    cached = _nearest(_read_cache(cache), pairs)
    new, alike = cached & ~_ALIKE != pairs, (cached & _ALIKE).astype(np.bool_)
    del cached
    alike[new] = _compare(parts, starts, first[new], second[new])
    pairs |= alike
    pairs.sort()
    for old in scratch.glob("alike-*.npy"):
        old.unlink()
    with atomic_write(cache, "wb") as file:
        np.save(file, pairs)
    return alike


def _read_cache(cache: Path) -> U64:
    try:
        entries: U64 = np.load(cache) if cache.exists() else np.empty(0, np.uint64)
    except (OSError, ValueError, EOFError):
        _LOG.warning("缓存文件 %s 已损坏，不用它，重新比对", cache)
        return np.empty(0, np.uint64)
    return entries


def _pair_keys(essence: U64, first: U32, second: U32) -> U64:
    """Return a 64-bit key for each pair of posts, made of the digests of their texts; the bit _ALIKE is 0."""
    keys = essence.take(first)
    keys *= np.uint64(0x9E3779B97F4A7C15)
    keys += essence.take(second)
    keys &= ~_ALIKE
    return keys


def _nearest(cache: U64, keys: U64) -> U64:
    """Return for each key its entry in the sorted `cache` or, where it has none, an entry of another key."""
    order, entries = np.argsort(keys), ~keys
    if len(cache):  # looking up sorted keys is several times as fast
        entries[order] = cache[np.minimum(np.searchsorted(cache, keys[order]), len(cache) - 1)]
    return entries


def _compare(parts: list[Part], starts: Ints, first: U32, second: U32) -> Bools:
    """Return whether the texts of each pair of posts (by number) are alike; their shingles go through a file on disk."""
    if not len(first):
        return np.empty(0, np.bool_)
    wanted = np.zeros(starts[-1], np.bool_)
    wanted[first] = wanted[second] = True
    numbers, ends = np.flatnonzero(wanted), np.zeros(len(wanted) + 1, np.int64)
    with tempfile.TemporaryFile() as file:
        lengths = []
        for _, texts in select(parts, starts, numbers, ["title", "body"]):
            grams, length = essences.grams(*essences.codes(list(map(operator.add, *(column.to_pylist() for column in texts.columns)))))
            file.write(grams.tobytes())
            lengths.append(length * grams.itemsize)
        file.flush()
        ends[1:][wanted] = np.concatenate(lengths)
        np.cumsum(ends, out=ends)
        # With mmap, the pages of the file would count as memory of this process.
        def read(row: int) -> U64:
            return np.frombuffer(os.pread(file.fileno(), int(ends[row + 1] - ends[row]), int(ends[row])), np.uint64)

        return similarity.similarities(first, second, lambda rows: list(map(read, rows)), dedupe.THRESHOLD) > 0
