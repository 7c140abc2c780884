"""The categoriser run on the coded sentences shipped with the codebook: which rules hit, which codes it gave, which are right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

import kamen_analysis.codebook as codebook
import kamen_analysis.label as label
from kamen_analysis.codebook import corpus
from kamen_analysis.label import reasons
from kamen_analysis.label.explain import tell
from kamen_analysis.label.vote import vote
from kamen_analysis.paths import Home, atomic_write

_HITS = ["item", "code", "rule", "dropped"]
_PAIRS = ["item", "code"]


@dataclass(frozen=True)
class Trial:
    """Texts by item, their gold codes, and the categoriser's rule hits and codes (`said`), in the form that `metrics.diagnostics` takes."""

    texts: dict[str, str]
    gold: pd.DataFrame
    hits: pd.DataFrame
    said: pd.DataFrame


def shipped() -> tuple[dict[str, str], pd.DataFrame]:
    """Return text by item, and gold (item, code; missing: no reason), of the corpus of sentences and the examples of every reason."""
    texts: dict[str, str] = {}
    rows: list[tuple[str, str | None]] = []
    for text, codes in [*_corpus(), *_examples()]:
        item = hashlib.sha256(text.encode()).hexdigest()[:16]
        if item not in texts:
            texts[item] = text
            rows += [(item, code) for code in codes] if codes else [(item, None)]
    return texts, pd.DataFrame(rows, columns=_PAIRS).astype("str")


def _corpus() -> list[tuple[str, list[str]]]:
    return [(sentence.text, sorted(sentence.codes)) for sentence in corpus.sentences()]


def _examples() -> list[tuple[str, list[str]]]:
    # An example is coded for its own reason only; where the corpus has the same text, the corpus counts.
    return [(text, [code]) for code, rule in codebook.load().reasons.items() for text in rule.examples.is_]


def trial(where: Home) -> Trial:
    """Run the categoriser on `shipped`, or read the result from data/.cache if this codebook, model and code were tried before."""
    texts, gold = shipped()
    path = where.root / "data" / ".cache" / f"trial-{_digest(texts)}.arrow"
    results = _cached(path)
    if results is None:
        results = _run(texts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, "wb") as file, pa.ipc.new_file(file, _SCHEMA) as out:
            out.write_table(pa.Table.from_pandas(results, _SCHEMA, preserve_index=False))
    hits = results[results["rule"] != ""]
    return Trial(texts, gold, hits[_HITS], results.loc[results["said"], _PAIRS].drop_duplicates())


_SCHEMA = pa.schema([(name, pa.string()) for name in _HITS] + [("said", pa.bool_())])


def _cached(path: Path) -> pd.DataFrame | None:
    """Return the result of an earlier run; None if there is none, or if its file is damaged."""
    try:
        results: pd.DataFrame = pa.ipc.open_file(path.read_bytes()).read_all().to_pandas()
    except (OSError, pa.ArrowInvalid):
        return None
    return results


def _run(texts: dict[str, str]) -> pd.DataFrame:
    items = list(texts)
    heard = vote(reasons.hear([""] * len(texts), list(texts.values())))
    best = set(tell(heard, reasons.decide(heard)))
    rows = [(items[one.post], one.code, one.rule, one.dropped, one in best) for one in tell(heard)]
    return pd.DataFrame(rows, columns=[*_HITS, "said"])


def _digest(texts: dict[str, str]) -> str:
    """Return a digest of all that determines the result: texts, codebook, model and the code of the categoriser."""
    files = [path for folder in (Path(codebook.__file__).parent, Path(label.__file__).parent) for path in folder.rglob("*")
             if path.suffix in (".yaml", ".py", ".json", ".npz")]
    whole = hashlib.sha256("\n".join(texts).encode())
    for path in sorted(files):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]
