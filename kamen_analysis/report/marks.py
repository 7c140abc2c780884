"""Markdown that cannot be broken into: whatever is not `Md` already is escaped on its way into the text.

Post text is hostile: it may hold scripts, table pipes, links, formulas or Typst. Every ASCII punctuation mark is escaped, line breaks
and runs of space become one space, control characters go. pandoc then reads the words as words, and each writer escapes for its own format.
"""

from __future__ import annotations

import re
from typing import Any

from kamen_analysis.charts.style import drawable

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Control, bidirectional and noncharacter code points: no reader sees them, some formats refuse or are fooled by them.
UNSEEN = re.compile("[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                     "\ufeff\ufff0-\uffff\ud800-\udfff]")

_PLACEHOLDER = re.compile(r"\[[^\[\]\s]{1,12}\]")
_CLOSING = "。，、；：！？…,.;:!?）》”’ "


class Md(str):
    """Markdown made by this package; it is not escaped again."""

    __slots__ = ()


def plain(text: Any) -> str:
    """Return `text` on one line without characters that cannot be seen; what the fonts lack (emoji) is told in words: 〔表情〕."""
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
    """Return `text` around its deciding words [start, end), those words marked; cut ends show an ellipsis.

    No placeholder such as [手机号] is cut in two, and a cut beginning does not start with the mark that ended the words before it.
    """
    left, right = max(0, start - around), min(len(text), end + around)
    for held in _PLACEHOLDER.finditer(text):
        left = held.start() if held.start() < left < held.end() else left
        right = held.end() if held.start() < right < held.end() else right
    before, words, after = (plain(part) for part in (text[left:start], text[start:end], text[end:right]))
    before = before.lstrip(_CLOSING) if left else before
    return Md(("…" if left else "") + escape(before) + span(words, "mark") + escape(after) + ("…" if right < len(text) else ""))
