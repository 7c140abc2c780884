"""What is found is hidden whole: the run, the address, the quotes and brackets it lies in, and no amount or next word with it."""

from __future__ import annotations

import re

import pytest

from kamen_analysis.redact import find, redact

_MARK = re.compile("⟦(.*?)⟧")


@pytest.mark.parametrize("told", [
    "客服小号：⟦mudan丶〇五一⟧，不回", "加v ⟦qingshan 减号 77 减号 yy⟧ 说给返现", "微信改成⟦zhou❤feng❤0319⟧了",
    "vx：⟦t o n g x i n _ kefu⟧ 还在发圈", "提货码是⟦QX7R—3Z0L P9 4K⟧，核销不了", "兑换码：⟦Z8 K1 ／ 7 7 P D ／ 0 3 3 5⟧，说无效",
    "支付宝⟦chenguang㊂㊄@post.example⟧ 收的钱", "写信给⟦fankui 艾特 yunqi-fuwu 点 example⟧没人回", "加微信⟦luoye八八16⟧ 发截图",
    "编号⟦NO.5三0八2 1 9 四四⟧，查无此单", "车牌⟦湘 A·三 8 8 Q 二⟧，白色的", "邮箱 ⟦hua.mu at some-mail dot example⟧",
    "地址⟦湖北省荆州市沙市区塔桥路19号纺织厂旧楼三层⟧，没人收", "送到⟦桂林市七星区东环路6号2栋1单元顶层西侧⟧，打电话没人",
    "寄⟦贵州省 遵义市 湄潭县 兴隆镇 （龙泉）村 六十三 号⟧", "店在⟦东莞长安…霄边大道…电子城（后门那个）…二楼B 1 7 3柜⟧",
    "住⟦云南省曲靖市会泽县迤车镇中寨村大石头⟧，路不好走", "收货：⟦河南省，，信阳市，，光山县文殊乡，，方洼村五组（村口水塔旁边）⟧",
    "老板叫⟦贺☆之☆琳⟧，跑了", "收款人 ⟦陶——一——鸣⟧，查不到", "实名是⟦古 丽 娜 尔·吐 尔 逊⟧", "转给的人是⟦Zhang Minghui⟧，英文的",
    "微信⟦mx77（中间空格）qing⟧ 加了没通过", "单号⟦82640017（接下行）5531⟧查无", "收款人⟦阿依古丽·买买提⟧，没见过",
    "昵称“⟦点卡王二叔⟧”，别信", "就打⟦（一八六）三零七二-五五九一⟧，别微信",
])
def test_a_find_goes_on_to_its_end(told: str) -> None:
    """Signs, blanks, numerals, signs said and levels of an address do not end what is found."""
    text = _MARK.sub(r"\1", told)
    covered = {i for span in find(text) for i in range(span.start, span.end)}
    mark = _MARK.search(told)
    assert mark
    assert all(i in covered for i in range(mark.start(), mark.end() - 2) if not text[i].isspace())


@pytest.mark.parametrize(("text", "kept"), [
    ("加微信abc_kefu01 50元一个月", " 50元一个月"), ("微信abc_kefu01一直不回", "一直不回"),
    ("加微信abc_kefu01，2024年的事", "，2024年的事"), ("vx：hxq_kf88 vip到期了", " vip到期了"),
    ("加qq 582910473——100元没了", "——100元没了"),
    ("寄到杭州市西湖区文三路99号5栋，没收到", "，没收到"), ("寄到杭州市西湖区文三路99号5栋没人签收", "没人签收"),
    ("加微信abc_kefu01（骗子）50元没了", "（骗子）50元没了"), ("加qq582910473然后100块没了", "然后100块没了"),
    ("我写信给《贺小琳传》的作者", "我写信给《贺小琳传》的作者"),
    ("邮箱 abc@163.com=1280点券没到", "=1280点券没到"), ("账号kamen_abc/198元/3月5日", "/198元/3月5日"), ("账号abc_123+100Q币", "+100Q币"),
    ("邮箱 abc@163.com 2023-03-01 付的", " 2023-03-01 付的"), ("激活码ABCD-1234-EFGH-5678 2025/03/11 14:20 发的", " 2025/03/11 14:20 发的"),
    ("邮箱abc@163.com 20250311 充值", " 20250311 充值"), ("微信kamen8899（店主）2580 没退", "（店主）2580 没退"),
    ("QQ：123456789—客服—1280没退", "—客服—1280没退"), ("手机13912345678（本人）2025-03-05充值", "（本人）2025-03-05充值"),
    ("微信昵称：大海骗我500块钱不退", "骗我500块钱不退"), ("地址：上海市浦东新区张江路500号（付款198元的那个）", "（付款198元的那个）"),
    ("收货地址杭州市西湖区文三路100号 3月5日下单天猫旗舰店", " 3月5日下单天猫旗舰店"),
])
def test_what_follows_a_find_is_no_part_of_it(text: str, kept: str) -> None:
    """An amount, a day, another channel or the sentence's next words stay, and so does what stands between the marks of a title."""
    assert redact(text).text.endswith(kept)
