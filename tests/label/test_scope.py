"""Product and scope: what was bought, and whether it is a virtual good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kamen_analysis.codebook import coding
from kamen_analysis.label.scope import scope
from kamen_analysis.records import PRODUCTS

OWN = [json.loads(line) for line in (Path(__file__).parent / "own_posts.jsonl").read_text(encoding="utf-8").splitlines()]

CASES = [
    ("game_topup", None, "我买的点卡充不进去，客服不理"),
    ("membership", None, "我买了视频会员年卡，一周就掉了，不给补"),
    ("software_key", None, "我买了个激活码，装不上，不退"),
    ("account", None, "我买的游戏号被号主找回了"),
    ("gift_card", None, "我买的购物卡余额是零，店家不认"),
    ("phone_topup", None, "我充了一百话费三天没到"),
    ("virtual_currency", None, "我的平台币余额被冻结，提现不了"),
    ("boosting", None, "我找的代练打到一半跑了"),
    ("course", None, "我买的网课打不开，要求退款不理"),
    ("other_virtual", None, "我买的素材模板下载链接失效，店家不退"),
    ("physical", None, "我的快递丢了，网点不赔"),
    ("physical", "某某速递", "我等了五天还没送到"),
    ("service", None, "我退了机票，航空公司不退钱"),
    ("service", None, "我租房到期，房东不退押金"),
    ("other_virtual", "云上卡盟", "我付了钱没给货，不理我"),
    ("boosting", "快乐代练", "我付了钱没人接，不退"),
]


@pytest.mark.parametrize(("product", "target", "body"), CASES)
def test_scope_names_the_product(product: str, target: str | None, body: str) -> None:
    """Each kind of good is told from what was bought, or else from the name of the shop; virtual goods are in scope."""
    assert scope("", body, target) == (product not in coding.products().real_life, product)


def test_scope_reads_past_incidental_words() -> None:
    """Paying by red packet, a phone number or a comparison with milk is not what was bought."""
    assert scope("", "我买的点卡用不了，发了红包付的，手机号也留了，牛奶都比它保质", None) == (True, "game_topup")


def test_scope_weighs_a_shop_name_once() -> None:
    """A shop's name repeated in the text does not outweigh what was bought there."""
    body = "在青山点卡买的视频会员掉了，青山点卡不管，再找青山点卡，青山点卡不回"
    assert scope("投诉青山点卡", body, "青山点卡") == (True, "membership")


def test_scope_of_what_is_no_complaint() -> None:
    """What tells of virtual goods is in scope though it has no product; letters and debt collectors are not."""
    assert scope("", "近日，专家提醒消费者购买卡密应选择正规平台，切勿私下转账。", None) == (True, "none")
    assert scope("", "一手货源 会员批发 秒发 诚招代理", None) == (True, "none")
    assert scope("", "专业追款团队，不成功不收费，加微信咨询", None) == (False, "none")
    assert scope("", "老板拖欠我们三个月工资", None) == (False, "none")
    assert scope("", "游戏账号可以继承吗", None) == (True, "account")
    assert scope("", "请问卡密激活后能不能退，商家写概不退换有效吗", None) == (True, "none")


def test_scope_on_own_posts() -> None:
    """On the posts coded for these tests scope is right in 95 of 100 and product in 90 of 100."""
    pairs = [((p["gold"]["in_scope"], p["gold"]["product"]), scope(p["title"], p["body"], p["target"])) for p in OWN]
    assert sum(g[0] == s[0] for g, s in pairs) / len(pairs) >= 0.95
    assert sum(g[1] == s[1] for g, s in pairs) / len(pairs) >= 0.90
    assert {said[1] for _, said in pairs} == set(PRODUCTS)
