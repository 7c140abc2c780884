"""Canaries: invented identifiers of every kind in every form, planted in every field of every way in, and found again in any text."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

import ahocorasick_rs
import openpyxl

from kamen_analysis import zh

_HAN = "零一二三四五六七八九"
_TO_DIGITS = str.maketrans(_HAN + "〇", "01234567890")
_MARKS = re.compile(r"[\W_]+")


def essence(text: str) -> str:
    """Return `text` as its letters and digits alone: folded, nothing unseen, no separators, Chinese numerals as digits."""
    return _MARKS.sub("", zh.fold(zh.squeeze(text)[0])).translate(_TO_DIGITS)


def _every(text: str, gap: str, n: int) -> str:
    return gap.join(text[i:i + n] for i in range(0, len(text), n))


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda t: t,
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "spaced": lambda t: _every(t, " ", 4),
    "zero width": lambda t: _every(t, "\u200b", 1),
    "Chinese numerals": lambda t: "".join(_HAN[int(c)] if c in "0123456789" else c for c in t),
    "broken over lines": lambda t: _every(t, "\n", 5),
}
# What a form does to these kinds is no longer that kind (a spaced name of three characters is three words) or changes nothing.
_WHOLE = {"plain", "full width", "zero width"}
_NOT = {"Chinese numerals": {"NAME", "EMAIL", "WECHAT", "CARDKEY", "PAYURL", "IP", "PLATE", "PASSPORT", "PERMIT", "ACCOUNT", "ADDRESS"}}
_ONLY_WHOLE = {"NUMBER", "NAME", "EMAIL", "WECHAT", "PAYURL", "PLATE", "IP", "ADDRESS", "ACCOUNT"}

CONTEXTS = {
    "PHONE": "我的手机号是{}，一直没到账", "IDCARD": "身份证号：{}，都给他们了", "BANKCARD": "银行卡号：{}，户名不是公司",
    "QQ": "加他QQ：{}，不回", "WECHAT": "加微信：{}，转过去就没人了", "ALIPAY": "支付宝账号：{}，个人的", "EMAIL": "发到邮箱：{}，没回",
    "NAME": "收款人：{}，", "ADDRESS": "寄到{}，", "ORDER": "订单号：{}，求查", "CARDKEY": "卡密：{}，提示已使用", "PAYURL": "让我扫 {} 付",
    "PLATE": "车牌{}，", "PASSPORT": "护照号：{}，", "PERMIT": "港澳通行证：{}，", "IP": "登录IP是{}，", "ACCOUNT": "UID：{}，被封",
    "NUMBER": "他发来 {} ，就没下文了",
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
    def written(self) -> str:
        """The sentence that holds it."""
        # A key that is spaced anew has its own hyphens no more.
        bare = self.value.replace("-", "") if self.form in ("spaced", "broken over lines") else self.value
        return CONTEXTS[self.kind].format(FORMS[self.form](bare))

    @property
    def needle(self) -> str:
        """What is searched for: of an address the house, for a city is nobody's."""
        return essence(self.value.partition("学府路")[2] if self.kind == "ADDRESS" else self.value)


def pairs() -> list[tuple[str, str]]:
    """Return every (kind, form) that makes sense."""
    return [(kind, form) for kind in CONTEXTS for form in FORMS
            if kind not in _NOT.get(form, ()) and (form in _WHOLE or kind not in _ONLY_WHOLE)]


class Planter:
    """Makes canaries, no two alike, and remembers them."""

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


_STORY = "在{shop}买了一张五十元点卡，卡密显示已激活，客服说虚拟商品一经售出概不退换，让我等了{n}天没有人再回我。"


def story(n: int) -> str:
    """Return an ordinary complaint, no two alike."""
    shop, tail = ("白马点卡", "青鸟充值", "红豆会员")[n % 3], "".join(chr(0x4E00 + (n * 37 + k * 911) % 2000) for k in range(12))
    return _STORY.format(shop=shop, n=n + 3) + tail


def tables(plant: Planter, folder: Path) -> list[Path]:
    """Write a CSV, an XLSX and a JSONL file with canaries in every column, in headers, and in the files' own names; return the paths."""
    written = []
    for n, (suffix, write) in enumerate((("csv", _csv), ("xlsx", _xlsx), ("jsonl", _jsonl))):
        rows, extra = [], {}
        for i, (kind, form) in enumerate(pairs()):
            def put(field: str, kind: str = kind, form: str = form, suffix: str = suffix) -> str:
                return plant(kind, form, f"{suffix} {field}")

            rows.append({
                "编号": f"TS2026{n}{i:05}", "标题": f"点卡不退款 {put('title')}",
                "正文": f"{put('body')}。{story(n * 200 + i)}{put('body end')}",
                "投诉对象": f"白马点卡 {put('target')}", "投诉要求": f"退款 {put('appeal')}", "投诉进度": put("status"),
                "发布时间": f"2026-08-{i % 28 + 1:02} 10:00", "昵称": put("author"), "备注": put("unknown column"),
                "网址": f"https://tousu.example/c/{i}?from={quote(put('url query'))}#{quote(put('fragment'))}", "涉诉金额": put("amount"),
            })
            extra[put("column header").replace("\n", " ")] = "1"
        name = plant("PHONE", "plain", f"{suffix} file name")
        path = folder / f"{name}.{suffix}"
        # A table has every column in every row; lines of JSON may each have one of their own.
        own = [{key: value} for key, value in extra.items()] if suffix == "jsonl" else [extra] * len(rows)
        write(path, [row | more for row, more in zip(rows, own, strict=True)])
        written.append(path)
    return written


