"""Diagnostics of the categoriser: coverage, overlap and conflict of each rule, scores on coded texts, and labels changed between builds.

Coverage, overlap and conflict as in Ratner A et al., Snorkel, VLDB 2017, adapted to texts that may have several codes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd

from kamen_analysis.metrics.keys import rows_of
from kamen_analysis.metrics.names import name_of, reason_names
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.shares import suppress, with_shares
from kamen_analysis.stats import wilson

ALL = "all"


@metric
def rule_use(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per rule on the counted complaints it codes: rule, code, name_zh, n, of, share, low, high, overlap, conflict, note.

    share: the rule's coverage. overlap: the share of its posts that also have another reason. conflict: the share of its posts for which
    the linear model gave the reason a probability under one half. Human codes have no rule and are left out.

    Counts: 由该规则给出依据的投诉（同一理由一帖只记一条最好的依据）
    Out of: 全部计入的投诉；重叠与冲突以该规则给出的为分母
    Leaves out: 人工编码；一条也没给出的规则；1–4 件的不给数
    Read with care: 覆盖多不等于准；冲突是规则与模型意见不一，不是谁错
    """
    chosen = used(posts, scope)
    mine = labels[rows_of(chosen, labels["post_id"]) >= 0]
    mine = mine[mine["rule"] != "human"]
    codes_per_post = mine.drop_duplicates(["post_id", "code"]).groupby("post_id").size().reindex(mine["post_id"]).to_numpy()
    # Where rule and model agree, decided_by is "vote".
    facts = mine.assign(overlap=codes_per_post > 1, conflict=mine["decided_by"] == "rule")
    table = facts.groupby(["rule", "code"], observed=True).agg(n=("post_id", "nunique"), overlap=("overlap", "mean"),
                                                               conflict=("conflict", "mean")).reset_index()
    table = suppress(with_shares(table.assign(of=len(chosen))))
    table[["overlap", "conflict"]] = table[["overlap", "conflict"]].mask(table["n"].isna() | (table["n"] < 30))
    table = table.sort_values(["code", "n", "rule"], ascending=[True, False, True], na_position="last", ignore_index=True)
    return table.assign(name_zh=name_of(table["code"]))[["rule", "code", "name_zh", "n", "of", "share", "low", "high", "overlap",
                                                         "conflict", "note"]]


