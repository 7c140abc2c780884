"""Refusal reasons: every file's own examples, who says it, what is denied or supposed, and where the evidence stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.codebook import load
from kamen_analysis.label.explain import explain
from kamen_analysis.label.findings import rules
from kamen_analysis.label.posts import label_post, reasons_of
from kamen_analysis.label.reasons import hear

IS = [(code, text) for code, rule in load().reasons.items() for text in rule.examples.is_]
IS_NOT = [(code, text) for code, rule in load().reasons.items() for text in rule.examples.is_not]


def codes(body: str, title: str = "") -> set[str]:
    """Return the codes of a complaint."""
    return {reason.code for reason in reasons_of(title, body)}


@pytest.mark.parametrize(("code", "text"), IS)
def test_examples(code: str, text: str) -> None:
    """Every sentence a reason's file gives as an example gets the code."""
    assert code in codes(text)


@pytest.mark.parametrize(("code", "text"), IS_NOT)
def test_near_misses(code: str, text: str) -> None:
    """Every look-alike a reason's file names does not get the code."""
    assert code not in codes(text)


@pytest.mark.parametrize(("body", "code"), [
    ("我买的时候页面上什么都没有写后来申请退款弹出来一行字电子券不支持退", "virtual_goods"),
    ("网上一搜好多人都是这个型号用了两年屏幕就出一条绿线去店里看了一眼师傅打给总部客服说我这台过了保修期只能自费换屏", "time_barred"),
])
def test_long_without_marks(body: str, code: str) -> None:
    """In text without marks a subject or a hearsay far off leaves a cue alone (what the model says of it is another matter)."""
    found = hear([""], [body]).findings
    assert code in {rules()[number].reason.code for number in found.rule[found.stands]}


@pytest.mark.parametrize(("said", "unsaid", "code"), [
    ("客服说卡密已激活，不能退。", "我说卡密还没激活，可以退吧。", "already_activated"),
    ("他把我拉黑了。", "我把他拉黑了。", "unreachable"),
    ("客服让我录屏证明没用过。", "我要求客服证明我用过。", "burden_shift"),
    ("客服一直拖延。", "客服没有拖延。", "stalling"),
    ("店主跑路了。", "听说店主跑路了。", "unreachable"),
    ("客服说虚拟商品不能退。", "要是客服说虚拟商品不能退，我就投诉。", "virtual_goods"),
    ("店家让我转到他个人微信。", "我自己想加他微信转账，店家不肯，让我走平台。", "private_transfer"),
    ("店家让我转到他个人微信。", "我自己提出转到他个人微信，店家不同意。", "private_transfer"),
])
def test_who_says_it(said: str, unsaid: str, code: str) -> None:
    """The same words count from the other side's mouth or hand, and not denied, supposed, heard of or the consumer's own."""
    assert code in codes(said)
    assert code not in codes(unsaid)


def test_chat_log() -> None:
    """In a chat log the other side's lines count and the consumer's do not."""
    log = "我：能退吗，我没激活过\n客服：亲，这边显示已激活了哦\n我：我真的没有"
    found = reasons_of("", log)
    assert [reason.code for reason in found] == ["already_activated"]
    assert log[found[0].start:found[0].end] in log.split("\n")[1]


def test_misunderstanding() -> None:
    """A refusal that turns out a misunderstanding is none; one that was withdrawn later stays."""
    assert codes("昨天说他把我拉黑了，是我搞错了，他换了个号，抱歉。") == set()
    assert "already_activated" in codes("店家说已激活不能退，投诉后第二天退了。")


@pytest.mark.parametrize(("plain", "odd"), [
    ("卖家让我加微信转账便宜10块。", "卖家让我加威信转账便宜10块。"),
    ("客服说虚拟商品不能退。", "客服說虛擬商品不能退。"),
    ("客服说虚拟商品不能退", "客服说 虚拟商品 不能退"),
])
def test_spellings(plain: str, odd: str) -> None:
    """Evasive spellings, traditional characters and missing marks are read as the plain sentence is."""
    assert codes(plain) == codes(odd) != set()


def test_evidence_in_the_text_as_given() -> None:
    """Evidence is cut from the text as given, full width and traditional as written, and names the title where it stands there."""
    body = "ＡＢＣ，賣家收了錢就把我拉黑了！"
    (reason,) = reasons_of("", body)
    assert (reason.field, body[reason.start:reason.end]) == ("body", reason.text)
    assert "拉黑" in reason.text
    (titled,) = reasons_of("被卖家拉黑", "求帮忙")
    assert (titled.field, titled.text) == ("title", "被卖家拉黑"[titled.start:titled.end])


def test_only_complaints_have_reasons() -> None:
    """An advertisement full of cue words has no reasons."""
    post = {"id": 1, "title": "招代理", "body": "卡盟一手货源招代理，不拖延不跑路，加微信转账优惠，日赚300，诚招分站站长，先到先得。"}
    labelled = label_post(post)
    assert labelled.post_type != "complaint"
    assert labelled.reasons == []


def test_explain() -> None:
    """The trace names the cue, the rule, who spoke and the verdict, for what is kept and for what is dropped."""
    trace = explain({"id": "7", "title": "会员没到账", "body": "买的会员没到账，客服说已激活不能退。我朋友说他们会拉黑人。"})
    assert "已激活/已使用 ←" in trace
    assert "对方说" in trace
    assert "采用" in trace
    assert "不取" in trace


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="客服说我不退已激活没有拖等三天了拉黑“”，。：\n 🙂Ａ１ß", max_size=120), st.text(max_size=30))
def test_any_text(body: str, title: str) -> None:
    """Whatever the text, every piece of evidence is a non-empty stretch of the field it names."""
    for reason in reasons_of(title, body):
        text = title if reason.field == "title" else body
        assert 0 <= reason.start < reason.end <= len(text)
        assert reason.text == text[reason.start:reason.end]
