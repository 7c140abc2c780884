"""What is put between the characters of a value hides nothing: it is read without as well, and found where it stands."""

from __future__ import annotations

import re

import pytest

from kamen_analysis.redact import find, redact

_MARK = re.compile("⟦(.*?)⟧", re.DOTALL)


@pytest.mark.parametrize("told", [
    "教练⟦岳~海~鹏⟧离职了，课没上完", "师傅⟦卢•水•生⟧冒雨来修", "群主⟦温❤国❤庆⟧收完钱就解散了", "收款显示⟦戚、小、蓉⟧，不认识",
    "寄件人写的⟦史+建+国⟧。", "客服⟦姜（jiāng）大龙⟧骂人", "学员⟦倪(ni)根生⟧，没学完", "户名⟦gěng yī nuò⟧，对不上", "⟦lóu xiǎo yún⟧收",
    "住址⟦南 昌 市 东 湖 区 文 教 路 2 8 号 7 栋 4 1 6⟧，没人来", "家在⟦湖北省|宜昌市|西陵区|绿柳路|18号|7栋|1103室⟧。",
    "店在⟦辽宁省、鞍山市、铁东区、果园路、203号⟧，关了", "手机⟦幺五二，然后六二七，然后七幺八，然后九三⟧，打不通",
    "我报了号：⟦幺七七嗯二零三八啊五五幺六⟧", "激活码⟦FS9Q2（横）MMT41（横）0KXPE⟧用不了", "卡号⟦6214(去掉)5903(去掉)8203(去掉)1746⟧",
])
def test_a_value_is_found_over_what_is_put_between(told: str) -> None:
    """Signs between characters, glosses, tones, fillers and asides."""
    text, mark = _MARK.sub(r"\1", told), _MARK.search(told)
    assert mark
    covered = {i for span in find(text) for i in range(span.start, span.end)}
    assert all(i in covered for i in range(mark.start(), mark.end() - 2) if not text[i].isspace())
    assert not find(redact(text).text)


@pytest.mark.parametrize("text", [
    "金、木、水、火、土都要", "充了32然后56然后98，都没到", "买/卖/租都行", "高-中-低三档", "重（zhòng）要的事说三遍",
    "价格 99 / 199 / 299 三档", "从北京市，到上海市，都发货", "省、市、县三级代理都招", "红~黄~绿三种皮肤都有",
])
def test_what_is_no_value_stays(text: str) -> None:
    """Lists of words, sums and glosses of words are nobody's."""
    assert not find(text)
