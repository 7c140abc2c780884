"""Sections 8 and 9: how people say they paid, what they kept, where they turned and what came of it."""

from __future__ import annotations

from typing import Any

from kamen_analysis.report.measures import Measures
from kamen_analysis.report.sections.columns import rate
from kamen_analysis.report.small import NOTE as NOTE_SMALL
from kamen_analysis.report.small import withheld
from kamen_analysis.report.stated import KINDS_ZH, MOST
from kamen_analysis.report.tables import Column, Table

NOTE = "由程序从脱敏后的标题和正文读出，帖中没有写的不等于没有；一帖可有多项。"


def tables(m: Measures) -> list[Table]:
    """Return payment, evidence, channels, remedies, and what came of each channel."""
    sampled = f"投诉超过 {MOST:,} 件，此处只读其中固定抽取的 {MOST:,} 件。" if len(m.used) > MOST else ""
    shares = [_stated(m, kind, name, NOTE + sampled) for kind, name in KINDS_ZH.items()]
    columns = (Column("value_zh", "走过的渠道"), *rate(_came, "提到该渠道（件）", "自述解决（件）", "自述已解决或部分解决", base=_tried))
    note = "自述的结果以发帖时为准；走哪条渠道的人本来就不同，不能据此说哪条渠道更有效。" + sampled
    return [*shares, Table("channel_outcomes", "走过各渠道的投诉，自述解决了多少", m.solved, columns, note)]


def _stated(m: Measures, kind: str, name: str, note: str) -> Table:
    frame = m.stated[(m.stated["kind"] == kind) & (m.stated["n"] > 0)].reset_index(drop=True)
    return Table(kind, f"投诉人自述的{name}", withheld(frame, adds_up=False), (Column("value_zh", name), *rate(_who)), note + NOTE_SMALL)


def _who(row: Any) -> dict[str, Any]:
    return {"set": f"stated:{row['kind']}:{row['value']}"}


def _tried(row: Any) -> dict[str, Any]:
    return {"set": f"stated:channel:{row['value']}"}


def _came(row: Any) -> dict[str, Any]:
    return {"set": f"solved:{row['value']}"}
