"""Escalation: which channels consumers tried, in what order and with what outcome; and how tactics change with a platform's age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.codebook.coding import extraction
from kamen_analysis.metrics.keys import places_of, rows_of
from kamen_analysis.metrics.provenance import metric
from kamen_analysis.metrics.refusal import reasons
from kamen_analysis.metrics.selection import filed, used
from kamen_analysis.metrics.shares import HIDDEN, suppress, with_shares
from kamen_analysis.records import OUTCOMES

NONE, NONE_ZH = "none", "没有写走过哪个渠道"
SOLVED = ("resolved", "partial")
OLDEST = 12  # quarters; older ages are one group


def channel_names() -> dict[str, str]:
    """Return the Chinese name of every channel of codebook/extract.yaml, NONE last."""
    return {**{key: words.about for key, words in extraction().kinds["channel"].items()}, NONE: NONE_ZH}


@metric
def channels(posts: pd.DataFrame, told: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per channel tried: channel, channel_zh, n, of, share, low, high, n_solved, solved, solved_low, solved_high, note.

    `told`: one row per post and channel: post_id, channel, start (from `label.told.told_channels`). n: complaints that name the channel.
    solved: the share of these that report the matter solved, at least in part. The last row holds the complaints that name no channel.

    Counts: 写明已经走过该渠道（平台客服、12315、黑猫、消协、报警、法院、支付机构等）的投诉，及其中自述已解决或部分解决的
    Out of: 全部计入的投诉；解决的比例以写明走过该渠道的为分母
    Leaves out: 打算走、没走成、假设要走的；不足 30 件不给比例，1–4 件的不给数
    Read with care: 走哪个渠道由消费者自己选，难办的事走得更远；发帖多在了结之前，比例低不等于渠道无用，高也不是渠道的功劳
    """
    chosen = used(posts, scope)
    tried = _channel_matrix(chosen, told)
    is_solved = chosen["outcome"].isin(SOLVED).to_numpy()
    n, n_solved = tried.sum(axis=0), (tried & is_solved[:, None]).sum(axis=0)
    names = channel_names()
    table = with_shares(pd.DataFrame({"channel": list(names), "channel_zh": list(names.values()), "n": n, "of": len(chosen)}))
    table, solved = suppress(table), suppress(with_shares(pd.DataFrame({"n": n_solved, "of": n})))
    shown = table["note"] != HIDDEN
    columns = {"n": "n_solved", "share": "solved", "low": "solved_low", "high": "solved_high"}
    table = table.assign(**{name: solved[column].where(shown) for column, name in columns.items()})
    note = table["note"].mask(shown & (table["note"] == "") & (solved["note"] != ""), "解决比例：" + solved["note"])
    order = table.assign(last=table["channel"] == NONE, size=-n).sort_values(["last", "size", "channel"]).index
    return table.assign(note=note).loc[order].reset_index(drop=True)[
        ["channel", "channel_zh", "n", "of", "share", "low", "high", *columns.values(), "note"]]


