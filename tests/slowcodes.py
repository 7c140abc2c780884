"""Slow, obvious second implementations of what tells how right the categoriser is: sets and loops. See `slow`."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
from slow import codes_of, rows, used

Sets = dict[str, set[str]]


def sets(table: pd.DataFrame, key: str = "item") -> Sets:
    """Return the codes of each item; an item coded without any has an empty set."""
    found: Sets = defaultdict(set)
    for row in rows(table):
        found[row[key]] |= {row["code"]} - {None}
    return found


def scores(said: Sets, true: Sets, codes: list[str]) -> dict[str, tuple[int, int, int]]:
    """Return for each code, and for "all", how many items people, the machine and both gave it; only items people coded count."""
    found = {code: tuple(sum(here) for here in zip((0, 0, 0), *(
        (code in gold, code in said.get(item, set()), code in gold & said.get(item, set())) for item, gold in true.items()), strict=True))
        for code in codes}
    return {**found, "all": tuple(sum(counts[i] for counts in found.values()) for i in range(3))}  # type: ignore[dict-item]


def rates(human: int, machine: int, both: int) -> tuple[float | None, float | None, float | None]:
    """Return precision, recall and F1; None where nothing was named, held, or either."""
    return (both / machine if machine else None, both / human if human else None,
            2 * both / (human + machine) if human + machine else None)


def rule_use(posts: pd.DataFrame, labels: pd.DataFrame) -> dict[tuple[str, str], tuple[int, float, float]]:
    """Return for each rule and code its posts, the share of them with another code too, and the share where only the rule decided."""
    counted, codes = {post["post_id"] for post in used(posts)}, codes_of(labels[labels["rule"] != "human"])
    hits = defaultdict(list)
    for label in rows(labels):
        if label["rule"] != "human" and label["post_id"] in counted:
            hits[label["rule"], label["code"]].append(label)
    return {key: (len({each["post_id"] for each in own}), sum(len(codes[each["post_id"]]) > 1 for each in own) / len(own),
                  sum(each["decided_by"] == "rule" for each in own) / len(own)) for key, own in hits.items()}


def rules_right(hits: pd.DataFrame, true: Sets) -> dict[str, tuple[int, int, int]]:
    """Return for each rule the items it was found in, those where it counts, and those of them people gave its code."""
    found: dict[str, tuple[set[str], set[str], set[str]]] = defaultdict(lambda: (set(), set(), set()))
    for hit in rows(hits):
        seen, kept, right = found[hit["rule"]]
        seen.add(hit["item"])
        if hit["dropped"] == "":
            kept.add(hit["item"])
            right |= {hit["item"]} if hit["code"] in true.get(hit["item"], set()) else set()
    return {rule: (len(seen), len(kept), len(right)) for rule, (seen, kept, right) in found.items()}


def mistaken(said: Sets, true: Sets) -> set[tuple[str, str, str]]:
    """Return item, code and kind of every code given wrongly or missed."""
    wrong = {(item, code, "误判") for item, gold in true.items() for code in said.get(item, set()) - gold}
    return wrong | {(item, code, "漏判") for item, gold in true.items() for code in gold - said.get(item, set())}


def moved(before: pd.DataFrame, after: pd.DataFrame, posts: set[str]) -> dict[tuple[str, str], str]:
    """Return which labels came (新增) and went (消失) on posts that are in both builds."""
    old, new = ({(row["post_id"], row["code"]) for row in rows(table) if row["post_id"] in posts} for table in (before, after))
    return {**dict.fromkeys(new - old, "新增"), **dict.fromkeys(old - new, "消失")}
