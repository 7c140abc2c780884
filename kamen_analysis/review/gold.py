"""Coders' answers to a sample: stored, compared, and turned into gold where all agree or a person has settled the difference."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kamen_analysis import data
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import gold
from kamen_analysis.redact import redact
from kamen_analysis.review import agree, formats
from kamen_analysis.review.sample import Sample, folder, recall
from kamen_analysis.tabular import write_records

Codes = dict[str, frozenset[str]]
_CODER = re.compile(r"[\w\-]{1,20}")
SHOWN = 5


@dataclass(frozen=True)
class Agreement:
    """The result of `kamen review agree`: agreement by code, posts to settle, the file listing them, number of gold posts and of posts."""

    table: pd.DataFrame
    open: list[str]
    listed: Path
    gold: int
    posts: int

    def lines(self) -> list[str]:
        """Return the lines printed for the operator: one per code, then what remains to be done."""
        names = formats.choices()
        rows = [f"{row['code']} {names[row['code']]}：α {_number(row['alpha'])}（95% 区间 {_number(row['low'])}–{_number(row['high'])}），"
                f"F1 {_number(row['f1'])}，两人以上编码 {row['posts']:,} 件" for row in self.table.to_dict("records")]
        left = f"待裁定 {len(self.open):,} 件，见 {self.listed}（填好后 kamen review agree --settle）" if self.open else "没有待裁定的分歧"
        return [*rows, left, f"金标准 {self.gold:,} 件（样本 {self.posts:,} 件）；下一次 kamen build 起生效"]


def _number(value: float) -> str:
    return "无" if np.isnan(value) else f"{value:.3f}"


def take(where: Home, name: str, coder: str, path: Path) -> tuple[int, int]:
    """Store a coder's file as answers to the sample `name`; return how many posts it codes and how many the sample has.

    A later file of the same coder replaces the earlier one. Raises KamenError, and stores nothing, if anything in the file is wrong.
    """
    if not _CODER.fullmatch(coder):
        raise KamenError("--coder 只能用字母、汉字、数字、下划线和短横，不超过 20 个字（建议用代号）")
    if coder.startswith(gold.LLM):
        raise KamenError(f"--coder 以 {gold.LLM} 开头的代号留给 kamen review ask（语言模型编码员）")
    sample = recall(where, name)
    answers = checked(sample, path)
    keep(folder(where, name) / f"coder_{coder}.jsonl", answers)
    return len(answers), len(sample.posts)


def checked(sample: Sample, path: Path) -> dict[str, tuple[list[str], str]]:
    """Return (codes, note without personal data) by post from a coder's file.

    Raises KamenError that lists up to five faults of each kind, or if nothing is coded.
    """
    known = {word: code for code, zh in formats.choices().items() for word in (code, zh)}
    answers = list(formats.read(path))
    ids = Counter(answer.post_id for answer in answers)
    unknown = sorted({word for answer in answers for word in answer.said} - known.keys() - (_SAME if not sample.plan.blind else set()))
    faults = {"样本里没有的编号": [i for i in ids if i not in sample.suggested], "重复的编号": [i for i, n in ids.items() if n > 1],
              "编码表里没有的编码": unknown}
    coded: dict[str, tuple[list[str], str]] = {}
    for answer in (answer for answer in answers if answer.said and not unknown and answer.post_id in sample.suggested):
        machine = sample.suggested[answer.post_id] or [formats.NONE]
        codes = {code for word in answer.said for code in (machine if word in _SAME else [known[word]])}
        if formats.NONE in codes and len(codes) > 1:
            faults.setdefault("既选没有理由又选了理由", []).append(answer.post_id)
        coded[answer.post_id] = sorted(codes - {formats.NONE}), redact(answer.note).text
    wrong = [f"{what} {len(which)} 个（{'、'.join(map(_harmless, which[:SHOWN]))}{'…' if len(which) > SHOWN else ''}）"
             for what, which in faults.items() if which]
    if wrong:
        raise KamenError(f"{path.name} 没有收进：{'；'.join(wrong)}")
    if not coded:
        raise KamenError(f"{path.name} 里一件也没有编码（没有理由的请选 {formats.NONE}，空着算没有编）")
    return coded


def _harmless(word: str) -> str:
    # A cell in the wrong column may hold anything, even a telephone number; only ids of posts have a colon and must stay whole.
    return (word if ":" in word else redact(word).text)[:40]


_SAME = {formats.SAME, "同建议"}


def keep(path: Path, answers: dict[str, tuple[list[str], str]]) -> None:
    """Write (codes, note) by post as a JSONL file, atomically."""
    write_records(({"post_id": key, "codes": codes, "note": note} for key, (codes, note) in sorted(answers.items())), path)


def coders(where: Home, name: str) -> dict[str, Codes]:
    """Return the codes by post of each coder of the sample `name`; posts that a coder left out are absent."""
    paths = sorted(folder(where, name).glob("coder_*.jsonl"))
    return {path.stem.removeprefix("coder_"): _codes(path) for path in paths}


def _codes(path: Path) -> Codes:
    return {row["post_id"]: frozenset(row["codes"]) for row in gold.rows(path, "post_id")}


def settle(where: Home, name: str, path: Path) -> int:
    """Add a file's settled codes to those settled before; return how many posts it settles."""
    answers, kept = checked(recall(where, name), path), folder(where, name) / "settled.jsonl"
    earlier = {row["post_id"]: (row["codes"], row["note"]) for row in gold.rows(kept, "post_id", "note")}
    keep(kept, earlier | answers)
    return len(answers)


