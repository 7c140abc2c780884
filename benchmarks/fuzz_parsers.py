"""Coverage-guided fuzzing (atheris) of every source's parser, the table reader and the redactor: any bytes in, only named rejects out.

python benchmarks/fuzz_parsers.py -max_total_time=20
"""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime

import atheris

ROOMS = ["kamen_analysis.sources", "kamen_analysis.clean", "kamen_analysis.tabular", "kamen_analysis.redact"]
with atheris.instrument_imports(include=ROOMS):
    from kamen_analysis import clean, sources
    from kamen_analysis.captures.page import Page
    from kamen_analysis.redact import redact
    from kamen_analysis.sources import base

KINDS = ("text/html", "application/json", "text/csv", "application/x-ndjson")
NAMES = ("page.html", "page.json", "page.csv", "page.jsonl")


def one_input(data: bytes) -> None:
    """Read `data` as a page of each source, clean and redact what it gives; anything raised is a fault."""
    if not data:
        return
    kind = data[0] % len(KINDS)
    body = data[1:]
    page = Page(f"https://x.example/{NAMES[kind]}", datetime(2026, 1, 1, tzinfo=UTC), 200, KINDS[kind], body, "x/y.warc.gz", 0,
                hashlib.sha256(body).hexdigest())
    for source in sources.registry().values():
        posts = base.read_page(source, page).posts
        list(map(redact, clean.clean(posts, [page] * len(posts), source).posts["body"]))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
