"""A language model as one more coder of a sample: it gets redacted text, its codes are validated, and every answer is stored."""

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

ATTEMPTS = 2  # an invalid answer is asked for once more; a second one leaves the post uncoded
GIVE_UP = 5  # a run ends after so many posts in a row without a valid answer
_FENCE = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$")
Tell = Callable[[int, int], None]


class Instructions(BaseModel):
    """The parts of `instructions.yaml`: role and rules come before the definitions of the codes, data and answer after them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    rules: tuple[str, ...]
    data: str
    answer: str


@dataclass(frozen=True)
class Asked:
    """The result of a run: posts coded so far, posts in the sample, tokens used by this run, number of uncoded posts by reason (`open`).

    `spent`: posts stayed uncoded because the budget is used up; `gave_up`: too many posts in a row had no valid answer.
    """

    coder: str
    coded: int
    posts: int
    tokens: int
    open: dict[str, int]
    spent: bool
    gave_up: bool

    def lines(self) -> list[str]:
        """Return the lines printed for the operator."""
        why = [f"未编 {n} 件：{reason}" for reason, n in self.open.items()]
        early = ["预算已用完"] * self.spent + [f"连续 {GIVE_UP} 件没有可用的回答，已停止"] * self.gave_up
        again = ["再次运行会从未编的接着编"] if self.coded < self.posts else []
        return [f"编码员 {self.coder}：样本 {self.posts} 件，编了 {self.coded} 件，本次用 {self.tokens} 词元", *why, *early, *again]


@functools.cache
def instructions() -> str:
    """Return the complete system prompt: role, rules, definitions of the codebook, form of the answer."""
    parts = Instructions(**yaml.safe_load(files(__package__).joinpath("instructions.yaml").read_text(encoding="utf-8")))
    codes = [f"- {r.code}（{r.name_zh}）：{r.definition}。编：{r.counts_when}。不编：{r.not_when}。"
             for r in codebook.load().reasons.values()]
    return "\n".join([parts.role, *(f"- {rule}" for rule in parts.rules), "编码：", *codes, parts.data, parts.answer])


def coder_of(model: str) -> str:
    """Return the coder's name for a model: the start of the model's name in plain characters, then of its digest to keep names apart."""
    plain = re.sub(r"[^\w\-]+", "-", model)[:9].strip("-")
    return f"{kept.LLM}{plain}-{hashlib.sha256(model.encode()).hexdigest()[:6]}"


def ask(where: Home, name: str, endpoint: Endpoint, budget: int, tell: Tell = lambda done, of: None) -> Asked:
    """Let the model code the posts of the sample `name` that it has not coded yet, until `budget` tokens are used; store its codes.

    Each answer is stored at once, so that after a kill or a spent budget the next run continues. Raises KamenError if nothing is coded.
    """
    sample = recall(where, name)
    path, prefix = folder(where, name) / "llm_answers.jsonl", _digest(endpoint.model, instructions())
    stored, coded = _answers(path), dict[str, tuple[list[str], str]]()
    tokens, failures, faults, spent = 0, 0, Counter[str](), False
    for post, title, body in _texts(where, sample):
        key = _digest(prefix, title, body)
        is_open = key not in stored and failures < GIVE_UP
        spent = spent or (is_open and tokens >= budget)
        if is_open and not spent:
            codes, used, fault = _code(endpoint, title, body)
            tokens, failures = tokens + used, 0 if fault == "" else failures + 1
            if codes is None:
                faults[fault] += 1
            else:
                stored[key] = codes
                _append(path, {"key": key, "model": endpoint.model, "codes": codes})
        if key in stored:
            coded[post] = stored[key], ""
            tell(len(coded), len(sample.posts))
    coder = coder_of(endpoint.model)
    if not coded:
        raise KamenError(f"没有编成一件：{'；'.join(faults) or '预算为零，或帖子的文字已变（请重新抽样）'}")
    gold.keep(folder(where, name) / f"coder_{coder}.jsonl", coded)
    return Asked(coder, len(coded), len(sample.posts), tokens, dict(faults), spent, failures >= GIVE_UP)


def _texts(where: Home, sample: Sample) -> Iterator[tuple[str, str, str]]:
    """Yield (post_id, title, body) of the sample's posts whose text has not changed since the draw, redacted once more before sending."""
    words = data.read_table(where.processed, "posts").set_index("post_id")
    for post in sample.posts:
        key = post["post_id"]
        if key in words.index:
            title, body = str(words.at[key, "title"]), str(words.at[key, "body"])
            if kept.text_digest(title, body) == post["text"]:
                yield key, redact(title).text, redact(body).text


def _code(endpoint: Endpoint, title: str, body: str) -> tuple[list[str] | None, int, str]:
    """Ask the model about one post; return its codes (None: no valid answer), the tokens used, and the fault ("" for none)."""
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
    """Return the codes of an answer. Raises ValueError if its form is wrong, a code unknown, or a quotation not in the post.

    The quotations guard against instructions hidden in a post: a single one that the post does not contain voids the answer.
    """
    try:
        content: Any = json.loads(_FENCE.sub("", answer))
    except ValueError:
        raise ValueError("回答不是 JSON") from None
    reasons = content.get("reasons") if isinstance(content, dict) and content.keys() == {"reasons"} else None
    if not isinstance(reasons, list) or not all(isinstance(r, dict) and r.keys() == {"code", "quote"} for r in reasons):
        raise ValueError("回答的形式不对")
    if not all(isinstance(r["code"], str) and r["code"] in codebook.load().reasons for r in reasons):
        raise ValueError("回答里有编码表没有的编码")
    if not all(isinstance(r["quote"], str) and r["quote"].strip() and (r["quote"] in title or r["quote"] in body) for r in reasons):
        raise ValueError("回答的证据不在原文里")
    return sorted({r["code"] for r in reasons})


def _estimated(title: str, body: str, reply: Reply) -> int:
    # For an endpoint that reports no tokens: one per character, which is never less than it used.
    return len(instructions()) + len(title) + len(body) + len(reply.text)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _answers(path: Path) -> dict[str, list[str]]:
    """Return the stored codes by key, after removing a last line that was cut short when a run was killed."""
    if path.exists():
        whole, mark, cut = path.read_bytes().rpartition(b"\n")
        if cut:
            with atomic_write(path, "wb") as file:
                file.write(whole + mark)
    return {row["key"]: row["codes"] for row in kept.rows(path, "key")}


def _append(path: Path, row: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
