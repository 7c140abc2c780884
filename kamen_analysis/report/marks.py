"""Markdown that is safe against injection: all text that is not `Md` already is escaped before it enters the report.

Post text is hostile: it may contain scripts, table pipes, links, formulas or Typst. Every ASCII punctuation mark is escaped, runs of
whitespace become one space, control characters are removed. pandoc then reads plain words, and escapes them for each output format.
"""

from __future__ import annotations

import re
from typing import Any

from kamen_analysis.charts.style import drawable

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Control, bidirectional and noncharacter code points: invisible to readers, but some formats refuse them or change the order of text.
UNSEEN = re.compile("[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                     "\ufeff\ufff0-\uffff\ud800-\udfff]")

_PLACEHOLDER = re.compile(r"\[[^\[\]\s]{1,12}\]")
_CLOSING = "。，、；：！？…,.;:!?）》”’ "


class Md(str):
    """Markdown made by this package, which is not escaped again."""

    __slots__ = ()


def plain(text: Any) -> str:
    """Return `text` on one line, without invisible characters, and with those that the fonts lack replaced by words such as 〔表情〕."""
    return drawable(" ".join(UNSEEN.sub("", str(text)).split()))


def escape(text: Any) -> Md:
    """Return `text` as Markdown that reads as exactly its words; `Md` passes unchanged."""
    return text if isinstance(text, Md) else Md(_PUNCTUATION.sub(r"\\\1", plain(text)))


def span(text: Any, name: str, **data: str) -> Md:
    """Return `text` in a span of class `name` with `data-*` attributes."""
    pairs = "".join(f' data-{key}="{_quoted(value)}"' for key, value in data.items())
    return Md(f"[{escape(text)}]{{.{name}{pairs}}}")


def _quoted(value: str) -> str:
    return plain(value).replace("\\", "\\\\").replace('"', '\\"')


def link(text: Any, anchor: str) -> Md:
    """Return `text` linking to `anchor` of the same document."""
    return Md(f"[{escape(text)}](#{anchor})")


def marked(text: str, start: int, end: int, around: int = 60) -> Md:
    """Return an extract of `text`: its words [start, end) marked, `around` characters on either side, and an ellipsis where it is cut.

    A placeholder such as [手机号] is never cut in two, and a cut extract does not start with closing punctuation.
    """
    left, right = max(0, start - around), min(len(text), end + around)
    for match in _PLACEHOLDER.finditer(text):
        left = match.start() if match.start() < left < match.end() else left
        right = match.end() if match.start() < right < match.end() else right
    before, words, after = (plain(part) for part in (text[left:start], text[start:end], text[end:right]))
    before = before.lstrip(_CLOSING) if left else before
    return Md(("…" if left else "") + escape(before) + span(words, "mark") + escape(after) + ("…" if right < len(text) else ""))
