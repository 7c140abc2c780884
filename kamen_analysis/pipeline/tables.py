"""A group of parts to its four tables, by whole columns of Arrow: joined, decided, put in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kamen_analysis import platforms, records
from kamen_analysis.pipeline.groups import Group
from kamen_analysis.pipeline.merge import TOLD
from kamen_analysis.pipeline.partition import CODED

Ints = npt.NDArray[np.int64]
CAPTURE = ["source", "post_id", "capture_file", "capture_offset", "capture_digest"]
_REJECTED = ["stage", "source", "capture_file", "capture_offset", "reason", "post_id"]


def posts(group: Group, known: platforms.Directory) -> tuple[pa.Table, Ints]:
    """Return the group's posts ordered by post_id, and for each post of its parts the row it stands in, -1 where it is left out."""
    table = pa.concat_tables([_coded(part.read("posts"), part.read("coded")) for part in group.parts])
    first, there = group.starts[0], np.flatnonzero(group.keep)
    for name in TOLD if len(group.told) else ():
        table = _replaced(table, name, group.told.index.to_numpy(np.int64) - first, group.told[name])
    ids = table["post_id"].take(pa.array(there))
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    if len(there) < table.num_rows or (np.diff(order) < 0).any():
        table = table.take(pa.array(there[order]))
    rows = np.full(len(group.keep), -1)
    rows[there[order]] = np.arange(len(there))
    return decided(_with_platform(table, known), rows[group.dup.index.to_numpy(np.int64) - first], group.dup), rows


def _coded(rows: pa.Table, coded: pa.Table) -> pa.Table:
    for name in CODED:
        rows = rows.append_column(name, coded[name])
    return rows


def _replaced(table: pa.Table, name: str, at: Ints, values: pd.Series) -> pa.Table:
    """Return `table` with the values of a column at some rows replaced."""
    mask = np.zeros(table.num_rows, np.bool_)
    mask[at] = True
    field = table.schema.field(name)
    new = pa.array(values.iloc[np.argsort(at)], field.type, from_pandas=True)
    column = pc.replace_with_mask(table[name].combine_chunks(), pa.array(mask), new)
    return table.set_column(table.schema.get_field_index(name), field, column)


DECIDED = ("dup_group", "dup_kind", "dup_size", "is_used")


def decided(table: pa.Table, at: Ints, dup: pd.DataFrame) -> pa.Table:
    """Return posts, or some of their columns, with DECIDED; `dup` (see `copies.find`) are the copies among them, in the rows `at`."""
    size, first = np.ones(len(table), np.int64), np.ones(len(table), np.bool_)
    size[at], first[at] = dup["dup_size"], dup["dup_kind"] == "first"
    columns = {name: table[name] for name in table.schema.names}
    columns |= {"dup_group": table["post_id"], "dup_kind": pa.repeat("first", len(table)), "dup_size": pa.array(size)}
    columns["is_used"] = pc.and_(pc.equal(table["post_type"], "complaint"), pa.array(first))
    table = pa.table({column.name: columns[column.name] for column in records.TABLES["posts"] if column.name in columns})
    for name in ("dup_group", "dup_kind") if len(at) else ():
        table = _replaced(table, name, at, dup[name])
    return table


def _with_platform(table: pa.Table, known: platforms.Directory) -> pa.Table:
    targets = table["target"].combine_chunks().dictionary_encode()
    pairs = [known.canonical(target) for target in targets.dictionary.to_pylist()]
    names = pa.array([name for name, _ in pairs], pa.string()).take(targets.indices)
    sure = pa.array([is_known for _, is_known in pairs], pa.bool_()).take(targets.indices).fill_null(False)
    return table.append_column("platform", names).append_column("platform_known", sure)


def labels(group: Group, posts_: pa.Table, rows: Ints, version: str) -> pa.Table:
    """Return the machine's labels of the group, ordered."""
    table, row = _of_posts(group, "labels", rows)
    order = np.lexsort((_ranks(table["code"]), table["start"].to_numpy(), _ranks(table["field"]), row))
    table = table.take(pa.array(order)).append_column("post_id", posts_["post_id"].take(pa.array(row[order])))
    table = table.append_column("rule_version", pa.array([version], pa.string()).take(pa.array(np.zeros(len(order), np.int64))))
    return table.select([column.name for column in records.TABLES["labels"]])


