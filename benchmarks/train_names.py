"""Train the model that names no rule sees are found by, and write it to kamen_analysis/redact/names.npz and names.json.

It learns from invented texts of this project only: the marked ones of tests/redact and benchmarks/names.txt, with other names drawn in the
place of each, and as texts without names the codebook's posts and sentences and the look-alikes of the rules. To measure it, each fifth
text is judged by a model that was trained on the others. One seed, one result. Run: python benchmarks/train_names.py
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sps
from sklearn.linear_model import LogisticRegression

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.redact.kinds import book, lists
from kamen_analysis.redact.name_candidates import candidates
from kamen_analysis.redact.name_clues import BUCKETS, clues
from kamen_analysis.redact.name_model import Model, save
from kamen_analysis.redact.name_tables import settings
from kamen_analysis.redact.reading import fold, read
from kamen_analysis.redact.rules import placeholders
from kamen_analysis.redact.search import Engine
from kamen_analysis.redact.starts import places

SEED, STRENGTH, COPIES, FOLDS = 7, 3.0, 5, 5
SHORT = 40  # characters of a text that others stand amid
RARELY = 3  # a feature seen less often is left out
HERE = Path(__file__).parent
MARKED = [*sorted((HERE.parent / "tests/redact/corpus").glob("*.txt")), HERE.parent / "tests/redact/ways.txt", HERE / "names.txt"]
_MARK = re.compile(r"⟦(?:([A-Z]+):)?(.*?)⟧", re.S)
_APART = (" ", " ", " ", "  ", "·", ".", "-", "、", "/", "*", "_")  # what is put between the characters of one name in ten
_GONE = "[号码]"  # what the rules have found already: read as hidden


class Text(NamedTuple):
    """A text as the model reads it, where its names stand, and the number of the line it was made of."""

    words: str
    names: list[tuple[int, int]]
    line: int


def _lines(path: Path) -> Iterator[str]:
    held = ""
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#") or held:
            held = f"{held}\n{line}" if held else line
            if held.count("⟦") == held.count("⟧"):
                yield held.replace("\\n", "\n")
                held = ""


def _is_name(kind: str | None, value: str) -> bool:
    """Tell whether a mark is a name of the form the model looks for: a known surname and one or two characters."""
    letters = fold(re.sub(r"[^\u3400-\u9fff]", "", value))
    surname = letters[:2] if letters[:2] in _COMPOUND and len(letters) > 2 else letters[:1]
    is_whole = re.fullmatch(r"[\u3400-\u9fff](?:([^\u3400-\u9fff]{0,3})[\u3400-\u9fff])(?:\1[\u3400-\u9fff]){0,2}", value)
    return bool(kind in (None, "NAME") and is_whole and surname in _SURNAMES and 0 < len(letters) - len(surname) < 3
                and letters[len(surname):] not in _TITLES and not set(letters) & _NEVER)


_COMPOUND = frozenset(word for word in lists()["compound_surnames"] if len(word) == 2)
_SURE, _DOUBTFUL, _MANY = (lists()[name] for name in ("surnames", "doubtful_surnames", "given"))
_GIVEN = (*[_MANY[:200]] * 5, *[_MANY] * 2, lists()["given_more"][:150], lists()["telling"])
_SURNAMES = _COMPOUND | frozenset(lists()["surnames"]) | frozenset(lists()["doubtful_surnames"]) | frozenset(lists()["unworded_surnames"])
_TITLES, _NEVER = frozenset(lists()["titles"]), frozenset((*lists()["never_in_name"], *settings().never_given))


def drawn(rng: random.Random) -> str:
    """Return an invented name: common and rare surnames, characters of given names by the lists, the common ones more often."""
    surname = rng.choice(sorted(_COMPOUND)) if rng.random() < 0.05 else rng.choice(_SURE * 2 + _DOUBTFUL)
    given = "".join(rng.choice(rng.choice(_GIVEN)) for _ in range(1 + (rng.random() < 0.65)))
    if (kind := rng.random()) < 0.08:
        given = "老" + rng.choice("大二三四五六幺") if kind < 0.02 else rng.choice("小大一子文永老") + given[0]
    return surname + given


def made(marked: str, line: int, rng: random.Random, is_drawn: bool) -> Text:
    """Return a marked text with what is no name hidden, and, if `is_drawn`, other names in the place of its own."""
    words, at, names, known = "", 0, list[tuple[int, int]](), dict[str, str]()
    for mark in _MARK.finditer(marked):
        words, at, value = words + marked[at:mark.start()], mark.end(), mark[2]
        if not _is_name(mark[1], value) or (is_drawn and rng.random() < 0.15 and len(names) > 0):
            words += _GONE
            continue
        if is_drawn:
            name, sign = known.setdefault(value, drawn(rng)), re.split(r"[\u3400-\u9fff]", value)[1]
            sign = sign or (rng.choice(_APART) if rng.random() < 0.1 else "")
            value = name if name[:2] in _COMPOUND else sign.join(name)
        names.append((len(words), len(words) + len(value)))
        words += value
    return Text(words + marked[at:], names, line)


def _nameless() -> Iterator[str]:
    """Yield the texts without names: posts and sentences of the codebook, look-alikes of the rules."""
    for path in sorted((FOLDER / "posts").glob("*.jsonl")):
        for post in map(json.loads, path.read_text("utf-8").splitlines()):
            yield from (post[name] for name in ("title", "body") if post[name])
    for path in sorted((FOLDER / "sentences").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            yield from (row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    yield from (example for kind in book().kinds for example in kind.examples.kept)


def _without_finds(texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts without what the rules find at first sight."""
    texts = list(texts)
    reading, finds = read(texts, placeholders()), [list[tuple[int, int]]() for _ in texts]
    spans = np.array([span[:2] for span in Engine().search(reading)], np.int64)
    for number, start, end in zip(*map(np.ndarray.tolist, reading.given(spans)), strict=True):
        finds[number].append((start, end))
    for text, found in zip(texts, finds, strict=True):
        for start, end in reversed(found):
            text = text[:start] + _GONE + text[end:]
        yield text