def conclude(where: Home, name: str) -> Agreement:
    """Compute the agreement of a sample's coders, write the list of posts to settle, and write the gold codes.

    Gold are posts on which all of at least two coders agree, and posts settled by a person.
    """
    sample, coded = recall(where, name), coders(where, name)
    settled = _codes(folder(where, name) / "settled.jsonl")
    if not coded and not settled:
        raise KamenError(f"样本 {name} 还没有编码，请先运行 kamen review import")
    posts = list(sample.suggested)
    given = {post: [done[post] for done in coded.values() if post in done] for post in posts}
    agreed = {post: codes[0] for post, codes in given.items() if len(codes) > 1 and len(set(codes)) == 1}
    to_settle = [post for post, codes in given.items() if len(set(codes)) > 1 and post not in settled]
    final = agreed | settled
    texts = {post["post_id"]: post["text"] for post in sample.posts}
    by = {post: _agreed_by([coder for coder, done in coded.items() if post in done]) for post in agreed} | dict.fromkeys(settled, "settled")
    write_records(({"post_id": post, "codes": sorted(final[post]), "text": texts[post], "by": by[post]} for post in sorted(final)),
                  folder(where, name) / "gold.jsonl")
    listed = folder(where, name) / "disagreements.csv"
    _list(where, to_settle, coded, listed)
    table = agree.table(coded, posts, [code for code in formats.choices() if code != formats.NONE])
    return Agreement(table, to_settle, listed, len(final), len(posts))


def _agreed_by(coders: list[str]) -> str:
    # Agreement among language models alone must not pass for agreement among people.
    return "llm" if all(coder.startswith(gold.LLM) for coder in coders) else "agreed"


def _list(where: Home, posts: list[str], coded: dict[str, Codes], path: Path) -> None:
    """Write the posts to settle as a coders' CSV, so that it can be read back, with one more column for each coder's codes."""
    words = data.read_table(where.processed, "posts").set_index("post_id")
    texts = {post: (str(words.at[post, "title"]), str(words.at[post, "body"])) for post in posts if post in words.index}
    tasks = [formats.Task(post, *texts.get(post, ("（此帖已不在表中）", ""))) for post in posts]
    rows = [[*formats.row_of(task), *("；".join(_codes_shown(done, task.post_id)) for done in coded.values())] for task in tasks]
    formats.write_csv(path, [*formats.HEADER, *(f"编码员 {coder}" for coder in coded)], rows)


def _codes_shown(done: Codes, post: str) -> list[str]:
    return sorted(done[post]) or [formats.NONE] if post in done else ["（未编）"]
