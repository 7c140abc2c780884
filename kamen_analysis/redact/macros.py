"""The <macros> of the patterns written out: those of macros.yaml, and the lists of lists.yaml."""

from __future__ import annotations

import functools
import re

from kamen_analysis.redact.kinds import SHELF, lists, read
from kamen_analysis.redact.reading import NUMERALS, fold

_MACRO = re.compile(r"<[A-Za-z_]+>")


@functools.cache
def _macros() -> dict[str, str]:
    """Return what each <macro> stands for: one of macros.yaml, <list> (one of its words) or <list_chars> (for use within [ ])."""
    table = {f"<{name}>": value for name, value in read("macros.yaml").items()}
    for name, words in lists().items():
        folded = fold("\n".join(words)).split("\n")
        table[f"<{name}>"] = _one_of(set(folded))
        table[f"<{name}_chars>"] = "".join(sorted({char for word in folded for char in word}))
    table["<NUMERALS>"] = "".join(map(chr, NUMERALS))
    return table


def _one_of(words: set[str]) -> str:
    """Return the pattern of any of the words, longer ones first; for speed many stand behind a look at the first character, and those that
    begin alike behind it."""
    if len(words) < 100:
        return "(?:" + "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word))) + ")"
    groups = {first: {word[1:] for word in words if word[0] == first} for first in sorted({word[0] for word in words})}
    some = "|".join(re.escape(first) + _one_of(rests) for first, rests in groups.items())
    return f"(?:(?=[{''.join(map(re.escape, groups))}])(?:{some}))"


@functools.cache
def expand(pattern: str) -> str:
    """Return the pattern with its macros, and those within them, written out; an unknown macro raises KeyError."""
    return str(SHELF.plain(f"expand {pattern}", lambda: _MACRO.sub(lambda m: expand(_macros()[m[0]]), pattern)))


@functools.cache
def compiled(macro: str) -> re.Pattern[str]:
    """Return the pattern of a macro."""
    return re.compile(expand(macro))
