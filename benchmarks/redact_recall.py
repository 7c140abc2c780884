"""Recall and precision of the redactor on marked texts, with 95% Wilson intervals: each file's, each kind's, and all together.

Run: python benchmarks/redact_recall.py [FILE ...] (default: tests/redact/corpus/*.txt). One post a line, personal data as ⟦KIND:text⟧;
JSONL with title and body is read too. A piece counts as found if every visible character of it is covered; a find is right if it
touches a mark. The rules were written with these texts in view: the figures show what was not lost, not what new texts would give.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kamen_analysis.redact import find
from kamen_analysis.stats import wilson

_MARK = re.compile(r"⟦([A-Z]+):(.*?)⟧", re.S)
_CORPUS = Path(__file__).parents[1] / "tests" / "redact" / "corpus"


def posts(path: Path) -> Iterator[str]:
    """Yield the marked texts of a file; in a text file a line break within a mark, or written \\\\n, belongs to the post."""
    held = ""
    for line in path.read_text("utf-8").splitlines():
        if path.suffix == ".jsonl":
            record = json.loads(line)
            yield from (record[name] for name in ("title", "body") if record.get(name))
            continue
        held = f"{held}\n{line}" if held else line
        if held.count("⟦") == held.count("⟧"):
            yield held.replace("\\n", "\n")
            held = ""


def counted(post: str) -> Counter[str]:
    """Return marks and marks found by kind ("KIND" and "+KIND"), and finds and right finds ("said", "right")."""
    text, truth, at, counts = _MARK.sub(r"\2", post), set[int](), 0, Counter[str]()
    spans = find(text)
    covered = {i for span in spans for i in range(span.start, span.end)}
    for mark in _MARK.finditer(post):
        inside = range(mark.start() - at, mark.start() - at + len(mark[2]))
        at += len(mark[0]) - len(mark[2])
        truth |= set(inside)
        counts[mark[1]] += 1
        counts[f"+{mark[1]}"] += all(i in covered or text[i].isspace() for i in inside)
    counts["said"] += len(spans)
    counts["right"] += sum(not truth.isdisjoint(range(span.start, span.end)) for span in spans)
    return counts


def share(n: int, of: int) -> str:
    """Return a share with its interval."""
    low, high = wilson(n, of)
    return f"{n}/{of} {n / max(of, 1):.1%} ({float(low):.1%}-{float(high):.1%})"


def line(name: str, counts: Counter[str]) -> str:
    """Return one row: recall and precision."""
    kinds = [kind for kind in counts if kind.isupper() and not kind.startswith("+")]
    found, marks = sum(counts[f"+{kind}"] for kind in kinds), sum(counts[kind] for kind in kinds)
    return f"{name:16} recall {share(found, marks):32} precision {share(counts['right'], counts['said'])}"


def main(paths: list[Path]) -> None:
    """Print a row a file, a row a kind, and the sum."""
    whole: Counter[str] = Counter()
    for path in paths:
        counts: Counter[str] = sum(map(counted, posts(path)), Counter())
        whole += counts
        print(line(path.stem, counts))
    for kind in sorted(kind for kind in whole if kind.isupper() and not kind.startswith("+")):
        print(f"{kind:16} recall {share(whole[f'+{kind}'], whole[kind])}")
    print(line("all", whole))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sorted(_CORPUS.glob("*.txt"), key=lambda path: int(path.stem.removeprefix("round"))))
