"""Context devices: what takes the force from a refusal, and how far it reaches; by the rules alone, without the model."""

from __future__ import annotations

import pytest

from kamen_analysis.label.findings import rules
from kamen_analysis.label.reasons import hear

PAIRS = {
    "told by an acquaintance": [
        ("听同事老赵说，他那回人家讲超过售后期不受理。", "听同事老赵劝，我去找了店家，店家讲超过售后期不受理。", "time_barred"),
        ("同组的小周说她上回被拉黑了。", "同组的小周陪我去问，店家把我拉黑了。", "unreachable"),
        ("舍友讲肯定要我录屏证明没用过。", "舍友在旁边看着，客服要我录屏证明没用过。", "burden_shift"),
    ],
    "not met with": [
        ("有人讲这家虚拟商品不退，我还没遇到。", "客服讲虚拟商品不退，这种话我听够了。", "virtual_goods"),
        ("退一半那是他猜的。", "店家说只能退一半。", "partial_refund"),
    ],
    "not to the point": [
        ("说句题外话，食堂墙上写着虚拟商品概不退换。", "说句真话，店家说虚拟商品概不退换。", "virtual_goods"),
        ("租的房子只退一半押金，那是房东的，与此无关。", "租的号到期，店家只退一半押金。", "partial_refund"),
    ],
    "the consumer's own wish": [
        ("我自己主动要求转到他个人账户，他没收。", "他要求我转到他个人账户。", "private_transfer"),
        ("本人自愿只退一半。", "对方称只退一半。", "partial_refund"),
    ],
    "an impostor": [
        ("前天有个骗子打电话来，说订单过期了不能退。", "这个骗子商家说订单过期了不能退。", "time_barred"),
        ("有人冒充官方客服加我，让我先转账到他个人账户，我没上当。", "卖家加我微信，让我先转账到他个人账户。", "private_transfer"),
        ("自称售后的人说虚拟商品不退，我没理，不是店里的人。", "售后的人说虚拟商品不退，我没答应。", "virtual_goods"),
    ],
    "a threat of the consumer's": [
        ("你们要敢说我用过了我就举报。", "他们说我用过了，我就举报了。", "already_activated"),
        ("以后再说过期我可不干。", "他又说过期，以后我不来了。", "time_barred"),
        ("别想说是我自己操作失误。", "客服说是我自己操作失误。", "deny_fault"),
    ],
    "asked and denied": [
        ("我问是不是只退一半，客服说不会，全额退。", "我问能退多少，客服说只退一半。", "partial_refund"),
        ("客服说不用录屏证明。", "客服说要录屏证明没用过。", "burden_shift"),
    ],
    "never that": [
        ("他说他不是那种只退一半的人。", "他说他只退一半。", "partial_refund"),
        ("店家从不让人等着说再等三天，今天就给办。", "店家一直说再等三天，天天说再等三天。", "stalling"),
    ],
    "cleared of fault": [
        ("店员说不是您操作失误。", "店员说是您操作失误。", "deny_fault"),
        ("店家说过期是他们弄错的。", "店家说过期了不能退。", "time_barred"),
    ],
    "a general rule not used": [
        ("客服说拆封用过的一般不退，但我这个是质量问题不算那种。", "客服说拆封用过的不退。", "already_activated"),
        ("客服讲正常情况是扣一成手续费，您这单不扣。", "客服讲我这单扣一成手续费。", "partial_refund"),
    ],
}


def standing(body: str) -> set[str]:
    """Return the codes of the cues that stand in a complaint."""
    found = hear([""], [body]).findings
    return {rules()[number].reason.code for number in found.rule[found.stands]}


@pytest.mark.parametrize(("closed", "open_", "code"), [pair for pairs in PAIRS.values() for pair in pairs])
def test_scope(closed: str, open_: str, code: str) -> None:
    """A refusal inside the scope of a device does not count, the same refusal outside of it does."""
    assert code not in standing(closed)
    assert code in standing(open_)
