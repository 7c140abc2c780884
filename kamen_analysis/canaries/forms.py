"""Identifiers nobody has, of every kind in every form, each made once; and the search that finds them again however they are written."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

import ahocorasick_rs

from kamen_analysis import zh

_HAN = "零一二三四五六七八九"
_TO_DIGITS = str.maketrans(_HAN + "〇", "01234567890")
_MARKS = re.compile(r"[\W_]+")
# What stands between two values of a table or a list, and never inside one.
_APART = re.compile(r"[,，;；|\"'<>\[\](){}=]")


def essence(text: str) -> str:
    """Return `text` as its letters and digits alone: folded, nothing unseen, no separators, Chinese numerals as digits."""
    return _MARKS.sub("", zh.fold(zh.squeeze(text)[0])).translate(_TO_DIGITS)


def _places(text: str) -> list[int]:
    """Return where in `text` each character of its essence stands."""
    kept, offsets = zh.squeeze(text)
    return [offsets[at] for at, char in enumerate(zh.fold(kept)) if not _MARKS.match(char)]


def _every(text: str, gap: str, n: int) -> str:
    return gap.join(text[i:i + n] for i in range(0, len(text), n))


_LETTERS = str.maketrans("01", "ol")
FORMS: dict[str, Callable[[str], str]] = {
    "原样": lambda t: t,
    "全角": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "零宽": lambda t: _every(t, "\u200b", 1),
    "分节": lambda t: _every(t, " ", 4),
    "断行": lambda t: _every(t, "\n", 5),
    "表情": lambda t: _every(t, "\U0001f60a", 4),
    "汉字": lambda t: "".join(_HAN[int(c)] if c in "0123456789" else c for c in t),
    "混写": lambda t: "".join(_HAN[int(c)] if c in "0123456789" and i % 2 else c for i, c in enumerate(t)),
    "字母": lambda t: t.translate(_LETTERS),
    "暗语": lambda t: t,
}
_WHOLE = ("原样", "全角", "零宽")  # what these do to a value leaves it what it is, whatever its kind
_CUT = ("分节", "断行", "表情")
# Kinds whose values may be written in the other forms too: a name cut into three characters is three words.
_LOOSE = {
    **dict.fromkeys(("PHONE", "IDCARD", "BANKCARD", "QQ", "ALIPAY"), (*_CUT, "汉字", "混写", "字母")), "ORDER": (*_CUT, "汉字", "混写"),
    **dict.fromkeys(("CARDKEY", "PASSPORT", "PERMIT"), _CUT[:2]), "NUMBER": ("汉字",),
}

CONTEXTS = {
    "PHONE": "我的手机号是{}，一直没到账", "IDCARD": "身份证号：{}，都给他们了", "BANKCARD": "银行卡号：{}，户名不是公司",
    "QQ": "加他QQ：{}，不回", "WECHAT": "加微信：{}，转过去就没人了", "ALIPAY": "支付宝账号：{}，个人的", "EMAIL": "发到邮箱：{}，没回",
    "NAME": "收款人：{}，", "ADDRESS": "寄到{}，", "ORDER": "订单号：{}，求查", "CARDKEY": "卡密：{}，提示已使用", "PAYURL": "让我扫 {} 付",
    "PLATE": "车牌{}，", "PASSPORT": "护照号：{}，", "PERMIT": "港澳通行证：{}，", "IP": "登录IP是{}，", "ACCOUNT": "UID：{}，被封",
    "NUMBER": "他发来 {} ，就没下文了",
}
# The words people write so that a site does not see which account is meant; of those of a kind the value decides.
DISGUISED = {
    "QQ": ("加扣扣{}，不回", "加我秋秋{}，没通过", "企鹅号{}，拉黑了"), "ALIPAY": ("zfb：{}，个人的",),
    "WECHAT": ("加v❤ {}，拉黑了", "加薇{}，转过去就没人了", "加微❤{}，不回", "vx：{}，不回"),
}


def _id_card(rng: random.Random) -> str:
    born = f"{rng.randint(1950, 2009)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body = f"{rng.choice([110105, 420106, 510104])}{born}{rng.randint(0, 999):03}"
    total = sum(int(d) * w for d, w in zip(body, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return body + "10X98765432"[total % 11]


def value(kind: str, rng: random.Random) -> str:
    """Return an invented identifier of `kind`."""
    def some(n: int, letters: str = "0123456789") -> str:
        return "".join(rng.choices(letters, k=n))

    letters, given = "abcdefghjkmnpqrstuvwxyz", "建国伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂"
    made: dict[str, Callable[[], str]] = {
        "PHONE": lambda: f"1{some(1, '356789')}{some(9)}", "IDCARD": lambda: _id_card(rng), "BANKCARD": lambda: "6222" + some(15),
        "QQ": lambda: some(1, "123456789") + some(9), "WECHAT": lambda: f"kf_{some(5, letters)}{some(4)}", "ALIPAY": lambda: f"13{some(9)}",
        "EMAIL": lambda: f"{some(6, letters)}{some(3)}@post.example", "NAME": lambda: some(1, "王李张刘陈杨黄赵周吴") + some(2, given),
        "ADDRESS": lambda: f"广东省深圳市南山区学府路{rng.randint(10, 990)}号{rng.randint(1, 30)}栋{rng.randint(100, 2900)}室",
        "ORDER": lambda: f"2025{some(14)}", "CARDKEY": lambda: "-".join(some(3, letters.upper() + "345") + some(1) for _ in range(4)),
        "PAYURL": lambda: f"https://u.payqr.example/a/{some(10, letters)}{some(4)}", "PLATE": lambda: f"粤B{some(1, 'ABCDEFGH')}{some(4)}",
        "PASSPORT": lambda: f"E{some(8)}", "PERMIT": lambda: f"C{some(8)}",
        "IP": lambda: ".".join(str(rng.randint(130, 239)) for _ in range(4)), "ACCOUNT": lambda: some(1, "123456789") + some(9),
        "NUMBER": lambda: "9" + some(13),
    }
    return made[kind]()


@dataclass(frozen=True)
class Canary:
    """One planted identifier: its kind and form, the field it stands in, and the text as planted (sentence and value)."""

    kind: str
    form: str
    field: str
    value: str

    @property
    def _formed(self) -> str:
        # A key that is cut anew has its own hyphens no more.
        return FORMS[self.form](self.value.replace("-", "") if self.form in _CUT else self.value)

    @property
    def written(self) -> str:
        """The sentence that holds it."""
        said = DISGUISED[self.kind] if self.form == "暗语" else (CONTEXTS[self.kind],)
        return said[sum(map(ord, self.value)) % len(said)].format(self._formed)

    @property
    def needle(self) -> str:
        """What is searched for: of an address the house, for a city is nobody's."""
        return essence(self.value.partition("学府路")[2] if self.kind == "ADDRESS" else self._formed)


