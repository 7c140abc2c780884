"""Measure how far the two readers of the coded sentences and posts agree: same sets, and F1 per code with a bootstrap interval over texts.

The second reader coded every text by the codebook without seeing the first reading (sentences in `second_reading.csv`, by the CRC-32
of the text; posts in `posts/second_reading.csv`).
"""

from __future__ import annotations

import csv
import zlib
from pathlib import Path

import numpy as np

from kamen_analysis.codebook import corpus

BOOK = Path(__file__).resolve().parent.parent / "kamen_analysis" / "codebook"


Pair = tuple[frozenset[str], frozenset[str]]


def of_posts() -> list[Pair]:
    """Return the two readers' code sets of every post."""
    second = corpus.second_reading()
    return [(post.codes, second[post.id]) for _, post in corpus.posts() if post.id in second]


def of_sentences() -> list[Pair]:
    """Return the two readers' code sets of every sentence both have read."""
    with (BOOK / "second_reading.csv").open(encoding="utf-8", newline="") as file:
        second = {row["sentence"]: _codes(row["codes"]) for row in csv.DictReader(file)}
    found = []
    for sentence in corpus.sentences():
        key = f"{zlib.crc32(sentence.text.encode()):08x}"
        if key in second:
            found.append((sentence.codes, second[key]))
    return found


def _codes(written: str) -> frozenset[str]:
    return frozenset(written.split("+")) - {"-", ""}


def f1(pairs: np.ndarray) -> float:
    """Return F1 of the counts in rows (given by both readers, by the first only, by the second only)."""
    both, first, second = pairs.sum(axis=0)
    return float(2 * both / max(2 * both + first + second, 1))


def main() -> None:
    """Print a table for the sentences and one for the posts."""
    for what, found in (("sentences", of_sentences()), ("posts", of_posts())):
        _table(what, found)


def _table(what: str, found: list[Pair]) -> None:
    rng = np.random.default_rng(1)
    print(f"{len(found)} {what}, exact {sum(a == b for a, b in found) / len(found):.3f}")
    for code in [*sorted({code for a, _ in found for code in a}), "all codes"]:
        rows = np.array([[len(_only(a & b, code)), len(_only(a - b, code)), len(_only(b - a, code))] for a, b in found])
        drawn = sorted(f1(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(400))
        print(f"{code:20} F1 {f1(rows):.3f} ({drawn[9]:.3f}–{drawn[389]:.3f})  n {int(rows[:, :2].sum())}")


def _only(codes: frozenset[str], code: str) -> frozenset[str]:
    return codes if code == "all codes" else codes & {code}


if __name__ == "__main__":
    main()