def _of_posts(group: Group, name: str, rows: Ints) -> tuple[pa.Table, Ints]:
    """Return a table of the group's parts, of the posts that have a row, and the row of each."""
    found = [part.read(name) for part in group.parts]
    number = np.concatenate([one["row"].to_numpy() + start - group.starts[0] for one, start in zip(found, group.starts, strict=False)])
    row, table = rows[number], pa.concat_tables(found).drop_columns("row")
    kept = row >= 0
    return (table, row) if kept.all() else (table.filter(pa.array(kept)), row[kept])


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Return for each value of a column its place among the different values, nulls last."""
    coded = column.combine_chunks().dictionary_encode()
    place = np.append(np.argsort(pc.sort_indices(coded.dictionary).to_numpy()), len(coded.dictionary))
    ranks: Ints = place[coded.indices.fill_null(len(coded.dictionary)).to_numpy()]
    return ranks


def events(group: Group, posts_: pa.Table, rows: Ints) -> pa.Table:
    """Return the events of the group, each told once, ordered."""
    alone = rows.copy()
    alone[group.told.index.to_numpy(np.int64) - group.starts[0]] = -1
    table, row = _of_posts(group, "events", alone)
    more = rows[group.events["number"].to_numpy(np.int64) - group.starts[0]]
    if (more >= 0).any():
        told = pa.Table.from_pandas(group.events[more >= 0], table.schema, preserve_index=False)
        table, row = pa.concat_tables([table, told]), np.concatenate((row, more[more >= 0]))
    keys = [_ranks(table["actor"]), _ranks(table["kind"]), _times(table["seen_by"]), _times(table["at"]), row]
    once = _told_once(keys, pc.is_null(table["at"]).to_numpy())
    order = once[np.lexsort([key[once] for key in keys])]
    table = table.take(pa.array(order)).append_column("post_id", posts_["post_id"].take(pa.array(row[order])))
    return table.select([column.name for column in records.TABLES["events"]])


def _times(column: pa.ChunkedArray) -> Ints:
    times: Ints = column.cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
    return times


def _told_once(keys: Sequence[Ints], bound: npt.NDArray[np.bool_]) -> Ints:
    """Return the rows (of actor, kind, seen_by, at, post) that stay: of exact times each one once, of bounds the earliest of a kind.

    An exact time says more than "by then": the bound of the same kind falls away.
    """
    actor, kind, seen, at, post = keys
    which = post * (int(kind.max(initial=0)) + 1) + kind
    exact, bounds = np.flatnonzero(~bound), np.flatnonzero(bound)
    exact = exact[np.lexsort((actor[exact], at[exact], which[exact]))]
    same = [key[exact][1:] == key[exact][:-1] for key in (actor, at, which)]
    exact = exact[np.append(True, ~np.logical_and.reduce(same))[: len(exact)]]
    bounds = bounds[np.lexsort((seen[bounds], which[bounds]))]
    bounds = bounds[np.append(True, np.diff(which[bounds]) != 0)[: len(bounds)]]
    return np.concatenate((exact, bounds[~np.isin(which[bounds], which[exact])]))


def rejected(group: Group, posts_: pa.Table) -> pa.Table:
    """Return what the group's parts lost, and its posts that are no complaint or a copy, ordered."""
    return _ordered([*(part.read("rejected") for part in group.parts), _lost(posts_, "gate", "post_type", "complaint", posts_["gate_rule"]),
                     _lost(posts_, "dedupe", "dup_kind", "first")])


def rejected_again(before: pa.Table, posts_: pa.Table) -> pa.Table:
    """Return the group's `rejected` where it was `before` and other posts are copies now."""
    return _ordered([before.filter(pc.not_equal(before["stage"], "dedupe")), _lost(posts_, "dedupe", "dup_kind", "first")])


def _lost(posts_: pa.Table, stage: str, column: str, fine: str, detail: pa.ChunkedArray | None = None) -> pa.Table:
    """Return the rows of `rejected` for the posts whose `column` is not `fine`."""
    lost = pc.not_equal(posts_[column], fine)
    gone = posts_.filter(lost)
    return pa.table({**{name: gone[name] for name in CAPTURE}, "stage": pa.array([stage] * len(gone), pa.string()), "reason": gone[column],
                     "detail": detail.filter(lost) if detail else pa.nulls(len(gone), pa.string())})


def _ordered(found: list[pa.Table]) -> pa.Table:
    schema = pa.schema([field.with_nullable(True) for field in records.arrow_schema("rejected")])
    table = pa.concat_tables([one.select(schema.names).cast(schema) for one in found])
    return table.take(pc.sort_indices(table, [(name, "ascending") for name in _REJECTED]))
