"""Names and nicknames are judged by their surroundings: where they end, and that ordinary words are none."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.redact import find, redact, redact_many
from kamen_analysis.redact.names import called, ordinary, person, stranger
from kamen_analysis.redact.nicknames import nickname, phrase

_NAMED = ["找客服经理聂宝山六十多次", "我老婆方静的花呗", "业务员单立军说交三千就行", "原告柏雪，被告某公司", "这个翁立群，我已经报警"]
_PIECES = st.sampled_from(["客服", "老板", "张伟", "小王", "叫", "微信", "abc_88", "13800138000", "地址", "路12号", "说", "，", "一三八",
                           "阿杰", "：", "昵称"])


@pytest.mark.parametrize("text", _NAMED)
def test_a_name_is_covered_and_ends_where_the_next_word_begins(text: str) -> None:
    """The name is covered, and nothing of the word that follows it."""
    left = redact(text).text
    assert "[姓名]" in left
    assert any(after in left for after in ("]六十", "]的花呗", "]说交", "]，"))


def test_judges_stop_before_an_ordinary_word() -> None:
    """A name of three characters gives way to one of two if its last character begins an ordinary word."""
    text = "王磊今天没来"
    assert person(text, 0, 3) == 2
    assert stranger("方便的话回电", 0, 2) is None
    assert called("态度很差", 0, 2) is None


def test_nicknames_are_no_predicates_and_no_possessions() -> None:
    """What a seller does or has stays; what nobody does or has is a nickname."""
    assert nickname("卖家打赏了", 2, 5) is None
    assert nickname("客服服务态度", 2, 6) is None
    assert nickname("卖家夜猫子说", 2, 5) == 5
    assert phrase("昵称密码", 2, 4) is None


def test_ordinary_words_hold_no_surname_with_a_title() -> None:
    """小王 and 老李 stand in complaints, and are people all the same."""
    assert not {"小王", "小李", "老张", "阿杰"} & ordinary()
    assert {"态度", "客服", "今天", "退款"} <= ordinary()


def test_posts_without_personal_data_show_only_people_called_by_title() -> None:
    """In the invented posts of the codebook, which call people by title only, one in a hundred shows anything at most, never a number."""
    folder = resources.files("kamen_analysis.codebook") / "posts"
    lines = [line for file in folder.iterdir() if file.name.endswith(".jsonl") for line in file.read_text("utf-8").splitlines()]
    posts = [json.loads(line)["body"] for line in lines]
    found = [{span.kind for span in done.spans} for done in redact_many(posts) if done.spans]
    assert len(posts) > 1500
    assert len(found) < len(posts) / 100
    assert set().union(*found) <= {"NAME", "ACCOUNT", "ADDRESS"}


@pytest.mark.parametrize("text", [
    "签收的叫“门卫”", "群里的“副群主”转给了“副站长”", "改名叫“迟到”", "群名改成了“打牌散心群里”", "群里成员转让都先问他", "师傅摇摇头走了",
    "在拼拼会员买的季卡", "昵称变成了一堆问号", "安装版本号是 v3.4.0", "那位打手家里有喜事，晚了两天", "她说姓客", "同事都羡慕，我却退不掉",
])
def test_roles_ordinary_words_and_what_is_told_are_nobodys_names(text: str) -> None:
    """A word for a role, an ordinary word in quotes, a shop's name, a version and what somebody does name nobody."""
    assert not find(text)


def test_a_name_in_a_title_is_nobodys_also_at_the_beginning_of_a_batch() -> None:
    """The marks around a title are looked for within the first characters of what is read, too."""
    assert not find("《本人贺小琳》这书没到")


@settings(max_examples=100, deadline=None)
@given(st.lists(_PIECES, max_size=10).map("".join))
def test_what_stands_before_an_address_does_not_hide_it(before: str) -> None:
    """However long the sentence before it, the address is found from its own first character on."""
    text = f"{before}。寄到浙江省杭州市西湖区文三路99号5栋"
    covered = {i for span in find(text) for i in range(span.start, span.end)}
    assert set(range(len(before) + 3, len(text))) <= covered