def pairs() -> list[tuple[str, str]]:
    """Return every (kind, form) that makes sense."""
    forms = {kind: (*_WHOLE, *_LOOSE.get(kind, ()), *(["暗语"] if kind in DISGUISED else [])) for kind in CONTEXTS}
    return [(kind, form) for kind in CONTEXTS for form in FORMS if form in forms[kind]]


class Planter:
    """Makes canaries, no two alike, and remembers them as `planted`."""

    def __init__(self, seed: int) -> None:
        self._rng, self.planted, self._seen = random.Random(seed), list[Canary](), set[str]()

    def __call__(self, kind: str, form: str, field: str) -> str:
        """Return a sentence with a fresh canary for `field`."""
        while True:
            canary = Canary(kind, form, field, value(kind, self._rng))
            if canary.needle not in self._seen:
                self._seen.add(canary.needle)
                self.planted.append(canary)
                return canary.written


class Search:
    """Finds planted canaries in any text, however written, in one pass."""

    def __init__(self, planted: list[Canary]) -> None:
        self._planted = planted
        self._automaton = ahocorasick_rs.AhoCorasick([canary.needle for canary in planted])

    def __call__(self, text: str) -> list[Canary]:
        """Return the canaries that `text` holds; figures of neighbouring cells that make one by chance are none."""
        whole = f"{text}\n{unquote(text)}" if "%" in text else text
        hits = self._automaton.find_matches_as_indexes(essence(whole), overlapping=True)
        places = _places(whole) if hits else []
        found = {number for number, start, end in hits if not _APART.search(whole, places[start], places[end - 1])}
        return [self._planted[number] for number in sorted(found)]
