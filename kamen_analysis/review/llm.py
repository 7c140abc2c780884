"""A language model as one more coder of a sample: redacted text out, validated codes in, every answer kept under its digest."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

import kamen_analysis.codebook as codebook
from kamen_analysis import data
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_write
from kamen_analysis.pipeline import gold as kept
from kamen_analysis.redact import redact
from kamen_analysis.review import gold
from kamen_analysis.review.endpoint import Endpoint, Reply, Unanswered
from kamen_analysis.review.sample import Sample, folder, recall

ATTEMPTS = 2  # A wrong form is asked once more; a second wrong answer leaves the post open.
GIVE_UP = 5  # So many posts in a row without an answer, and the run ends.
_FENCE = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$")
Tell = Callable[[int, int], None]


class Instructions(BaseModel):
    """`instructions.yaml`: what the model is told before the definitions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    rules: tuple[str, ...]
    data: str
    answer: str


@dataclass(frozen=True)
class Asked:
    """How a run ended: posts coded in all (of how many), tokens used now, why posts stay open, and what ended the run early."""

    coder: str
    coded: int
    posts: int
    tokens: int
    open: dict[str, int]
    spent: bool
    gave_up: bool

    def lines(self) -> list[str]:
        """Return what the operator reads."""
        why = [f"未编 {n} 件：{reason}" for reason, n in self.open.items()]
        early = ["预算已用完"] * self.spent + [f"连续 {GIVE_UP} 件没有可用的回答，已停止"] * self.gave_up
        again = ["再次运行会从未编的接着编"] if self.coded < self.posts else []
        return [f"编码员 {self.coder}：样本 {self.posts} 件，编了 {self.coded} 件，本次用 {self.tokens} 词元", *why, *early, *again]


@functools.cache
def instructions() -> str:
    """Return the whole instruction: role, rules, definitions of the codebook, form of the answer."""
    told = Instructions(**yaml.safe_load(files(__package__).joinpath("instructions.yaml").read_text(encoding="utf-8")))
    codes = [f"- {r.code}（{r.name_zh}）：{r.definition}。编：{r.counts_when}。不编：{r.not_when}。"
             for r in codebook.load().reasons.values()]
    return "\n".join([told.role, *(f"- {rule}" for rule in told.rules), "编码：", *codes, told.data, told.answer])


def coder_of(model: str) -> str:
    """Return the coder's name of a model: plain characters only, and a digest's start where that loses something."""
    plain = re.sub(r"[^\w\-]+", "-", model)[:9].strip("-")
    return f"{kept.LLM}{plain}-{hashlib.sha256(model.encode()).hexdigest()[:6]}"


def ask(where: Home, name: str, endpoint: Endpoint, budget: int, tell: Tell = lambda done, of: None) -> Asked:
    """Let the model code the posts of the sample `name` it has not coded yet, until `budget` tokens are used; keep what it coded.

    Answers are kept one by one, so that a run that is killed, or out of budget, goes on where it stopped.
    """
    sample = recall(where, name)
    path, prefix = folder(where, name) / "llm_answers.jsonl", _digest(endpoint.model, instructions())
    known, said = _answers(path), dict[str, tuple[list[str], str]]()
    tokens, silent, why = 0, 0, Counter[str]()
    for post, title, body in _texts(where, sample):
        key = _digest(prefix, title, body)
        if key not in known and tokens < budget and silent < GIVE_UP:
            codes, used, fault = _code(endpoint, title, body)
            tokens, silent = tokens + used, 0 if fault == "" else silent + 1
            if codes is None:
                why[fault] += 1
            else:
                known[key] = codes
                _append(path, {"key": key, "model": endpoint.model, "codes": codes})
        if key in known:
            said[post] = known[key], ""
            tell(len(said), len(sample.posts))
    coder = coder_of(endpoint.model)
    if not said:
        raise KamenError(f"没有编成一件：{'；'.join(why) or '预算为零，或帖子的文字已变（请重新抽样）'}")
    gold.keep(folder(where, name) / f"coder_{coder}.jsonl", said)
    return Asked(coder, len(said), len(sample.posts), tokens, dict(why), tokens >= budget, silent >= GIVE_UP)


def _texts(where: Home, sample: Sample) -> Iterator[tuple[str, str, str]]:
    """Yield (post_id, title, body) of the sample's posts whose text is still the one drawn, redacted once more before it leaves."""
    words = data.read_table(where.processed, "posts").set_index("post_id")
    for post in sample.posts:
        key = post["post_id"]
        if key in words.index:
            title, body = str(words.at[key, "title"]), str(words.at[key, "body"])
            if kept.text_digest(title, body) == post["text"]:
                yield key, redact(title).text, redact(body).text


def _code(endpoint: Endpoint, title: str, body: str) -> tuple[list[str] | None, int, str]:
    """Return the codes (None: no valid answer), the tokens used, and the last fault."""
    tokens, fault = 0, ""
    for _ in range(ATTEMPTS):
        try:
            reply = endpoint.ask(instructions(), json.dumps({"title": title, "body": body}, ensure_ascii=False))
        except Unanswered as unanswered:
            return None, tokens, str(unanswered)
        tokens += reply.tokens or _estimated(title, body, reply)
        try:
            return valid(reply.text, title, body), tokens, ""
        except ValueError as error:
            fault = str(error)
    return None, tokens, fault


def valid(answer: str, title: str, body: str) -> list[str]:
    """Return the codes of an answer in the form asked for; ValueError for any other form, code, or evidence not in the text.

    Evidence is what a hidden instruction cannot invent: a code whose quotation the post does not hold voids the answer.
    """
    try:
        told: Any = json.loads(_FENCE.sub("", answer))
    except ValueError:
        raise ValueError("回答不是 JSON") from None
    reasons = told.get("reasons") if isinstance(told, dict) and told.keys() == {"reasons"} else None
    if not isinstance(reasons, list) or not all(isinstance(r, dict) and r.keys() == {"code", "quote"} for r in reasons):
        raise ValueError("回答的形式不对")
    if not all(isinstance(r["code"], str) and r["code"] in codebook.load().reasons for r in reasons):
        raise ValueError("回答里有编码表没有的编码")
    if not all(isinstance(r["quote"], str) and r["quote"].strip() and (r["quote"] in title or r["quote"] in body) for r in reasons):
        raise ValueError("回答的证据不在原文里")
    return sorted({r["code"] for r in reasons})


def _estimated(title: str, body: str, reply: Reply) -> int:
    # An endpoint that does not count is charged a token a character: never less than it used.
    return len(instructions()) + len(title) + len(body) + len(reply.text)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _answers(path: Path) -> dict[str, list[str]]:
    """Return the codes kept so far by key; a last line that a kill cut short is removed."""
    if path.exists():
        whole, mark, cut = path.read_bytes().rpartition(b"\n")
        if cut:
            with atomic_write(path, "wb") as file:
                file.write(whole + mark)
    return {row["key"]: row["codes"] for row in kept.rows(path)}


def _append(path: Path, row: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
