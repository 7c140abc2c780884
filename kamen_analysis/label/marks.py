"""Find where clauses end: at punctuation marks, line breaks, dots, spaces used as commas, turns of speech in long runs without any."""

from __future__ import annotations

import functools
import re

import numpy as np
import numpy.typing as npt

from kamen_analysis.kernels import compiled

Indexes = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

# A space between Chinese words stands for a comma in chats; a dot ends a sentence unless numbers or Latin letters surround it.
_HARD, _FULL, _SPACE, _BLANK, _DOT, _LATIN, _BEFORE, _AFTER = (1 << i for i in range(8))
_HAN = "".join(map(chr, range(0x4E00, 0xA000)))
_CLASSES = {
    _HARD: "。！？!?；;，,、…\n\r~", _FULL: "。！？!?；;…\n\r", _SPACE: "".join(filter(str.isspace, map(chr, range(0x10000)))),
    _BLANK: " \t\u3000", _DOT: ".", _LATIN: "0123456789abcdefghijklmnopqrstuvwxyz", _BEFORE: f"{_HAN}”\"’」", _AFTER: f"{_HAN}“\"‘「",
}
Kinds = npt.NDArray[np.uint8]

# Who writes without commas (voice typed as text) takes breath before words like these: longer runs are cut there, not too finely; but not
# behind a word whose object the next speaker is (问他说).
LONG, BREATH, GOVERNS = 40, 12, "给找问跟和对被让叫向比把系"
TURNS = ("然后", "后来", "结果", "但是", "可是", "不过", "而且", "所以", "因为", "现在", "到现在", "第二天", "就说", "又说", "还说",
         "让我", "叫我", *(f"{who}{does}" for who in ("我", "他", "她", "人家", "他们", "对方") for does in "说讲问就又还也再跟找去"))
_RUN = re.compile(f"[^\0]{{{LONG + 1},}}")
_TURN = re.compile(f"(?<![{GOVERNS}])(?:{'|'.join(sorted(TURNS, key=len, reverse=True))})")


def clause_ends(codes: npt.NDArray[np.uint32]) -> tuple[Indexes, Bools]:
    """Return the index right behind each clause, ascending, and whether the clause ends a sentence as well."""
    ends, full = np.empty(len(codes), np.int64), np.empty(len(codes), np.bool_)
    many = _ends(_kinds()[np.minimum(codes, 0xFFFF)], ends, full)
    breaths = _breaths(codes, ends[:many])
    at = np.searchsorted(ends[:many], breaths)
    return np.insert(ends[:many], at, breaths), np.insert(full[:many], at, False)


def _breaths(codes: npt.NDArray[np.uint32], ends: Indexes) -> list[int]:
    # The indexes at which runs of more than LONG characters without a mark are cut, ascending; posts are apart by NUL.
    starts, found = np.append(0, ends), list[int]()
    long = np.flatnonzero(np.diff(starts, append=len(codes)) > LONG)
    for first, end in zip(starts[long].tolist(), np.append(ends, len(codes))[long].tolist(), strict=True):
        for run in _RUN.finditer(codes[first:end].tobytes().decode("utf-32-le", "surrogatepass")):
            last = run.start()
            for turn in _TURN.finditer(run[0]):
                at = run.start() + turn.start()
                if at - last >= BREATH:
                    found.append(first + at)
                    last = at
    return found


@functools.cache
def _kinds() -> Kinds:
    table = np.zeros(0x10000, np.uint8)
    for kind, characters in _CLASSES.items():
        table[[ord(c) for c in characters]] |= kind
    return table


@compiled
def _ends(kinds: Kinds, ends: Indexes, full: Bools) -> int:
    # Fills `ends` and `full` with what `clause_ends` returns, and returns how many clauses there are.
    n, at = 0, 0
    while at < len(kinds):
        kind, first, stops = kinds[at], at, False
        same = kind & _HARD or kind & _SPACE or kind & _DOT
        at += 1
        if not same:
            continue
        while at < len(kinds) and kinds[at] & same:
            at += 1
        before, after = kinds[first - 1] if first else 0, kinds[at] if at < len(kinds) else 0
        end = at
        if same == _DOT:
            end, is_end, stops = at - (after & _LATIN > 0), at - first > (before & _LATIN > 0) + (after & _LATIN > 0), True
        else:
            is_end = same == _HARD or at - first > 1 or (kind & _BLANK > 0 and before & _BEFORE > 0 and after & _AFTER > 0)
            for i in range(first, at):
                stops |= kinds[i] & _FULL > 0
        if is_end:
            ends[n], full[n] = end, stops
            n += 1
    return n
