"""Agreement of the two readers of the sentence corpus: exact sets, and F1 per code with a bootstrap interval over sentences.

The second reader coded every sentence by the codebook without seeing the first reading (`second_reading.csv`, by the CRC-32 of the text).
"""

from __future__ import annotations

import csv
import zlib
from pathlib import Path

import numpy as np

BOOK = Path(__file__).resolve().parent.parent / "kamen_analysis" / "codebook"


def readings() -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return the two readers' code sets of every sentence both have read."""
    with (BOOK / "second_reading.csv").open(encoding="utf-8", newline="") as file:
        second = {row["sentence"]: _codes(row["codes"]) for row in csv.DictReader(file)}
    found = []
    for path in sorted((BOOK / "sentences").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            text, codes, _ = line.split("\t")
            key = f"{zlib.crc32(text.encode()):08x}"
            if key in second:
                found.append((_codes(codes), second[key]))
    return found


def _codes(written: str) -> frozenset[str]:
    return frozenset(written.split("+")) - {"-", ""}


def f1(pairs: np.ndarray) -> float:
    """Return F1 of rows (both, first only, second only)."""
    both, first, second = pairs.sum(axis=0)
    return float(2 * both / max(2 * both + first + second, 1))


def main() -> None:
    """Print the table."""
    found = readings()
    rng = np.random.default_rng(1)
    print(f"{len(found)} sentences, exact {sum(a == b for a, b in found) / len(found):.3f}")
    for code in [*sorted({code for a, _ in found for code in a}), "all codes"]:
        rows = np.array([[len(_of(a & b, code)), len(_of(a - b, code)), len(_of(b - a, code))] for a, b in found])
        drawn = sorted(f1(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(400))
        print(f"{code:20} F1 {f1(rows):.3f} ({drawn[9]:.3f}–{drawn[389]:.3f})  n {int(rows[:, :2].sum())}")


def _of(codes: frozenset[str], code: str) -> frozenset[str]:
    return codes if code == "all codes" else codes & {code}


if __name__ == "__main__":
    main()