def _csv(path: Path, rows: list[dict[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue() + "\n只有一格的坏行\n", encoding="utf-8")


def _xlsx(path: Path, rows: list[dict[str, str]]) -> None:
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(path)


def _jsonl(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) + '{"坏行": \n', encoding="utf-8")


def jsonp(plant: Planter, folder: Path) -> list[Path]:
    """Write a 黑猫 JSONP answer with canaries in every field of a post, its author, its rating, and in fields nobody knows."""
    lists = []
    for i, (kind, form) in enumerate(pairs()):
        def put(field: str, kind: str = kind, form: str = form) -> str:
            return plant(kind, form, f"jsonp {field}")

        main = {
            "id": str(i), "sn": str(90000000000 + i), "title": f"点卡不退款 {put('title')}", "cotitle": f"白马点卡 {put('cotitle')}",
            "appeal": put("appeal"), "summary": f"{put('summary')}。{story(1000 + i)}", "timestamp": "1785500000",
            "status": put("status") if i % 2 else 4, "cost": put("cost"), "issue": put("issue"), "comments": [{"nick": put("comment")}],
            "url": f"//tousu.sina.com.cn/complaint/view/{90000000000 + i}/?sld={quote(put('url query'))}",
            "evaluate_u": {"attitude": "1", "evalContent": put("rating text"), put("rating key"): "1"},
            "unknown": {"inner": put("unknown value")}, put("unknown key"): 1,
        }
        author = {"title": put("author"), "wb_profile": put("author profile")}
        lists.append({"main": main, "author": author, put("item key"): put("item value")})
    answer = {"result": {"status": {"code": 0, "msg": "ok"}, "timestamp": "Fri Jul 31 20:00:00 +0800 2026", "data": {"lists": lists}}}
    path = folder / "feed.jsonp"
    path.write_text(f"try{{jQuery1_1({json.dumps(answer)});}}catch(e){{}};", encoding="utf-8")
    return [path]


def board(plant: Planter, folder: Path) -> list[Path]:
    """Write pages of the demonstration's board with canaries in every element, in what no parser reads, and in the page's address."""
    paths = []
    for i, (kind, form) in enumerate(pairs()):
        def put(field: str, kind: str = kind, form: str = form) -> str:
            return escape(plant(kind, form, f"board {field}"))

        address = f"http://127.0.0.1/c/{i}?tel={quote(put('page address'))}"
        steps = "".join(f'<li><span class="who">{put("step who")}</span> <time>2026-08-05 10:02:11</time> '
                        f'<b class="what">{what}{put("step what")}</b> <p class="text">{put("step text")}</p></li>'
                        for what in ("商家回复", "别的", ""))
        page = f"""<!-- saved from url=(0042){address} --><!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{put("page title")}</title></head>
<body data-x="{put("attribute")}"><!-- {put("comment")} --><article class="complaint"><h1>点卡不退款 {put("h1")}</h1>
<dl><dt>投诉编号</dt><dd>{9000 + i}</dd><dt>投诉对象</dt><dd>白马点卡 {put("target")}</dd><dt>投诉要求</dt><dd>{put("appeal")}</dd>
<dt>发布时间</dt><dd>2026年08月03日 21:14</dd><dt>收录时间</dt><dd>{put("time")}</dd><dt>状态</dt><dd>{put("status")}</dd>
<dt>{put("unknown label")}</dt><dd>{put("unknown text")}</dd></dl>
<div class="content"><p>{put("content")}</p><p>{story(3000 + i)}</p></div><ol class="steps">{steps}</ol></article></body></html>"""
        paths.append(folder / f"{i:03}.html")
        paths[-1].write_text(page, encoding="utf-8")
    return paths


class Search:
    """Finds planted canaries in any text, however written, in one pass."""

    def __init__(self, planted: list[Canary]) -> None:
        self._planted = planted
        self._automaton = ahocorasick_rs.AhoCorasick([canary.needle for canary in planted])

    def __call__(self, text: str) -> list[Canary]:
        """Return the canaries that `text` holds."""
        plain = essence(f"{text}\n{unquote(text)}" if "%" in text else text)
        return [self._planted[i] for i in sorted({hit[0] for hit in self._automaton.find_matches_as_indexes(plain, overlapping=True)})]
