"""The coded texts that ship: whole, of known codes, read twice, and without personal data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kamen_analysis import codebook
from kamen_analysis.codebook import corpus, frames
from kamen_analysis.codebook.loader import FOLDER
from kamen_analysis.errors import KamenError
from kamen_analysis.records import OUTCOMES, POST_TYPES, PRODUCTS
from kamen_analysis.redact import find

CODES = set(codebook.load().reasons)
NUMBERS = {"PHONE", "IDCARD", "BANKCARD", "EMAIL", "QQ", "PASSPORT", "PLATE", "IP"}


def test_sentences_and_posts_are_coded_with_known_codes() -> None:
    """Every sentence and post has only codes, types, outcomes and products of the codebook, and no two posts have one id or one text."""
    assert all(sentence.codes <= CODES for sentence in corpus.sentences())
    posts = [post for _, post in corpus.posts()]
    assert {post.post_type for post in posts} == set(POST_TYPES)
    assert {post.outcome for post in posts} == set(OUTCOMES)
    assert {post.product for post in posts} <= set(PRODUCTS)
    assert all(post.codes <= CODES and (post.post_type == "complaint" or not post.codes) for post in posts)
    assert max(Counter(post.id for post in posts).values()) == max(Counter((post.title, post.body) for post in posts).values()) == 1


def test_enough_of_each_code_and_more_without() -> None:
    """Each code has at least a hundred texts that carry it, and more that do not."""
    texts = [sentence.codes for sentence in corpus.sentences()] + [post.codes for _, post in corpus.posts()]
    assert len(texts) >= 4000
    for code in CODES:
        having = sum(code in codes for codes in texts)
        assert 100 <= having < len(texts) / 2


def test_every_post_has_a_second_reading() -> None:
    """The second reader coded every post, with known codes, and not each like the first."""
    second = corpus.second_reading()
    posts = {post.id: post.codes for _, post in corpus.posts()}
    assert second.keys() == posts.keys() and all(codes <= CODES for codes in second.values())
    same = sum(second[key] == codes for key, codes in posts.items())
    assert 0.9 < same / len(posts) < 1


def test_no_numbers_of_people() -> None:
    """The texts, all invented, hold no telephone, identity or card number, no address of mail and no account by number."""
    found = [(post.id, span.kind) for _, post in corpus.posts() for text in (post.title, post.body) for span in find(text)]
    assert not [one for one in found if one[1] in NUMBERS - {"PHONE"}]
    assert sum(kind == "PHONE" for _, kind in found) <= 1  # 3899，11.12 is a price and a date.


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    """A post whose quotation is not in its text is refused with its file and line."""
    line = (FOLDER / "posts" / "near.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "own.jsonl").write_text(line.replace('"body": "', '"body": "x', 1).replace('"quote": "', '"quote": "x', 1) + "\n",
                                                  encoding="utf-8")
    with pytest.raises(KamenError, match=r"own\.jsonl 第 1 行有误：引文不在标题和正文里$"):
        list(corpus.posts(tmp_path))


@pytest.mark.parametrize(("written", "said"), [
    ("{", "不是合规的 JSON"), ("[]", "不合格式"), ("{}", "id 缺少"), ('{"id": 1}', "id 不合格式"), ('{"id": "a", "x": 1}', "title 缺少")])
def test_what_is_wrong_with_a_line_is_told_in_chinese(written: str, said: str, tmp_path: Path) -> None:
    """Each kind of fault is one Chinese line that names the field."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "own.jsonl").write_text(written, encoding="utf-8")
    with pytest.raises(KamenError, match=f"第 1 行有误：\\s?{said}$"):
        list(corpus.posts(tmp_path))


def test_a_post_may_hold_any_line_end(tmp_path: Path) -> None:
    """A coded post whose text has a line end that JSON does not escape is read as one post."""
    with (FOLDER / "posts" / "near.jsonl").open(encoding="utf-8") as lines:
        line = next(lines)
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "own.jsonl").write_text(line.replace('"body": "', '"body": "演示\u2028', 1), encoding="utf-8")
    ((_, post),) = corpus.posts(tmp_path)
    assert post.body.startswith("演示\u2028")


@pytest.mark.parametrize("code", sorted(CODES))
def test_frames_give_plain_sentences(code: str) -> None:
    """Of each code the frames give a thousand different short sentences, half with it, half without, the same ones every time."""
    drawn = list(frames.draw(code))
    assert len(dict(drawn)) == len(drawn) == frames.DRAWN and sum(carries for _, carries in drawn) == len(drawn) / 2
    assert all(2 < len(sentence) <= 48 and "{" not in sentence for sentence, _ in drawn)
    assert drawn == list(frames.draw(code))


@pytest.mark.parametrize(("body", "fault"), [
    ("is: ['{who}不理']\nis_not: ['{nobody}理']", "没有成分 nobody"),
    ("parts: {a: ['{b}'], b: ['{a}']}\nis: ['{a}']", "互相嵌套"),
    ("is: [没人理]\nis_not: [没人理]", "既算又不算"),
])
def test_faulty_frames_are_named(tmp_path: Path, body: str, fault: str) -> None:
    """A part that is nowhere, parts within each other and a sentence that comes out both ways are refused with the file's name."""
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "common.yaml").write_text("parts: {who: [客服]}", encoding="utf-8")
    (tmp_path / "frames" / "stalling.yaml").write_text(body, encoding="utf-8")
    with pytest.raises(KamenError, match=f"frames/stalling.yaml.*{fault}"):
        list(frames.draw("stalling", tmp_path))
