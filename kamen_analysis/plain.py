"""Plain text: what people wrote, without markup or control characters, whoever put them in, in time linear in its length."""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_REFERENCE = re.compile(r"&#[0-9]{9,}")  # no character has so long a number, and Python refuses to read the longest
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li)\b[^<>]{0,100}>", re.I)
# Control characters, and invisible ones that turn or hide visible text; the joiners that emoji are made with stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
                      r"\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u00a0\u3000]{2,}|[\t\u00a0]")
_LINES = re.compile(r"(?<![ \u3000])[ \u3000]*(?:\r\n?|\n|\u2028|\u2029)\s*")


def plain(text: str | None) -> str:
    """Return text without markup, entities, control characters and lone surrogates, with single spaces and no blank lines."""
    if not text:
        return ""
    # Most text needs no more than stripping its lines, which a few quick tests show.
    if "<" not in text and "&" not in text and "  " not in text:
        if text.isprintable():
            return text.strip()
        lines = text.split("\n")
        if all(map(str.isprintable, lines)):
            return "\n".join(filter(None, map(str.strip, lines)))
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _uncommented(text)))
    if "&" in text:
        text = html.unescape(_REFERENCE.sub("\ufffd", text))
    text = _CONTROL.sub("", text)
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return _SPACES.sub(" ", _LINES.sub("\n", text)).strip()


def _uncommented(text: str) -> str:
    # Not a regex: with a thousand comments that have no end, it would search the rest of the text a thousand times.
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join(kept) + text[at:]
