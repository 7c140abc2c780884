"""Report what a source does not know: every field of a record is used, ignored by name, or reported, and so are statuses and steps."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kamen_analysis.redact import redact

Note = tuple[str, str, str]
"""(kind, name, example): something a source did not know. The example is a shape such as 9999-99, never a value."""

KINDS = {
    "unknown_field": "未知字段", "unknown_status": "未知状态", "unknown_step": "未知处理步骤", "unreadable_time": "读不懂的时间",
    "unreadable_amount": "读不懂的金额", "impossible_time": "不可能的时间", "text_capped": "超长文本只留开头",
    "over_expected": "帖数超过上限的来源",
    "damaged_id": "被表格软件改坏的编号",
    "personal_id": "像手机号、身份证号或银行卡号的编号（已换成按内容算出的编号）",
}

# Terminals and tables obey some of these, and readers see none.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LETTER, _DIGIT, _OTHER = re.compile(r"[a-zA-Z]"), re.compile(r"\d"), re.compile(r"[^\W\d_a-zA-Z]")


@dataclass
class Warnings:
    """The notes of one or more pages, counted by (kind, name), with one example of each."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, notes: Iterable[Note]) -> None:
        """Count notes."""
        for kind, name, example in notes:
            self.counts[kind, name] += 1
            self.examples.setdefault((kind, name), example)

    def update(self, other: Warnings) -> None:
        """Add the counts and examples of another collection."""
        self.counts.update(other.counts)
        self.examples = {**other.examples, **self.examples}

    def lines(self) -> list[str]:
        """Return a Chinese line for each (kind, name), the most frequent first."""
        return [f"{KINDS.get(key[0], key[0])} {key[1]}：{n} 次" + (f"，例如 {example}" if (example := self.examples.get(key)) else "")
                for key, n in self.counts.most_common()]


def take(record: Mapping[str, Any], fields: Mapping[str, str], ignored: Collection[str]) -> tuple[dict[str, Any], list[Note]]:
    """Return the values of `record` under the names that `fields` gives them in a raw post, and a note for each unknown field."""
    taken = {name: record[key] for key, name in fields.items() if key in record}
    unknown = [key for key in record if key not in fields and key not in ignored]
    return taken, [("unknown_field", told(str(key), 40), shape(record[key])) for key in unknown]


@functools.lru_cache(maxsize=4096)
def told(name: str, most: int) -> str:
    """Return a name given by others (field, status, step, file) fit to be stored and shown: redacted, one line, at most `most` long."""
    return " ".join(_CONTROL.sub(" ", redact(name).text).split())[:most]


def shape(value: object) -> str:
    """Return what a value looks like, without its content: letters as a, digits as 9, other scripts as 字; at most 20 characters."""
    return _OTHER.sub("字", _LETTER.sub("a", _DIGIT.sub("9", str(value)[:20])))


def as_text(value: object) -> str | None:
    """Return a string or number from JSON as text, None for anything else."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
