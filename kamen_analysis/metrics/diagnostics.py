"""How the categoriser works: what each rule covers, where rules meet and disagree, how far each code is right on coded texts, what moved.

Coverage, overlap and conflict are those of Ratner A et al., Snorkel, VLDB 2017, for codes of which a text may have several.
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
    """Return what each rule does among the complaints counted: rule, code, name_zh, n, of, share, low, high, overlap, conflict, note.

    share: the rule's coverage. overlap: the share of its posts that another rule gives another reason. conflict: the share of its posts
    on which the linear model, asked too, gave the reason under one half (human codes have no rule and are left out).

    Counts: 由该规则给出依据的投诉（同一理由一帖只记一条最好的依据）
    Out of: 全部计入的投诉；重叠与冲突以该规则给出的为分母
    Leaves out: 人工编码；一条也没给出的规则；1–4 件的不给数
    Read with care: 覆盖多不等于准；冲突是规则与模型意见不一，不是谁错
    """
    chosen = used(posts, scope)
    mine = labels[rows_of(chosen, labels["post_id"]) >= 0]
    mine = mine[mine["rule"] != "human"]
    # One row a post and code: more rows than one are more codes than one.
    reasons_of = mine.drop_duplicates(["post_id", "code"]).groupby("post_id").size().reindex(mine["post_id"]).to_numpy()
    facts = mine.assign(overlap=reasons_of > 1, conflict=mine["decided_by"] == "rule")
    table = facts.groupby(["rule", "code"], observed=True).agg(n=("post_id", "nunique"), overlap=("overlap", "mean"),
                                                               conflict=("conflict", "mean")).reset_index()
    table = suppress(with_shares(table.assign(of=len(chosen))))
    table[["overlap", "conflict"]] = table[["overlap", "conflict"]].mask(table["n"].isna() | (table["n"] < 30))
    table = table.sort_values(["code", "n", "rule"], ascending=[True, False, True], na_position="last", ignore_index=True)
    return table.assign(name_zh=name_of(table["code"]))[["rule", "code", "name_zh", "n", "of", "share", "low", "high", "overlap",
                                                         "conflict", "note"]]


def rule_precision(hits: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return for each rule found in coded texts: rule, code, name_zh, found, dropped, n (kept), right, precision, low, high.

    hits: item, code, rule, dropped (why a cue found does not count; "": it counts). gold: item, code (missing: coded, without a reason).

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
    """Return for each code, and for all together (code "all", micro-average): human, machine, both, precision, recall, f1 with intervals.

    said: item, code. gold: item, code (missing: coded, without a reason); items not in gold do not count. Intervals as in `accuracy`.

    Counts: 人与机器都判有该理由的文句
    Out of: 查准率以机器判有的为分母，查全率以人判有的为分母
    Leaves out: 没有编码的文句
    Read with care: 随程序附带的文句是写规则时看过的，成绩偏高；它查的是改规则有没有弄坏什么，不是对新文字有多准
    """
    codes = list(reason_names())
    items = gold["item"].drop_duplicates()
    true, ours = _grid(gold.dropna(subset="code"), items, codes), _grid(said, items, codes)
    counts = {"human": true.sum(axis=0), "machine": ours.sum(axis=0), "both": (true & ours).sum(axis=0)}
    table = pd.DataFrame({"code": codes, **counts})
    table = pd.concat([table, pd.DataFrame([{"code": ALL, **{key: int(n.sum()) for key, n in counts.items()}}])], ignore_index=True)
    human, machine, both = (table[key].to_numpy(float) for key in ("human", "machine", "both"))
    for name, n, of in (("precision", both, machine), ("recall", both, human), ("f1", 2 * both, human + machine)):
        table[name] = np.divide(n, of, out=np.full(len(table), np.nan), where=of > 0)
        table[f"{name}_low"], table[f"{name}_high"] = wilson(n, of)
    table["f1_low"], table["f1_high"] = (2 * end / (1 + end) for end in wilson(both, human + machine - both))
    return table.assign(name_zh=name_of(table["code"]).mask(table["code"] == ALL, "全部（微平均）"))


def _grid(pairs: pd.DataFrame, items: pd.Series, codes: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    grid = np.zeros((len(items), len(codes)), dtype=bool)
    known = pairs[pairs["item"].isin(items) & pairs["code"].isin(codes)]
    grid[pd.Index(items).get_indexer(pd.Index(known["item"])), pd.Index(codes).get_indexer(pd.Index(known["code"]))] = True
    return grid


def mistakes(said: pd.DataFrame, gold: pd.DataFrame, texts: Mapping[str, str], most: int = 2) -> pd.DataFrame:
    """Return up to `most` texts a code and kind of mistake: code, name_zh, kind (误判, 漏判), text, human, machine; shortest first.

    The shortest are the worst: there is least in them that could excuse the mistake.
    """
    names = reason_names()
    true, ours = _sets(gold.dropna(subset="code")), _sets(said)
    rows = []
    for item in sorted(set(gold["item"]), key=lambda item: (len(texts[item]), item)):
        human, machine = true.get(item, set()), ours.get(item, set())
        told = {"text": texts[item], "human": _named(human, names), "machine": _named(machine, names)}
        rows += [{"code": code, "name_zh": names.get(code, code), "kind": kind, **told}
                 for kind, codes in (("误判", machine - human), ("漏判", human - machine)) for code in sorted(codes)]
    table = pd.DataFrame(rows, columns=["code", "name_zh", "kind", "text", "human", "machine"])
    return table.groupby(["code", "kind"], sort=True).head(most).sort_values(["code", "kind"], kind="stable", ignore_index=True)


def _sets(pairs: pd.DataFrame) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for item, code in zip(pairs["item"].tolist(), pairs["code"].tolist(), strict=True):
        found[str(item)].add(code)
    return found


def _named(codes: set[str], names: Mapping[str, str]) -> str:
    return "、".join(sorted(names.get(code, code) for code in codes)) or "无"


_DRIFT = ["post_id", "code", "name_zh", "change", "rule_before", "rule_after", "why"]


def drift(before: pd.DataFrame, after: pd.DataFrame, posts: pd.Series) -> pd.DataFrame:
    """Return which labels of `posts` (ids in both builds) came or went between two labels tables, and why: _DRIFT.

    Why is told by the rules: a person's code; a rule the other codebook does not use at all (new, or gone); else the same rules
    reading otherwise (their words, their context, or the text of the post).
    """
    keys, old, new = ["post_id", "code"], *(table[table["post_id"].isin(posts)] for table in (before, after))
    both = old.drop_duplicates(keys).merge(new.drop_duplicates(keys), on=keys, how="outer", suffixes=("_before", "_after"), indicator=True)
    moved = both[both["_merge"] != "both"].copy()
    came = moved["_merge"].eq("right_only").to_numpy(bool)
    rule = moved["rule_after"].where(came, moved["rule_before"])
    other = set(before["rule"]), set(after["rule"])
    by = moved["decided_by_after"].where(came, moved["decided_by_before"])
    fresh = np.where(came, ~rule.isin(other[0]), ~rule.isin(other[1])).astype(bool)
    why = np.where(by == "human", "人工编码", np.where(fresh, np.where(came, "新规则", "规则已删去"), "同一规则读法有变"))
    moved = moved.assign(change=np.where(came, "新增", "消失"), why=why, name_zh=name_of(moved["code"]))
    return moved.sort_values(["code", "change", "post_id"], ignore_index=True)[_DRIFT]
