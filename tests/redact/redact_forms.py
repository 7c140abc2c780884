"""The hard forms people write identifiers in, and sentences to plant them in: material for the tests and for measuring recall."""

from __future__ import annotations

import random
from collections.abc import Callable

_HAN = "零一二三四五六七八九"
_SPOKEN = "洞幺两三四五六七八九"
_CAPITAL = "零壹贰叁肆伍陆柒捌玖"
_LETTERS = {"0": "o", "1": "l", "2": "z"}
_KEYCAP = "\ufe0f\u20e3"


def _every(text: str, gap: str, n: int = 1) -> str:
    return gap.join(text[i:i + n] for i in range(0, len(text), n))


def _digits(text: str, to: Callable[[str], str]) -> str:
    return "".join(to(c) if c.isdigit() and c.isascii() else c for c in text)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda t: t,
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "spaced": lambda t: _every(t, " "),
    "spaced by four": lambda t: _every(t, " ", 4),
    "wide spaces": lambda t: _every(t, "\u3000", 3),
    "dashes": lambda t: _every(t, "-", 4),
    "long dashes": lambda t: _every(t, " — ", 4),
    "broken over lines": lambda t: _every(t, "\n", 5),
    "dots": lambda t: _every(t, ".", 3),
    "commas": lambda t: _every(t, "，"),
    "slashes": lambda t: _every(t, "/", 2),
    "zero width": lambda t: _every(t, "\u200b"),
    "word joiner": lambda t: _every(t, "\u2060", 2),
    "emoji": lambda t: _every(t, "🌟", 3),
    "emoji with selector": lambda t: _every(t, "❤️", 4),
    "keycaps": lambda t: _digits(t, lambda c: c + _KEYCAP),
    "circled": lambda t: _digits(t, lambda c: "⓪①②③④⑤⑥⑦⑧⑨"[int(c)]),
    "black circled": lambda t: _digits(t, lambda c: "⓿❶❷❸❹❺❻❼❽❾"[int(c)]),
    "mathematical": lambda t: _digits(t, lambda c: chr(0x1D7CE + int(c))),
    "Chinese numerals": lambda t: _digits(t, lambda c: _HAN[int(c)]),
    "spoken numerals": lambda t: _digits(t, lambda c: _SPOKEN[int(c)]),
    "Chinese numerals spaced": lambda t: _every(_digits(t, lambda c: _HAN[int(c)]), " ", 4),
    "every third digit Chinese": lambda t: "".join(_HAN[int(c)] if i % 3 == 1 and c.isdigit() else c for i, c in enumerate(t)),
    "letters for digits": lambda t: "".join(_LETTERS.get(c, c) if i % 2 else c for i, c in enumerate(t)),
    "wide and narrow": lambda t: "".join(chr(ord(c) + 0xFEE0) if i % 2 and c.isascii() else c for i, c in enumerate(t)),
    "right to left marks": lambda t: f"\u202a{t[:4]}\u202c\u2068{t[4:]}\u2069",
    "combining marks": lambda t: _every(t, "\u0336"),
    "capital numerals": lambda t: _digits(t, lambda c: _CAPITAL[int(c)]),
    "said dash": lambda t: _every(t, "杠", 4),
    "said point": lambda t: _every(t, "点", 4),
    "said blank": lambda t: _every(t, "空格", 4),
    "brackets": lambda t: "".join(f"（{t[i:i + 4]}）" for i in range(0, len(t), 4)),
    "square brackets": lambda t: "".join(f"【{t[i:i + 4]}】" for i in range(0, len(t), 4)),
    "stars": lambda t: _every(t, "*"),
    "waves": lambda t: _every(t, " ~ ", 4),
    "middle dots": lambda t: _every(t, "·", 3),
    "pictures": lambda t: _every(t, "📱", 4),
    "ideographic commas": lambda t: _every(t, "、"),
    "bars": lambda t: _every(t, "|", 4),
    "underscores": lambda t: _every(t, "_", 4),
    "Cyrillic": lambda t: "".join({"3": "З", "0": "О"}.get(c, c) if i % 2 else c for i, c in enumerate(t)),
    "subscripts": lambda t: _digits(t, lambda c: chr(0x2080 + int(c))),
    "boxed": lambda t: _digits(t, lambda c: chr(0x1FBF0 + int(c))),
}

CONTEXTS: dict[str, list[str]] = {
    "PHONE": ["我的手机号是{}，一直没到账", "联系电话：{}", "打{}这个号没人接", "充的是这个号码 {} 充了100", "有事打我电话{}。"],
    "IDCARD": ["身份证号{}都给他们了", "实名认证了，身份证：{}", "证件号码 {}，还说没实名", "我的身份证是{}。"],
    "BANKCARD": ["钱转到这张银行卡：{}", "退到我卡里，卡号{}", "让我打到私人账户 {} ，户名不是公司", "收款账号是{}，建行的"],
    "QQ": ["加他QQ：{} 说好的", "扣扣{}把我删了", "企鹅号 {} 是骗子", "联系QQ{}，不回"],
    "ALIPAY": ["打到支付宝{}了", "支付宝账号：{}", "收款支付宝是 {} ，个人的"],
    "ORDER": ["订单号：{}", "单号{}一直在处理", "交易流水号 {} ，求查"],
    "CARDKEY": ["卡密{}提示已使用", "激活码：{}", "卡号 {} 查不到余额", "兑换码是{}，无效"],
}

LATIN = {"plain", "full width", "zero width", "word joiner", "spaced", "wide and narrow", "right to left marks", "dashes",
         "combining marks"}


def value(kind: str, rng: random.Random) -> str:
    """Return an invented identifier of `kind`."""
    digits = "".join(rng.choices("0123456789", k=24))
    born = f"{rng.randint(1950, 2009)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    made = {
        "PHONE": "1" + rng.choice("3456789") + digits[:9], "ALIPAY": "1" + rng.choice("35789") + digits[:9],
        "IDCARD": f"{rng.choice([110105, 420106, 510104])}{born}{digits[:4]}",
        "BANKCARD": "62" + digits[:17], "QQ": rng.choice("123456789") + digits[:8], "ORDER": "2025" + digits[:14],
        "CARDKEY": "-".join("".join(rng.choices("ABCDEFGHJKMNPQRSTUVWXY3456789", k=4)) + str(rng.randint(3, 9)) for _ in range(3)),
    }
    return made[kind]