def _amid(text: Text, others: list[str], rng: random.Random) -> Text:
    """Return a text between two others, as a line of a chat, a clause or a sentence of its own."""
    before, behind = (rng.choice(others) + rng.choice("，。，。！\n "), rng.choice("，。，。！\n ") + rng.choice(others))
    before, behind = (part if rng.random() < 0.7 else "" for part in (before, behind))
    return Text(before + text.words + behind, [(start + len(before), end + len(before)) for start, end in text.names], text.line)


def texts() -> list[Text]:
    """Return all texts to learn from: of the marked ones some copies, in all but the first with other names and amid other texts."""
    rng, found, nameless = random.Random(SEED), list[Text](), list(_without_finds(_nameless()))
    short = [text for text in nameless if len(text) < SHORT]
    for line, marked in enumerate(line for path in MARKED for line in _lines(path)):
        copies = COPIES if any(_is_name(*mark.groups()) for mark in _MARK.finditer(marked)) else 3
        found.append(made(marked, line, rng, is_drawn=False))
        found += [_amid(made(marked, line, rng, is_drawn=True), short, rng) for _ in range(copies - 1)]
    first = found[-1].line + 1
    return found + [Text(text, [], first + n) for n, text in enumerate(nameless)]


class Rows(NamedTuple):
    """The candidates of some texts: the buckets of each, whether it is a name, and the line of its text."""

    buckets: npt.NDArray[np.uint16]
    is_name: npt.NDArray[np.bool_]
    line: npt.NDArray[np.int64]


def rows(some: list[Text]) -> Rows:
    """Return the candidates of the texts."""
    reading = read([text.words for text in some], placeholders())
    at, within = places(reading.codes), np.stack([reading.starts, reading.ends], axis=1)
    names = candidates(at, within)
    numbers, starts, ends = reading.given(names[:, :2])
    is_name = np.array([(start, end) in some[number].names for number, start, end in zip(*map(np.ndarray.tolist, (numbers, starts, ends)),
                                                                                           strict=True)], np.bool_)
    return Rows(clues(at, within, names), is_name, np.array([some[number].line for number in numbers.tolist()]))


def fit(data: Rows, use: npt.NDArray[np.bool_]) -> Model:
    """Return a model trained on the candidates in `use`."""
    buckets = data.buckets[use]
    seen = np.bincount(buckets.ravel(), minlength=BUCKETS) >= RARELY
    rows, ones = np.arange(len(buckets)).repeat(buckets.shape[1]), seen[buckets.ravel()].astype(np.float32)
    matrix = sps.csr_matrix((ones, (rows, buckets.ravel())), (len(buckets), BUCKETS))
    learner = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=SEED).fit(matrix, data.is_name[use])
    return Model.of(learner.coef_[0] * seen, float(learner.intercept_[0]))


def held_out(data: Rows) -> npt.NDArray[np.float64]:
    """Return the score of each candidate by a model that was not trained on its line."""
    scores = np.zeros(len(data.line))
    for fold_number in range(FOLDS):
        out = data.line % FOLDS == fold_number
        scores[out] = fit(data, ~out).scores(data.buckets[out])
    return scores


def main() -> None:
    """Train, print how models that were not trained on a line judge it, write the model of all."""
    some = texts()
    data = rows(some)
    said, posed = held_out(data) >= settings().threshold, sum(len(text.names) for text in some)
    about = {"texts": len(some), "names": posed, "candidates": len(said), "others": int((~data.is_name).sum()),
             "held_out_found": int((said & data.is_name).sum()), "held_out_wrong": int((said & ~data.is_name).sum()), "seed": SEED,
             "texts_sha256": hashlib.sha256("\n".join(f"{text.names}\t{text.words}" for text in some).encode()).hexdigest()}
    save(fit(data, np.ones(len(said), np.bool_)), about)
    print(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