def rule_precision(hits: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return the precision of each rule on coded texts: rule, code, name_zh, found, dropped, n (kept), right, precision, low, high.

    `hits`: item, code, rule, dropped (why the hit does not count; "" if it does). `gold`: item, code (missing: coded as having no reason).

    Counts: 规则在已编码文句里命中并采用、且人也判有该理由的
    Out of: 规则命中并采用的文句
    Leaves out: 上下文排除的命中（件数另列）；规则没有命中的文句
    Read with care: 这些文句就是写规则、训练模型时看过的，查准率偏高；没有见过的文字以抽样编码为准
    """
    true = set(zip(gold["item"], gold["code"], strict=True))
    cells = hits.drop_duplicates(["item", "code", "rule", "dropped"])
    kept = cells[cells["dropped"] == ""].drop_duplicates(["item", "rule"])
    right = pd.Series([pair in true for pair in zip(kept["item"], kept["code"], strict=True)], kept.index, dtype=bool)
    found = cells.groupby(["rule", "code"])["item"].nunique().rename("found").reset_index()
    n, good = kept.groupby("rule")["item"].nunique(), kept[right].groupby("rule")["item"].nunique()
    table = found.assign(n=found["rule"].map(n).fillna(0).astype(int), right=found["rule"].map(good).fillna(0).astype(int))
    low, high = wilson(table["right"], table["n"])
    precision = table["right"] / table["n"].where(table["n"] > 0)
    table = table.assign(dropped=table["found"] - table["n"], precision=precision, low=low, high=high)
    table = table.sort_values(["code", "found", "rule"], ascending=[True, False, True], ignore_index=True)
    return table.assign(name_zh=name_of(table["code"]))[["rule", "code", "name_zh", "found", "dropped", "n", "right", "precision", "low",
                                                         "high"]]


def code_scores(said: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return scores for each code and for all together (code "all", micro-average): code, human, machine, both, precision, recall, f1
    (+_low, _high), name_zh.

    `said`: the machine's codes (item, code). `gold`: human codes (item, code; missing: coded as having no reason); items not in gold are
    ignored. Intervals as in `accuracy`.

    Counts: 人与机器都判有该理由的文句
    Out of: 查准率以机器判有的为分母，查全率以人判有的为分母
    Leaves out: 没有编码的文句
    Read with care: 随程序附带的文句是写规则时看过的，成绩偏高；它查的是改规则有没有弄坏什么，不是对新文字有多准
    """
    codes = list(reason_names())
    items = gold["item"].drop_duplicates()
    true, predicted = _code_grid(gold.dropna(subset="code"), items, codes), _code_grid(said, items, codes)
    counts = {"human": true.sum(axis=0), "machine": predicted.sum(axis=0), "both": (true & predicted).sum(axis=0)}
    table = pd.DataFrame({"code": codes, **counts})
    table = pd.concat([table, pd.DataFrame([{"code": ALL, **{key: int(n.sum()) for key, n in counts.items()}}])], ignore_index=True)
    human, machine, both = (table[key].to_numpy(float) for key in ("human", "machine", "both"))
    for name, n, of in (("precision", both, machine), ("recall", both, human), ("f1", 2 * both, human + machine)):
        table[name] = np.divide(n, of, out=np.full(len(table), np.nan), where=of > 0)
        table[f"{name}_low"], table[f"{name}_high"] = wilson(n, of)
    table["f1_low"], table["f1_high"] = (2 * end / (1 + end) for end in wilson(both, human + machine - both))
    return table.assign(name_zh=name_of(table["code"]).mask(table["code"] == ALL, "全部（微平均）"))


def _code_grid(pairs: pd.DataFrame, items: pd.Series, codes: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return whether each item (row) has each code (column) in `pairs`."""
    grid = np.zeros((len(items), len(codes)), dtype=bool)
    known = pairs[pairs["item"].isin(items) & pairs["code"].isin(codes)]
    grid[pd.Index(items).get_indexer(pd.Index(known["item"])), pd.Index(codes).get_indexer(pd.Index(known["code"]))] = True
    return grid


def mistakes(said: pd.DataFrame, gold: pd.DataFrame, texts: Mapping[str, str], most: int = 2) -> pd.DataFrame:
    """Return up to `most` texts per code and kind of mistake: code, name_zh, kind (误判, 漏判), text, human, machine; shortest first.

    The shortest come first because they contain least that could explain the mistake.
    """
    names = reason_names()
    true, predicted = _codes_by_item(gold.dropna(subset="code")), _codes_by_item(said)
    rows = []
    for item in sorted(set(gold["item"]), key=lambda item: (len(texts[item]), item)):
        human, machine = true.get(item, set()), predicted.get(item, set())
        shown = {"text": texts[item], "human": _joined(human, names), "machine": _joined(machine, names)}
        rows += [{"code": code, "name_zh": names.get(code, code), "kind": kind, **shown}
                 for kind, codes in (("误判", machine - human), ("漏判", human - machine)) for code in sorted(codes)]
    table = pd.DataFrame(rows, columns=["code", "name_zh", "kind", "text", "human", "machine"])
    return table.groupby(["code", "kind"], sort=True).head(most).sort_values(["code", "kind"], kind="stable", ignore_index=True)


def _codes_by_item(pairs: pd.DataFrame) -> dict[str, set[str]]:
    codes: dict[str, set[str]] = defaultdict(set)
    for item, code in zip(pairs["item"].tolist(), pairs["code"].tolist(), strict=True):
        codes[str(item)].add(code)
    return codes


def _joined(codes: set[str], names: Mapping[str, str]) -> str:
    return "、".join(sorted(names.get(code, code) for code in codes)) or "无"


_DRIFT = ["post_id", "code", "name_zh", "change", "rule_before", "rule_after", "why"]


def drift(before: pd.DataFrame, after: pd.DataFrame, posts: pd.Series) -> pd.DataFrame:
    """Return the labels of `posts` (ids present in both builds) that were added or lost between two label tables, and why: _DRIFT.

    `why` is one of: a person's code; a rule that occurs in one build only (new or deleted); else the same rule now reading the text
    differently (its words or context changed, or the text of the post did).
    """
    keys, old, new = ["post_id", "code"], *(table[table["post_id"].isin(posts)] for table in (before, after))
    both = old.drop_duplicates(keys).merge(new.drop_duplicates(keys), on=keys, how="outer", suffixes=("_before", "_after"), indicator=True)
    changed = both[both["_merge"] != "both"].copy()
    added = changed["_merge"].eq("right_only").to_numpy(bool)
    rule = changed["rule_after"].where(added, changed["rule_before"])
    by = changed["decided_by_after"].where(added, changed["decided_by_before"])
    one_build_only = np.where(added, ~rule.isin(set(before["rule"])), ~rule.isin(set(after["rule"]))).astype(bool)
    why = np.where(by == "human", "人工编码", np.where(one_build_only, np.where(added, "新规则", "规则已删去"), "同一规则读法有变"))
    changed = changed.assign(change=np.where(added, "新增", "消失"), why=why, name_zh=name_of(changed["code"]))
    return changed.sort_values(["code", "change", "post_id"], ignore_index=True)[_DRIFT]
