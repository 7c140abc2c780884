"""A post as the rules read it: title and body in one folded string, with its sentences, clauses and lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from kamen_analysis.label.marks import BREATH, GOVERNS, LONG, TURNS
from kamen_analysis.zh import fold

_CJK = "\u4e00-\u9fff"
# A space between Chinese words stands for a comma in chats; a dot ends a sentence unless numbers or Latin letters surround it.
_MARK = re.compile(rf"[。！？!?；;，,、…\n\r~]+|(?<![0-9a-z])\.+(?![0-9a-z])|(?<=[{_CJK}”\"’」])[ \t\u3000]+(?=[{_CJK}“\"‘「])|\s{{2,}}")
_FULL = frozenset("。！？!?；;…\n\r")
_QUOTES = {"“": "”", "「": "」", "『": "』", "‘": "’", '"': '"', "'": "'", "【": "】"}


@dataclass(frozen=True)
class Doc:
    """One post: `text` is title, line break, body, folded; offsets below `cut` are the title's, from `body_at` on the body's."""

    text: str
    cut: int
    sentences: list[int]
    clauses: list[int]

    @property
    def body_at(self) -> int:
        """Where the body starts in `text`."""
        return self.cut + 1

    def bounds(self, at: int, within: str) -> tuple[int, int]:
        """Return the (start, end) of the clause, sentence, line or whole text that holds offset `at`."""
        if within == "text":
            return 0, len(self.text)
        if within == "line":
            end = self.text.find("\n", at)
            return self.text.rfind("\n", 0, at) + 1, end if end >= 0 else len(self.text)
        starts = self.clauses if within == "clause" else self.sentences
        i = bisect_right(starts, at)
        return starts[i - 1], starts[i] if i < len(starts) else len(self.text)

    def quote_end(self, at: int) -> int | None:
        """Return where the quotation ends that opens within three characters from `at`; None when none opens there."""
        for i in range(at, min(at + 3, len(self.text))):
            if self.text[i] in _QUOTES:
                end = self.text.find(_QUOTES[self.text[i]], i + 1, i + 200)
                return end if end >= 0 else None
        return None


def read(title: str, body: str, spelling: dict[str, str]) -> Doc:
    """Return the post as a Doc: folded, evasive spellings made plain, every offset kept."""
    text = fold(f"{title}\n{body}")
    for odd, plain in spelling.items():
        if odd in text:
            text = text.replace(odd, plain)
    sentences, clauses = [0], [0]
    for mark in _MARK.finditer(text):
        clauses.append(mark.end())
        if not _FULL.isdisjoint(mark[0]) or mark[0][0] == ".":
            sentences.append(mark.end())
    return Doc(text, len(title), sentences, sorted({*clauses, *_breaths(text, clauses)}))


def _breaths(text: str, clauses: list[int]) -> list[int]:
    found, first = [], 0
    for at in range(1, len(text) + 1):
        if at == len(text) or at in clauses or "\0" in text[at - 1 : at + 1]:
            if at - first > LONG:
                found += _turns(text[:at], first)
            first = at
    return found


def _turns(text: str, first: int) -> list[int]:
    found, last, at = [], first, first
    while at < len(text):
        turn = max((len(turn) for turn in TURNS if text.startswith(turn, at) and (at == first or text[at - 1] not in GOVERNS)), default=0)
        if turn and at - last >= BREATH:
            found.append(at)
            last = at
        at += turn or 1
    return found
