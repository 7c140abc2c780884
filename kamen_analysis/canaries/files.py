"""Files of every way in, with canaries in every field, in names and headers, in what no parser reads, and in fields nobody knows."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from pathlib import Path
from urllib.parse import quote

import openpyxl

from kamen_analysis.canaries.forms import Planter, pairs

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
                "编号": f"TS2026{n}{i:05}", "标题": f"点卡不退款 {put('标题')}",
                "正文": f"{put('正文')}。{story(n * 200 + i)}{put('正文末尾')}",
                "投诉对象": f"白马点卡 {put('投诉对象')}", "投诉要求": f"退款 {put('要求')}", "投诉进度": put("状态"),
                "发布时间": f"2026-08-{i % 28 + 1:02} 10:00", "昵称": put("作者"), "备注": put("未知列"),
                "网址": f"https://tousu.example/c/{i}?from={quote(put('网址参数'))}#{quote(put('网址片段'))}", "涉诉金额": put("金额"),
            })
            extra[put("列名").replace("\n", " ")] = "1"
        name = plant("PHONE", "原样", f"{suffix} 文件名")
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
            "id": str(i), "sn": str(90000000000 + i), "title": f"点卡不退款 {put('标题')}", "cotitle": f"白马点卡 {put('商家')}",
            "appeal": put("要求"), "summary": f"{put('摘要')}。{story(1000 + i)}", "timestamp": "1785500000",
            "status": put("状态") if i % 2 else 4, "cost": put("金额"), "issue": put("问题"), "comments": [{"nick": put("评论")}],
            "url": f"//tousu.sina.com.cn/complaint/view/{90000000000 + i}/?sld={quote(put('网址参数'))}",
            "evaluate_u": {"attitude": "1", "evalContent": put("评价"), put("评价字段名"): "1"},
            "unknown": {"inner": put("未知字段")}, put("未知字段名"): 1,
        }
        author = {"title": put("作者"), "wb_profile": put("作者主页")}
        lists.append({"main": main, "author": author, put("条目字段名"): put("条目字段")})
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

        address = f"http://127.0.0.1/c/{i}?tel={quote(put('网页地址'))}"
        steps = "".join(f'<li><span class="who">{put("步骤的人")}</span> <time>2026-08-05 10:02:11</time> '
                        f'<b class="what">{what}{put("步骤")}</b> <p class="text">{put("步骤文字")}</p></li>'
                        for what in ("商家回复", "别的", ""))
        page = f"""<!-- saved from url=(0042){address} --><!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{put("网页标题")}</title></head>
<body data-x="{put("属性")}"><!-- {put("评论")} --><article class="complaint"><h1>点卡不退款 {put("大标题")}</h1>
<dl><dt>投诉编号</dt><dd>{9000 + i}</dd><dt>投诉对象</dt><dd>白马点卡 {put("投诉对象")}</dd><dt>投诉要求</dt><dd>{put("要求")}</dd>
<dt>发布时间</dt><dd>2026年08月03日 21:14</dd><dt>收录时间</dt><dd>{put("时间")}</dd><dt>状态</dt><dd>{put("状态")}</dd>
<dt>{put("未知标签")}</dt><dd>{put("未知文字")}</dd></dl>
<div class="content"><p>{put("正文")}</p><p>{story(3000 + i)}</p></div><ol class="steps">{steps}</ol></article></body></html>"""
        paths.append(folder / f"{i:03}.html")
        paths[-1].write_text(page, encoding="utf-8")
    return paths
