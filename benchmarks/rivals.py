"""What others would do with the same posts: the usual notebook, the least any such program must do, and other parsers of pages."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ahocorasick_rs
import jieba
import pandas as pd
import pyarrow.json
import pyarrow.parquet as pq
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from kamen_analysis import codebook

# A keyword or two a reason: what such notebooks hold.
KEYWORDS = {"已激活": ["已激活", "已使用"], "拖延": ["拖延", "等待", "审核中"], "私下转账": ["微信", "转账"], "虚拟商品": ["虚拟商品"],
            "格式条款": ["概不退换", "最终解释权"], "失联": ["拉黑", "跑路"], "封号": ["封号", "冻结"], "踢皮球": ["踢皮球", "推诿"]}
PHONE = re.compile(r"1[3-9]\d{9}")
PAGE = """<html><head><title>演示数据</title></head><body><nav><a href="/">首页</a><a href="/list/1">列表</a></nav>
<article class="complaint"><h1>{title}</h1><dl><dt>投诉对象</dt><dd>{target}</dd><dt>状态</dt><dd>{status}</dd></dl>
<div class="content"><p>{body}</p></div>
<ol class="steps"><li><b>商家</b><p>您好，请提供订单号。</p></li></ol></article>
<footer>演示数据</footer></body></html>"""


def usual(path: Path, out: Path) -> None:
    """The usual notebook, as people write it."""
    data = pd.read_json(path, lines=True)
    data["text"] = data.apply(lambda row: f"{row['title']}{row['body']}", axis=1)
    data = data.drop_duplicates("text")
    data["words"] = data["text"].apply(jieba.lcut)
    data["text"] = data["text"].apply(lambda text: PHONE.sub("***", text))
    for name, keywords in KEYWORDS.items():
        data[name] = data["text"].apply(lambda text, keywords=keywords: any(keyword in text for keyword in keywords))
    data.drop(columns="words").to_parquet(out)


def floor(path: Path, out: Path) -> None:
    """Read, one automaton pass, write: what no build of this kind can beat on one core."""
    table = pyarrow.json.read_json(path)
    cues = sorted({cue for words in KEYWORDS.values() for cue in words} | {rule.name_zh for rule in codebook.load().reasons.values()})
    automaton = ahocorasick_rs.AhoCorasick(cues)
    hits = [len(automaton.find_matches_as_indexes(text)) for text in table["body"].to_pylist()]
    pq.write_table(table.append_column("hits", pyarrow.array(hits)), out)


def pages_per_s(posts: list[dict[str, Any]]) -> dict[str, float]:
    """Return pages a second of Beautiful Soup on lxml and of selectolax, both taking the same five texts from each page."""
    pages = [PAGE.format(**post) for post in posts]
    rates = {}
    for name, read in (("bs4", _soup), ("selectolax", _selectolax)):
        began = time.perf_counter()
        found = [read(page) for page in pages]
        rates[name] = len(pages) / (time.perf_counter() - began)
        if [one[1] for one in found] != [post["title"].strip() for post in posts]:
            raise RuntimeError(f"{name} read other titles")
    return rates


def _soup(page: str) -> list[str]:
    tree = BeautifulSoup(page, "lxml")
    return _texts(tree.select, lambda node: node.get_text())


def _selectolax(page: str) -> list[str]:
    return _texts(LexborHTMLParser(page).css, lambda node: node.text())


def _texts(select: Callable[[str], Any], text: Callable[[Any], str]) -> list[str]:
    return [text(node).strip() for css in ("title", "article h1", "dd", "div.content p", "ol.steps li") for node in select(css)]