def _channel_matrix(chosen: pd.DataFrame, told: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return whether each post (row) names each channel (column); the last column, NONE, is true where it names no channel."""
    names = list(channel_names())
    rows, columns = rows_of(chosen, told["post_id"]), places_of(told["channel"], names)
    known = (rows >= 0) & (columns >= 0)
    tried = np.zeros((len(chosen), len(names)), dtype=bool)
    tried[rows[known], columns[known]] = True
    tried[:, -1] = ~tried[:, :-1].any(axis=1)
    return tried


@metric
def channel_outcomes(posts: pd.DataFrame, told: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the outcomes reported by the complaints that name each channel: channel, channel_zh, outcome, outcome_zh, n, of, share, low,
    high, note. `told` as in `channels`.

    Counts: 写明走过该渠道、自述为该结果（已解决、部分解决、未解决、没说或看不出）的投诉
    Out of: 写明走过该渠道的投诉；末组是没有写走过渠道的
    Leaves out: 走过该渠道不足 30 件的不给比例；1–4 件的不给数，只剩一格可以推出时一并不给
    Read with care: 不是渠道的效果：走得越远的多是越难办的；一件走过几个渠道的在每个渠道各计一次
    """
    chosen = used(posts, scope)
    tried, names = _channel_matrix(chosen, told), channel_names()
    outcome_of = chosen["outcome"].to_numpy()
    rows = [{"channel": channel, "channel_zh": names[channel], "outcome": outcome, "outcome_zh": name,
             "n": int((tried[:, at] & (outcome_of == outcome)).sum()), "of": int(tried[:, at].sum())}
            for at, channel in enumerate(names) for outcome, name in OUTCOMES.items()]
    return suppress(with_shares(pd.DataFrame(rows)), within="channel")


@metric
def channel_order(posts: pd.DataFrame, told: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return one row per ordered pair of channels: channel_a, channel_b (+_zh), n (posts that tell a before b), of, share, low, high, note.
    `told` as in `channels`.

    Counts: 先写走过甲、后写走过乙的投诉
    Out of: 两个渠道都写明走过的投诉
    Leaves out: 只写了一个渠道的；不足 30 件的组合不给比例，1–4 件的不给数
    Read with care: 这是讲述的先后，多数人按时间讲，但不等于走的先后
    """
    chosen = used(posts, scope)
    mine = told[rows_of(chosen, told["post_id"]) >= 0]
    both = mine.merge(mine, on="post_id", suffixes=("_a", "_b"))
    both = both[both["start_a"] != both["start_b"]]
    both = both.assign(n=both["start_a"] < both["start_b"])
    table = both.groupby(["channel_a", "channel_b"])["n"].agg(n="sum", of="size").reset_index().astype({"n": "int64", "of": "int64"})
    # The two orders of a pair add up to its `of`: hiding one must hide the other.
    pair, names = table[["channel_a", "channel_b"]].astype("str"), channel_names()
    table = suppress(with_shares(table.assign(pair=pair.min(axis=1) + "+" + pair.max(axis=1))), within="pair").drop(columns="pair")
    table = table.assign(**{f"{column}_zh": pair[column].map(names).astype("str") for column in pair})
    table = table.sort_values(["of", "share", "channel_a"], ascending=[False, False, True], ignore_index=True)
    return table[["channel_a", "channel_a_zh", "channel_b", "channel_b_zh", "n", "of", "share", "low", "high", "note"]]


@metric
def tactics_by_age(posts: pd.DataFrame, labels: pd.DataFrame, scope: str = "virtual") -> pd.DataFrame:
    """Return the shares of reasons by the age of the platform: age (quarters since that of its first complaint, from 0), age_zh, platforms,
    code, name_zh, n, of, share, low, high, note.

    Counts: 平台在该季龄时、帖中有该理由的投诉；季龄从该平台在本数据里第一件投诉所在的季度起数
    Out of: 同一季龄的全部计入的投诉，各平台合在一起；同文投诉两家的，两家各计一件
    Leaves out: 没有平台或发布时间的；该季龄不足 30 件的不给比例，1–4 件的不给数；满 12 个季度起合为一组
    Read with care: 第一件投诉不是平台开业，老平台的早年不在数据里；季龄大的只剩活得久的平台，前后的差别一部分是平台不同
    """
    known = used(filed(posts), scope)
    known = known[known["platform"].notna() & known["posted_at"].notna()]
    quarter = known["posted_at"].dt.year * 4 + known["posted_at"].dt.quarter
    age = (quarter - quarter.groupby(known["platform"]).transform("min")).clip(upper=OLDEST).astype("int64")
    parts = [reasons(known[age == one], labels, scope="all").assign(age=one, platforms=known.loc[age == one, "platform"].nunique())
             for one in sorted(age.unique())]
    table = pd.concat(parts or [reasons(known, labels, scope="all").head(0).assign(age=0, platforms=0)], ignore_index=True)
    table = suppress(table.astype({"age": "int64", "platforms": "int64"}), within="code")
    names = [f"第 {age + 1} 季{'及以后' if age == OLDEST else ''}" for age in table["age"]]
    table = table.assign(age_zh=pd.Series(names, table.index, dtype="str"))
    table = table.sort_values(["age", "n", "code"], ascending=[True, False, True], ignore_index=True)
    return table[["age", "age_zh", "platforms", "code", "name_zh", "n", "of", "share", "low", "high", "note"]]
