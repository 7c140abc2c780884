"""Turn a group of parts into its four tables, in whole Arrow columns: join the parts, apply the decisions, sort.

Throughout, `rows` holds for each post of the group's parts its row in the sorted `posts`, -1 if it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kamen_analysis import platforms, records
from kamen_analysis.pipeline.groups import Group
from kamen_analysis.pipeline.merge import COMBINED
from kamen_analysis.pipeline.partition import CODED

Ints = npt.NDArray[np.int64]
CAPTURE = ["source", "post_id", "capture_file", "capture_offset", "capture_digest"]
DECIDED = ("dup_group", "dup_kind", "dup_size", "is_used")  # the columns of posts that say which are copies
_REJECTED_ORDER = ["stage", "source", "capture_file", "capture_offset", "reason", "post_id"]


def posts(group: Group, known: platforms.Directory) -> tuple[pa.Table, Ints]:
    """Return the group's posts sorted by post_id, and `rows`."""
    table = pa.concat_tables([_coded(part.read("posts"), part.read("coded")) for part in group.parts])
    first, kept = group.starts[0], np.flatnonzero(group.keep)
    for name in COMBINED if len(group.combined) else ():
        table = _replaced(table, name, group.combined.index.to_numpy(np.int64) - first, group.combined[name])
    ids = table["post_id"].take(pa.array(kept))
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    if len(kept) < table.num_rows or (np.diff(order) < 0).any():
        table = table.take(pa.array(kept[order]))
    rows = np.full(len(group.keep), -1)
    rows[kept[order]] = np.arange(len(kept))
    return decided(_with_platform(table, known), rows[group.dup.index.to_numpy(np.int64) - first], group.dup), rows


def _coded(table: pa.Table, codes: pa.Table) -> pa.Table:
    for name in CODED:
        table = table.append_column(name, codes[name])
    return table


def _replaced(table: pa.Table, name: str, at: Ints, values: pd.Series) -> pa.Table:
    """Return `table` with `values` in the rows `at` of one column."""
    mask = np.zeros(table.num_rows, np.bool_)
    mask[at] = True
    field = table.schema.field(name)
    new = pa.array(values.iloc[np.argsort(at)], field.type, from_pandas=True)
    column = pc.replace_with_mask(table[name].combine_chunks(), pa.array(mask), new)
    return table.set_column(table.schema.get_field_index(name), field, column)


def decided(table: pa.Table, at: Ints, dup: pd.DataFrame) -> pa.Table:
    """Return posts, or some columns of them, with the columns DECIDED; `dup` (see `copies.find`) describes the posts in rows `at`."""
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
    are_known = pa.array([is_known for _, is_known in pairs], pa.bool_()).take(targets.indices).fill_null(False)
    return table.append_column("platform", names).append_column("platform_known", are_known)


def labels(group: Group, posts_: pa.Table, rows: Ints, version: str) -> pa.Table:
    """Return the machine's labels of the group's posts, sorted."""
    table, row = _of_posts(group, "labels", rows)
    order = np.lexsort((_ranks(table["code"]), table["start"].to_numpy(), _ranks(table["field"]), row))
    table = table.take(pa.array(order)).append_column("post_id", posts_["post_id"].take(pa.array(row[order])))
    table = table.append_column("rule_version", pa.array([version], pa.string()).take(pa.array(np.zeros(len(order), np.int64))))
    return table.select([column.name for column in records.TABLES["labels"]])


