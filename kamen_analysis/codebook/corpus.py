"""The coded texts that ship with the codebook, all invented: short sentences, and whole posts with the words that decide each code."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError, model_validator

from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.codebook.models import Strict
from kamen_analysis.errors import KamenError

_FAULTS = {"missing": " 缺少", "extra_forbidden": " 是没有的字段", "json_invalid": "不是合规的 JSON", "value_error": "引文不在标题和正文里"}


class Sentence(NamedTuple):
    """One coded sentence: its file, text, codes, voice."""

    file: str
    text: str
    codes: frozenset[str]
    voice: str


class Evidence(Strict):
    """One refusal reason of a post, and the words of its title or body that decide it."""

    code: str
    quote: str


class Post(Strict):
    """One coded post; its fields are those of the coding manual."""

    id: str
    title: str
    body: str
    target: str | None
    post_type: str
    in_scope: bool
    product: str
    outcome: str
    reasons: tuple[Evidence, ...]

    @property
    def codes(self) -> frozenset[str]:
        """The post's refusal reasons."""
        return frozenset(reason.code for reason in self.reasons)

    @model_validator(mode="after")
    def _quoted(self) -> Post:
        if any(r.quote not in self.title and r.quote not in self.body for r in self.reasons):
            raise ValueError(f"{self.id}: a quotation is not in the text")
        return self


def sentences(folder: Path = FOLDER) -> Iterator[Sentence]:
    """Yield the coded sentences."""
    for path in sorted((folder / "sentences").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield Sentence(path.stem, row["text"], frozenset(row["codes"].split("+")) - {"-"}, row["voice"])


def second_reading(folder: Path = FOLDER) -> dict[str, frozenset[str]]:
    """Return the refusal reasons the second reader, who did not see the first reading, gave each post, by its id."""
    with (folder / "posts" / "second_reading.csv").open(encoding="utf-8", newline="") as lines:
        return {row["post"]: frozenset(row["codes"].split("+")) - {"-"} for row in csv.DictReader(lines)}


def posts(folder: Path = FOLDER) -> Iterator[tuple[str, Post]]:
    """Yield (file, post) of the coded posts; KamenError names the file and line of a damaged one."""
    for path in sorted((folder / "posts").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield path.stem, Post.model_validate_json(line)
                except ValidationError as error:
                    first = error.errors()[0]
                    fault = ".".join(map(str, first["loc"])) + _FAULTS.get(first["type"], " 不合格式")
                    raise KamenError(f"编码手册 posts/{path.name} 第 {number} 行有误：{fault}") from None
