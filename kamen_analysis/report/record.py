"""figures.json: the headline numbers of a report, for comparison with later reports; small counts are withheld as in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kamen_analysis.charts import numbers
from kamen_analysis.metrics import reason_names
from kamen_analysis.metrics.names import OUTCOME_KINDS_ZH
from kamen_analysis.metrics.refusal import code_matrix, counts_by
from kamen_analysis.metrics.shares import SMALL
from kamen_analysis.records import PRODUCTS, STAGES
from kamen_analysis.report.facts import Facts
from kamen_analysis.report.measures import Measures

FILE = "figures.json"
KEYS = frozenset({"key", "period", "scope", "version", "is_synthetic", "codebook", "manifest", "last_capture", "first", "last", "headlines",
                  "months", "stages", "sources", "cells", "names"})
OTHER = "其他"


def figures(m: Measures, known: Facts, key: str) -> dict[str, Any]:
    """Return the content of figures.json: identity, versions, headlines, and counts by month, stage, source and goods."""
    months = m.volume_total
    return {
        "key": key, "period": known.period_zh, "scope": known.scope_zh, "version": known.version, "is_synthetic": known.is_synthetic,
        "codebook": {"version": known.codebook_version, "digest": known.codebook_digest},
        "manifest": m.manifest_digest, "last_capture": numbers.moment(known.last_capture), "first": numbers.date(known.first),
        "last": numbers.date(known.last),
        "headlines": headlines(m, known), "months": {row.period_zh: _bare(row.n) for row in months.itertuples()},
        "stages": [{"name": STAGES[s["stage"]], "in": s["in"], "out": s["out"]} for s in m.manifest["stages"]],
        "sources": {str(name): int(n) if n >= SMALL else None for name, n in m.named(m.counted)["source_zh"].value_counts().items()},
        "cells": cells(m), "names": reason_names(),
    }


def read(folder: Path) -> dict[str, Any] | None:
    """Return the content of figures.json in `folder`; None if there is none, or it is damaged or not that of a report (see KEYS)."""
    try:
        content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.keys() >= KEYS else None


def write(found: dict[str, Any], folder: Path) -> Path:
    """Write `found`, as returned by `figures`, to `folder`/figures.json."""
    path = folder / FILE
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _bare(value: Any) -> Any:
    """Return a number in the form written to JSON: None if it is missing, an int if it is whole."""
    if numbers.is_missing(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def headlines(m: Measures, known: Facts) -> list[dict[str, Any]]:
    """Return the headline numbers: key, name, kind (count, share, curve, days, yuan), value, low, high, n, of."""
    lines = [_line("captured", "入库帖子", "count", value=known.captured), _line("used", "计入的投诉", "count", value=known.used)]
    lines += [_share(f"reason:{row['code']}", f"“{row['name_zh']}”占比", row) for row in m.reasons.to_dict("records")]
    lines += [_share("replied", "已见商家回复的比例", m.replies.iloc[0].to_dict())]
    day_30 = m.resolved_by[(m.resolved_by["day"] == 30) & (m.resolved_by["kind"] == "consumer_confirmed")]
    lines += [{**_share("resolved_30", f"30 日内{OUTCOME_KINDS_ZH['consumer_confirmed']}的比例", row), "kind": "curve"}
              for row in day_30.to_dict("records")]
    median, money = m.median_reply.iloc[0], m.amounts.iloc[0]
    lines.append(_line("median_reply", "首次回复中位天数", "days", median["value"], median["low"], median["high"], median["of"]))
    lines.append(_line("amount", "涉诉金额中位数", "yuan", money["median"], money["low"], money["high"], money["n"]))
    return lines


def _line(key: str, name: str, kind: str, value: Any = None, low: Any = None, high: Any = None, of: Any = None) -> dict[str, Any]:
    return {"key": key, "name": name, "kind": kind, "n": None, "of": _bare(of),
            **{end: _bare(number) for end, number in (("value", value), ("low", low), ("high", high))}}


def _share(key: str, name: str, row: dict[Any, Any]) -> dict[str, Any]:
    few = 0 < (0 if numbers.is_missing(row["n"]) else int(row["n"])) < SMALL
    share, low, high = (None if few else row[end] for end in ("share", "low", "high"))
    return {**_line(key, name, "share", share, low, high, row["of"]), "n": None if few else _bare(row["n"])}


def cells(m: Measures) -> list[dict[str, Any]]:
    """Return the numbers of complaints, in all (n) and by reason (codes), by source and goods (group); groups under 30 are put together."""
    used, codes = m.counted, list(reason_names())
    groups = used.groupby(["source", "product"], observed=True)
    of = groups.size()
    counts = pd.DataFrame(counts_by(groups.ngroup().to_numpy(), len(of), code_matrix(used, m.labels, codes)), of.index, codes).assign(n=of)
    counts = counts.groupby([f"{m.names.get(source, source)}·{PRODUCTS[goods]}" for source, goods in counts.index]).sum()
    counts = counts.groupby(np.where(counts["n"] >= 30, counts.index, OTHER)).sum()
    rows = []
    for name, row in counts.sort_index().iterrows():
        n, kept = int(row["n"]), {code: int(row[code]) for code in codes if row[code] == 0 or row[code] >= SMALL}
        rows.append({"group": name, "n": n, "codes": kept} if n >= SMALL else {"group": name, "n": None, "codes": {}})
    return rows
