"""Right to reply: a sheet for every platform named with a figure, and platforms' replies, which the next report prints."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.shares import MINIMUM
from kamen_analysis.paths import Home
from kamen_analysis.records import ZONE
from kamen_analysis.redact import redact
from kamen_analysis.report import word
from kamen_analysis.report.facts import Facts
from kamen_analysis.report.marks import Md, escape, marked
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.tables import Column, Table, markdown
from kamen_analysis.report.text import environment

CASES = 5
_UNSAFE = re.compile(r"[^\w\-]+")


@dataclass(frozen=True)
class Reply:
    """A platform's reply, and the day its file was written."""

    platform: str
    date: str
    text: str


def named(measures: Measures) -> pd.DataFrame:
    """Return the rows of `metrics.platforms` with enough complaints for a rate: the platforms named with figures."""
    return measures.platforms[measures.platforms["n"].fillna(0) >= MINIMUM]


def received(home: Home) -> dict[str, Reply]:
    """Return the replies in replies/<platform>.txt of `home`, by file name without suffix. Raises KamenError if one is not UTF-8."""
    replies = {}
    for path in sorted((home.root / "replies").glob("*.txt")):
        try:
            text = path.read_text(encoding="utf-8-sig").strip()
        except UnicodeDecodeError:
            raise KamenError(f"读不了平台答复 {path.name}：请存为 UTF-8 文本") from None
        replies[path.stem] = Reply(path.stem, numbers.date(pd.Timestamp(path.stat().st_mtime, unit="s", tz=ZONE)), text)
    return replies


def file_name(platform: str) -> str:
    """Return the file name, without suffix, of a platform's sheet and reply; a name that must be changed gets a digest, to stay unique."""
    safe = _UNSAFE.sub("_", platform)[:60]
    return safe if safe == platform else f"{safe}_{hashlib.sha256(platform.encode()).hexdigest()[:8]}"


def sheets(measures: Measures, facts: Facts, cases: Mapping[str, list[dict[str, object]]]) -> dict[str, str]:
    """Return the sheet of each named platform as Markdown: its figures, the method, example `cases`, and how to answer."""
    mix = metrics.reasons(measures.by_platform, measures.labels, by="platform", scope=measures.scope)
    texts = {}
    for row in named(measures).to_dict("records"):
        name = str(row["platform"])
        words = {"platform": name, "file": file_name(name), "facts": facts, "figures": _figures(row, mix[mix["platform"] == name]),
                 "cases": cases.get(name, []), "number": numbers.count(row["n"])}
        texts[name] = environment().get_template("reply.md.jinja").render(words)
    return texts


def write_sheets(texts: dict[str, str], folder: Path, mark: str) -> list[Path]:
    """Write `texts` (from `sheets`) into `folder`, one Word file for each platform; return the paths."""
    folder.mkdir()
    return word.write_papers({folder / f"{file_name(name)}.docx": (f"答复表：{name}", text) for name, text in texts.items()}, mark)


def _figures(row: dict[Any, Any], mix: pd.DataFrame) -> Md:
    rows = [("投诉（件）", numbers.count(row["n"])),
            ("已见公开回复（n：来源给出状态的）", _share(row, "replied")),
            ("首次回复中位天数", numbers.days(row["median_reply_days"])),
            ("30 日内消费者确认解决（累计比例；n：时间可用的）", _share(row, "resolved_30")),
            ("回复率与其余平台比", str(row["verdict"]))]
    top = mix[mix["share"].notna()].sort_values(["n", "code"], ascending=[False, True]).head(5)
    rows += [(f"投诉反映的“{r.name_zh}”（n：全部投诉）", numbers.share(r.share, r.low, r.high, r.of)) for r in top.itertuples()]
    frame = pd.DataFrame(rows, columns=["name", "value"])
    table = Table("figures", "将引用的数字", frame, (Column("name", "指标"), Column("value", "数字")))
    return markdown(table, "表 1", lambda wanted, count: None)


def _share(row: dict[Any, Any], measure: str) -> str:
    """Return one share of a row of `metrics.platforms` with its own denominator."""
    of = row[f"of_{measure}"]
    if numbers.is_missing(row[measure]) and not numbers.is_missing(of) and of >= MINIMUM:
        return f"不给比例（n={numbers.count(of)}）"
    return numbers.share(row[measure], row[f"{measure}_low"], row[f"{measure}_high"], of)


def examples(measures: Measures) -> dict[str, list[dict[str, object]]]:
    """Return the example cases of each platform: those with the highest scores, equal ones in the blind order."""
    # There may be millions of labels: first choose by the few columns that decide, then read texts.
    places = measures.labels["post_id"].to_numpy()
    platform = measures.posts["platform"].array[places]
    at = np.flatnonzero(measures.is_used.to_numpy(bool)[places] & ~platform.isna())
    scored = pd.DataFrame({"at": at, "post_id": places[at], "platform": platform[at], "score": measures.labels["score"].to_numpy()[at],
                           "order": measures.blind_order[places[at]]})
    best = scored.sort_values(["score", "order"], ascending=[False, True]).drop_duplicates("post_id")
    best = best.groupby("platform", observed=True).head(CASES)
    chosen = measures.labels.iloc[best["at"]].assign(platform=best["platform"].to_numpy())
    rows = chosen.merge(measures.worded(chosen["post_id"].to_numpy())[["post_id", "id", "posted_at", "title", "body"]], on="post_id")
    names, cases = metrics.reason_names(), defaultdict(list)
    for row in rows.to_dict("records"):
        text = marked(row[row["field"]], row["start"], row["end"])
        cases[str(row["platform"])].append({"id": row["id"], "date": numbers.date(row["posted_at"]), "text": text,
                                            "reason": names.get(row["code"], row["code"])})
    return dict(cases)


def words(measures: Measures, home: Home) -> dict[str, Any]:
    """Return the template's words: `named` platforms, their `replies`, `silent` platforms, the function `quoted`, and how many reply files
    belong to no named platform (`stray`)."""
    platforms, replies = named(measures)["platform"].tolist(), received(home)
    answered = {name: replies[file_name(name)] for name in platforms if file_name(name) in replies}
    return {"named": platforms, "replies": answered, "silent": [name for name in platforms if name not in answered], "quoted": quoted,
            "stray": len(replies.keys() - {file_name(name) for name in platforms})}


def quoted(reply: Reply) -> Md:
    """Return a reply as a Markdown quotation with its paragraphs, redacted."""
    return Md("\n>\n".join(f"> {escape(line)}" for line in redact(reply.text).text.splitlines() if line.strip()))
