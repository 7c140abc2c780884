"""A random sample of redacted posts for a person to check, and recall and precision of the redaction from the person's counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kamen_analysis.data import load, read_manifest
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.redact.rules import book
from kamen_analysis.review.formats import write_csv
from kamen_analysis.stats import wilson
from kamen_analysis.tabular import read_records

HEADER = ("编号", "标题", "正文", "占位符（处）", "漏掉（处）", "误盖（处）", "备注")
_COUNT = re.compile(r"\d{1,4}(?:\.0)?")


@dataclass(frozen=True)
class Looked:
    """What a person counted: posts checked, posts with something missed, and pieces hidden, missed and wrongly hidden."""

    posts: int
    leaking: int
    hidden: int
    missed: int
    wrong: int

    def lines(self) -> list[str]:
        """Return the printed lines: the counts, and the shares with 95% Wilson intervals."""
        right = self.hidden - self.wrong
        return [f"看过 {self.posts} 帖：占位符 {self.hidden} 处，误盖 {self.wrong} 处，漏掉 {self.missed} 处",
                f"召回 {_share(right, right + self.missed)}", f"精确 {_share(right, self.hidden)}",
                f"有漏的帖 {_share(self.leaking, self.posts)}",
                "区间为 95% 威尔逊区间，把各处当作互不相干；同一帖里的几处常一起漏，真正的区间还要宽些"]


def _share(n: int, of: int) -> str:
    if not of:
        return "无从计算（0 处）"
    low, high = wilson(n, of)
    return f"{n}/{of} = {n / of:.1%}（{float(low):.1%}—{float(high):.1%}）"


def draw(where: Home, size: int, seed: int, path: Path) -> int:
    """Write a simple random sample of the redacted posts to a CSV file for a person to fill in; return how many posts it holds.

    Raises KamenError if the file exists.
    """
    if size < 1:
        raise KamenError("--size 至少为 1")
    if path.exists():
        raise KamenError(f"{path} 已存在：为免盖掉填好的数，请换一个文件名")
    read_manifest(where)  # fails without tables, for which `load` would fall back on the demonstration's
    posts = load(where).posts.sort_values("post_id")
    chosen = posts.sample(n=min(size, len(posts)), random_state=seed)
    rows = [(row["post_id"], row["title"], row["body"], str(_count_placeholders(row["title"], row["body"])), "", "", "")
            for row in chosen.to_dict("records")]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, HEADER, rows)
    return len(rows)


def _count_placeholders(title: str, body: str) -> int:
    text = f"{title}\n{body}"
    return sum(text.count(kind.placeholder) for kind in book().kinds)


def tally(path: Path) -> Looked:
    """Sum the counts of a filled-in file; a row without a count of pieces missed was not checked and is skipped."""
    counts = []
    for number, row in enumerate(read_records(path), 1):
        if not set(HEADER[:6]) <= row.keys():
            raise KamenError(f"{path.name}：第 {number} 行缺少列，不是 kamen review redaction 写出的文件")
        hidden, missed, wrong = (_number(row[name], f"{path.name}：第 {number} 行 {name}") for name in HEADER[3:6])
        if missed is None:
            continue
        if (wrong or 0) > (hidden or 0):
            raise KamenError(f"{path.name}：第 {number} 行误盖多于占位符")
        counts.append((hidden or 0, missed, wrong or 0))
    if not counts:
        raise KamenError(f"{path.name}：“{HEADER[4]}”一列还没有填（没有漏就填 0）")
    return Looked(len(counts), sum(missed > 0 for _, missed, _ in counts), *map(sum, zip(*counts, strict=True)))


def _number(cell: Any, where: str) -> int | None:
    text = "" if cell is None else str(cell).strip()
    if not text:
        return None
    if not _COUNT.fullmatch(text):
        raise KamenError(f"{where}要填个数")
    return int(float(text))
