"""Sections 3, 4, 6, 7 and 9, the finer measures: silences, changes of level, festivals, waits, contrasts, who sends whom on, templates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.label.told import told_handoffs
from kamen_analysis.metrics.chains import PASSING, passed
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import rate
from kamen_analysis.report.small import NOTE, withheld
from kamen_analysis.report.stated import MOST
from kamen_analysis.report.tables import Column, Table

ENDS = ("value", "low", "high")


def tables(m: Measures) -> list[Table]:
    """Return coverage, silences, alert methods, changes of level, festivals, waits, contrasts, chains, ages and bursts of one text."""
    return [_coverage(m), _silences(m), _alert_methods(m), _levels(m), _holidays(m), _waiting(m), _contrasts(m), *_chains(m), _ages(m),
            _bursts(m)]


def _limits(kind: Any) -> tuple[Column, Column]:
    return Column("low", "95% 下限", kind), Column("high", "95% 上限", kind)


def _none(row: Any) -> None:
    """No complaints are shown behind the figure."""


def _coverage(m: Measures) -> Table:
    frame = withheld(m.named(metrics.coverage(m.posts, scope=m.scope)))
    columns = (Column("source_zh", "来源"), Column("n", "计入（件）", "count", cases=lambda row: {"source": row["source"]}),
               Column("share", "占全部计入", "share"), Column("captured", "抓到的帖子", "count"), Column("first_date", "最早", "date"),
               Column("last_date", "最晚", "date"), Column("days", "历时（日）", "count"), Column("gap_days", "其中缺口（日）", "count"),
               Column("note", "说明"))
    return Table("coverage", "各来源的覆盖", frame, columns, NOTE, metrics.caption(metrics.coverage))


def _silences(m: Measures) -> Table:
    frame = m.named(metrics.gaps(m.posts))
    columns = (Column("source_zh", "来源"), Column("first_date", "从", "date"), Column("last_date", "到", "date"),
               Column("value", "日数", "count"), Column("of", "按前后应有（件）", "ratio"), Column("note", "说明"))
    return Table("silences", "静默：某来源连续多日没有任何帖子", frame, columns, definition=metrics.caption(metrics.gaps))


def _alert_methods(m: Measures) -> Table:
    table = metrics.alert_methods(m.posts, scope=m.scope)
    frame = table[table["n"] >= SMALL].sort_values(["value", "period", "platform"], ascending=[False, False, True], ignore_index=True)
    said = {name: frame[name].map({True: "报警", False: "不报"}).astype("object").where(frame[name].notna(), "—")
            for name in ("c1", "c2", "c3", "farrington")}
    columns = (Column("period_zh", "周"), Column("platform", "平台"), Column("n", "投诉（件）", "count"), Column("c1", "EARS C1"),
               Column("c2", "EARS C2"), Column("c3", "EARS C3"), Column("farrington", "Farrington"), Column("value", "报警的方法", "count"),
               Column("of", "能判断的方法", "count"), Column("note", "说明"))
    note = f"至少一种方法报警的“平台×周”共 {len(table):,} 个，不足 {SMALL} 件的不列。"
    return Table("alert_methods", "同一周，四种报警方法各怎么说", frame.assign(**said), columns, note,
                 metrics.caption(metrics.alert_methods), 12)


def _levels(m: Measures) -> Table:
    frame = withheld(metrics.change_points(m.posts, scope=m.scope), adds_up=False)
    columns = (Column("period_zh", "从这一周起"), Column("before", "此前每周（件）", "ratio"), Column("after", "此后每周（件）", "ratio"),
               Column("value", "倍数", "ratio"), *_limits("ratio"), Column("n", "此后件数", "count"), Column("of", "此后周数", "count"),
               Column("note", "说明"))
    return Table("change_points", "每周投诉量的水平何时变了", frame, columns, definition=metrics.caption(metrics.change_points), limit=20)


def _holidays(m: Measures) -> Table:
    frame = withheld(metrics.holidays(m.posts, scope=m.scope), adds_up=False)
    frame[["of", *ENDS]] = frame[["of", *ENDS]].mask(frame["n"].isna())
    columns = (Column("festival_zh", "节日"), Column("year", "年份"), Column("n", "节日各周（件）", "count"),
               Column("weeks", "周数", "count"), Column("of", "按前后平常周应有", "ratio"), Column("value", "倍数", "ratio"),
               *_limits("ratio"), Column("note", "说明"))
    note = "倍数的区间含 1 的，看不出与平常周有别。"
    return Table("holidays", "节日前后的投诉与平常周相比", frame, columns, note, metrics.caption(metrics.holidays))


def _waiting(m: Measures) -> Table:
    frame = withheld(metrics.waiting(m.posts, m.events, scope=m.scope), adds_up=False)
    columns = (Column("measure_zh", "等什么"), Column("until", "期限（日）", "count"), Column("value", "平均等待", "days"),
               *_limits("days"), Column("n", "等到的（件）", "count"), Column("of", "分母（件）", "count"), Column("note", "说明"))
    return Table("waiting", "平均要等多久（限制平均）", frame, columns, definition=metrics.caption(metrics.waiting))


def _contrasts(m: Measures) -> Table:
    table = metrics.contrasts(m.whole, m.events, scope=m.scope)
    told = table["verdict"].isin(["高于其余", "低于其余", "平台之间有差异"])
    frame = table[told | (table["platform"] == "全部平台之间")].reset_index(drop=True)
    columns = (Column("measure_zh", "比什么"), Column("platform", "平台"), Column("n", "件数", "count"),
               Column("of", "分母（件）", "count"), Column("share", "30 日累计比例", "share"),
               Column("value", "与其余之差（百分点）", "points"), Column("low", "95% 区间", "points", high="high"),
               Column("verdict", "判断"), Column("note", "说明"))
    single = table["platform"] != "全部平台之间"
    tested = int((single & table["p"].notna()).sum())
    note = f"共检验 {tested:,} 个“平台×结果”，此处只列全体检验与有别的；其余都无法区分。"
    return Table("contrasts", "各平台与其余全部平台相比", frame, columns, note, metrics.caption(metrics.contrasts), 30)


def _chains(m: Measures) -> list[Table]:
    """Return who sends whom on and how long it goes; of more than MOST posts a fixed, blind choice is read."""
    rows = passed(m.counted, m.labels, "all")["post_id"].to_numpy()
    read = rows[np.argsort(m.blind_order[rows], kind="stable")[:MOST]]
    posts = m.whole.iloc[read].assign(post_id=lambda table: table["id"])
    labels, told = pd.DataFrame({"post_id": posts["post_id"], "code": PASSING}), told_handoffs(posts)
    note = f"投诉超过 {MOST:,} 件，此处只读其中固定抽取的 {MOST:,} 件。" if len(rows) > MOST else ""
    pairs, lengths = metrics.chains(posts, labels, told, scope=m.scope), metrics.chain_lengths(posts, labels, told, scope=m.scope)
    who = (Column("source_zh", "推的一方"), Column("target_zh", "推给"), *rate(base=_none))
    far = (Column("length_zh", "手数"), *rate(base=_none))
    return [Table("chains", "踢皮球：谁把消费者推给谁", pairs, who, note + NOTE, metrics.caption(metrics.chains), 15),
            Table("chain_lengths", "踢皮球：推了几手", lengths if len(posts) else lengths.head(0), far, note + NOTE,
                  metrics.caption(metrics.chain_lengths))]


def _ages(m: Measures) -> Table:
    long = metrics.tactics_by_age(m.posts, m.labels, scope=m.scope)
    frame = long[long["share"].notna()].groupby("age", sort=True).head(3).reset_index(drop=True)
    columns = (Column("age_zh", "平台季龄"), Column("platforms", "平台数", "count"), Column("name_zh", "拒退理由"),
               *rate(base=_none))
    title = "平台的头几季与后来，最常见的三种理由"
    return Table("tactics_by_age", title, frame, columns, definition=metrics.caption(metrics.tactics_by_age))


def _bursts(m: Measures) -> Table:
    frame = metrics.campaigns(m.whole.assign(post_id=m.whole["id"]), scope=m.scope)
    frame = frame.assign(sources=["、".join(m.names.get(key, key) for key in str(keys).split("、")) for keys in frame["sources"]])
    columns = (Column("first_at", "从", "date"), Column("last_at", "到", "date"), Column("span_hours", "小时", "ratio"),
               Column("n", "这一阵（件）", "count"), Column("size", "同一文字合计", "count"), Column("of", "同期投诉", "count"),
               Column("share", "占同期", "share"), Column("sources", "来源"), Column("note", "说明"))
    return Table("campaigns", "同一文字短时多发", frame, columns, definition=metrics.caption(metrics.campaigns), limit=15)