def _of_posts(group: Group, name: str, rows: Ints) -> tuple[pa.Table, Ints]:
    """Return a table (labels or events) of all parts without those of posts left out, and for each of its rows that of its post."""
    tables = [part.read(name) for part in group.parts]
    number = np.concatenate([one["row"].to_numpy() + start - group.starts[0] for one, start in zip(tables, group.starts, strict=False)])
    row, table = rows[number], pa.concat_tables(tables).drop_columns("row")
    kept = row >= 0
    return (table, row) if kept.all() else (table.filter(pa.array(kept)), row[kept])


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Return the dense rank of each value of a column, nulls last."""
    encoded = column.combine_chunks().dictionary_encode()
    rank = np.append(np.argsort(pc.sort_indices(encoded.dictionary).to_numpy()), len(encoded.dictionary))
    ranks: Ints = rank[encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()]
    return ranks


def events(group: Group, posts_: pa.Table, rows: Ints) -> pa.Table:
    """Return the events of the group's posts without repetitions, sorted."""
    seen_once = rows.copy()  # the events of posts seen again are all in `group.events`
    seen_once[group.combined.index.to_numpy(np.int64) - group.starts[0]] = -1
    table, row = _of_posts(group, "events", seen_once)
    merged_row = rows[group.events["number"].to_numpy(np.int64) - group.starts[0]]
    if (merged_row >= 0).any():
        merged = pa.Table.from_pandas(group.events[merged_row >= 0], table.schema, preserve_index=False)
        table, row = pa.concat_tables([table, merged]), np.concatenate((row, merged_row[merged_row >= 0]))
    keys = [_ranks(table["actor"]), _ranks(table["kind"]), _times(table["seen_by"]), _times(table["at"]), row]
    distinct = _distinct(keys, pc.is_null(table["at"]).to_numpy())
    order = distinct[np.lexsort([key[distinct] for key in keys])]
    table = table.take(pa.array(order)).append_column("post_id", posts_["post_id"].take(pa.array(row[order])))
    return table.select([column.name for column in records.TABLES["events"]])


def _times(column: pa.ChunkedArray) -> Ints:
    """Return a column of instants as sortable numbers, nulls last."""
    times: Ints = column.cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
    return times


def _distinct(keys: Sequence[Ints], is_bound: npt.NDArray[np.bool_]) -> Ints:
    """Return the rows of distinct events; `keys` are the columns actor, kind, seen_by, at, and the post's row.

    Of events with an exact time (`at`) one of each time and actor stays. Of events with only a bound (`seen_by`) the earliest of each
    kind and post stays, unless an exact time of that kind is known.
    """
    actor, kind, seen, at, post = keys
    turn = post * (int(kind.max(initial=0)) + 1) + kind  # one number for each kind of event of each post
    exact, bounds = np.flatnonzero(~is_bound), np.flatnonzero(is_bound)
    exact = exact[np.lexsort((actor[exact], at[exact], turn[exact]))]
    same = [key[exact][1:] == key[exact][:-1] for key in (actor, at, turn)]
    exact = exact[np.append(True, ~np.logical_and.reduce(same))[: len(exact)]]
    bounds = bounds[np.lexsort((seen[bounds], turn[bounds]))]
    bounds = bounds[np.append(True, np.diff(turn[bounds]) != 0)[: len(bounds)]]
    return np.concatenate((exact, bounds[~np.isin(turn[bounds], turn[exact])]))


def rejected(group: Group, posts_: pa.Table) -> pa.Table:
    """Return what the group's parts rejected, and its posts that are no complaint or a copy, sorted."""
    not_complaints = _excluded(posts_, "gate", "post_type", "complaint", posts_["gate_rule"])
    return _sorted([*(part.read("rejected") for part in group.parts), not_complaints, _excluded(posts_, "dedupe", "dup_kind", "first")])


def rejected_again(before: pa.Table, posts_: pa.Table) -> pa.Table:
    """Return the group's `rejected` anew after only its copies changed; `before` is what it was."""
    return _sorted([before.filter(pc.not_equal(before["stage"], "dedupe")), _excluded(posts_, "dedupe", "dup_kind", "first")])


def _excluded(posts_: pa.Table, stage: str, column: str, passes: str, detail: pa.ChunkedArray | None = None) -> pa.Table:
    """Return the rows of `rejected` for the posts that a stage excludes: those whose `column` is not `passes`, which is the reason."""
    is_excluded = pc.not_equal(posts_[column], passes)
    excluded = posts_.filter(is_excluded)
    return pa.table({**{name: excluded[name] for name in CAPTURE}, "stage": pa.array([stage] * len(excluded), pa.string()),
                     "reason": excluded[column], "detail": detail.filter(is_excluded) if detail else pa.nulls(len(excluded), pa.string())})


def _sorted(tables: list[pa.Table]) -> pa.Table:
    schema = pa.schema([field.with_nullable(True) for field in records.arrow_schema("rejected")])
    table = pa.concat_tables([one.select(schema.names).cast(schema) for one in tables])
    return table.take(pc.sort_indices(table, [(name, "ascending") for name in _REJECTED_ORDER]))
