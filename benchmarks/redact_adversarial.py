"""Time the redactor on texts made to be slow: every cue, example and separator pumped, at doubling lengths.

Run: python benchmarks/redact_adversarial.py [longest length]. Prints the slowest texts and how their time grows when the length doubles:
2 is linear, 4 quadratic. Exits 1 if a growth beyond 3 is seen on a text that takes longer than a tenth of a second.
"""

from __future__ import annotations

import re
import sys
import time

from kamen_analysis.redact import find
from kamen_analysis.redact.rules import book, spelled

_SINGLE = [*"1a-_.@/|*x年路号市区村李王一〇㐀[(❤", "\u200b", "\n", "\ud800", "🌟"]
_PAIRED = ["1 ", "1a", "a1-", "a.", "1.", "1-", "市区", "路1", "1号", "路1号", "一 一", "李王", "李、", "王先生", "：李", "q1", "a@",
           "a@a.", "http://a.a/", "http://a.a/1?a=", "卡密-", "key", "keya", "订单a-", "微a", "v a", "@a", "1 0", "4000",
           "密码", "2025-", "12:3", "1,000", "￥1", "xxx*", "13 ", "1|", "县李", "县村", "1栋1单元", "北京市朝阳区", "13800138000 李四 ",
           "13800138000、", "㐀 王五 ", "abc_1或", "姓名：", "本人", "a a ", "元1", "v1.1", "[手机号]"]


def texts() -> list[str]:
    """Return the pieces to pump: single characters, pairs, every cue alone and before a digit, every example."""
    cues = sorted({cue for kind in book().kinds for rule in kind.rules for listed in rule.cues for cue in spelled(listed)})
    examples = [re.sub("[⟦⟧]", "", text) for kind in book().kinds for text in (*kind.examples.found, *kind.examples.kept)]
    return [*_SINGLE, *_PAIRED, *cues, *(cue + "1" for cue in cues), *(cue + " a_" for cue in cues), *examples]


def seconds(piece: str, length: int) -> float:
    """Return the seconds `find` takes on `piece` repeated, whole, to about `length` characters: half a piece would read differently."""
    text = piece * (length // len(piece))
    start = time.process_time()
    find(text)
    return time.process_time() - start


def main(longest: int) -> int:
    """Print the slowest pieces and their growth; return 1 if any grows faster than linear."""
    find("")
    rows = sorted(((seconds(piece, longest), piece) for piece in texts()), reverse=True)
    print(f"{len(rows)} pieces, {longest} characters each; slowest first\nseconds  growth  piece")
    bad = 0
    for _, piece in rows[:15]:
        slow, half = (min(seconds(piece, n) for _ in range(3)) for n in (longest, longest // 2))
        growth = slow / max(half, 1e-9)
        bad += growth > 3 and slow > 0.1
        print(f"{slow:7.3f}  {growth:6.2f}  {piece!r}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
