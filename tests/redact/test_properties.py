"""What holds for any text at all: spans are sound, redaction is final, planted identifiers never survive."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.redact import find, redact, redact_many
from kamen_analysis.redact.engine import redact_rows
from kamen_analysis.redact.rules import book

_WORDS = ["微信", "QQ", "电话", "订单号", "卡密", "密码", "支付宝", "本人", "客服", "收款人", "地址", "号", "路", "栋", "张伟", "先生",
          "元", "，", "。", "\n", "：", " ", "13800138000", "一三八", "零零", "①", "❤", "abc_88", "@", "qq.com", "https://", "A1B2-",
          "[手机号]", "[", "]", "0755-", "\u200b", "㐀", "２０２５", "6222"]
_ANY = st.text(st.characters(codec=None, categories=None), max_size=80)  # lone surrogates, NULs and bidi marks included
_MIXED = st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=6)), max_size=25).map("".join)
_TEXTS = st.one_of(_ANY, _MIXED)
_NOISE = st.text("的我了退款游戏点卡说不给钱。，！ \n", max_size=40)
_PLANTED = {"PHONE": "13912345678", "IDCARD": "11010519491231002X", "EMAIL": "li.ming@post.example", "BANKCARD": "6222020200112233445",
            "CARDKEY": "AB12C-DE34F-GH56J-KL78M", "PAYURL": "https://pay.shop.example/p?token=a8f3c1"}


@settings(max_examples=400, deadline=None)
@given(_TEXTS)
def test_spans_are_sorted_apart_and_inside(text: str) -> None:
    """Spans lie within the text, in order, without touching one another's characters."""
    edges = [edge for span in find(text) for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(span.start < span.end <= len(text) for span in find(text))


@settings(max_examples=400, deadline=None)
@given(_TEXTS)
def test_only_spans_change(text: str) -> None:
    """The redacted text is the text as given with each span replaced by its kind's placeholder, nothing else."""
    done, placeholder = redact(text), {kind.kind: kind.placeholder for kind in book().kinds}
    rebuilt, at = "", 0
    for span in done.spans:
        rebuilt += text[at:span.start] + placeholder[span.kind]
        at = span.end
    assert done.text == rebuilt + text[at:]


@settings(max_examples=600, deadline=None)
@given(_TEXTS)
def test_redacted_text_holds_nothing_more(text: str) -> None:
    """Redacting a second time finds nothing: the gate at the door passes what the redactor let through."""
    assert find(redact(text).text) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(_TEXTS, st.sampled_from(["", "㐁", "\n㐁\n", "电话", "13912345678"])), max_size=6))
def test_many_at_once_are_redacted_like_one_by_one(texts: list[str]) -> None:
    """No text of a batch is read together with its neighbours, whatever it begins or ends with."""
    assert redact_many(texts) == [redact(text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.one_of(_TEXTS, st.sampled_from(["", "13912345678", "李晓明", "我叫李晓明"])), max_size=4), max_size=4))
def test_rows_are_redacted_for_good_and_each_by_itself(rows: list[list[str]]) -> None:
    """No row is read together with its neighbours, and nothing more is found in what a row has become."""
    done = redact_rows(rows)
    assert done == [redact_rows([row])[0] for row in rows]
    assert all(find(one.text) == [] for row in done for one in row)
    assert [redact_rows([[text]])[0][0] for row in rows for text in row] == [redact(text) for row in rows for text in row]


@settings(max_examples=200, deadline=None)
@given(_NOISE, _NOISE, st.sampled_from(sorted(_PLANTED)))
def test_a_planted_identifier_never_survives(before: str, after: str, kind: str) -> None:
    """An identifier between any two pieces of ordinary text is gone, the digits of it too."""
    value = _PLANTED[kind]
    done = redact(f"{before} {value} {after}")
    assert value not in done.text
    assert not re.search(r"\d{5}", done.text)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["", " ", "-", "\u200b", "—", "🌟", "\n", ".", "\u2060", " - "]), st.lists(st.booleans(), min_size=10, max_size=10),
       st.lists(st.booleans(), min_size=11, max_size=11))
def test_a_phone_is_found_however_it_is_strewn(gap: str, gapped: list[bool], spoken: list[bool]) -> None:
    """A separator wherever the writer likes, any digit as a Chinese numeral: the whole number is covered."""
    digits = ["零一二三四五六七八九"[int(d)] if zh else d for d, zh in zip("13912345678", spoken, strict=True)]
    number = "".join(d + gap * on for d, on in zip(digits, [*gapped, False], strict=True))
    text = f"手机：{number}，打不通"
    covered = {i for span in find(text) for i in range(span.start, span.end)}
    assert {i for i in range(3, 3 + len(number)) if text[i].isalnum()} <= covered
