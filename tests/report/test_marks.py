"""Post text is hostile: as Markdown it must read as its words, in every format."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kamen_analysis.report.marks import Md, escape, marked, plain, span
from kamen_analysis.report.pandoc import convert

HOSTILE = [
    "<script>alert(1)</script>", "| a | b |", "# 标题", "- 列", "1. 项", "`x` ~~~", "```\ncode", "![i](http://e.example/x.png)",
    "[a](javascript:1)", "$x$ \\input{x}", "::: {.warning}", "[x]{.cases data-cases=c0}", "=1+1", "*强* _调_ **粗**", "#let x = 1",
    "@ref <label>", "&lt; &#60;", "a\n\nb", "> 引", "    code", "\\", "\\\\*", "http://e.example", "a\\|b", "-- --- ...", "\"引\" '号'",
    "^上^ ~下~", "x{#id}", ": 表 {#t}",
]


def words(block: dict[str, Any]) -> str:
    """Return the words of a paragraph that may hold words and spaces only."""
    assert block["t"] == "Para", block["t"]
    assert {inline["t"] for inline in block["c"]} <= {"Str", "Space"}, block["c"]
    return "".join(inline.get("c", " ") for inline in block["c"])


def read(texts: list[str]) -> list[str]:
    """Return what pandoc reads in each of the escaped `texts`."""
    blocks = json.loads(convert("\n\n".join(f"始{escape(text)}终" for text in texts), "json"))["blocks"]
    return [words(block)[1:-1] for block in blocks]


def test_hostile_text_reads_as_its_words() -> None:
    """Markup of any format in a post comes out of pandoc as plain words, character for character."""
    assert read(HOSTILE) == [plain(text) for text in HOSTILE]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Co", "Cn"]), max_size=30), min_size=1, max_size=20))
def test_any_text_reads_as_its_words(texts: list[str]) -> None:
    """Whatever a post holds, pandoc finds words and spaces in it, nothing else."""
    assert [" ".join(text.split()) for text in read(texts)] == [plain(text) for text in texts]


def test_md_is_not_escaped_twice() -> None:
    """What this package made as Markdown passes unchanged; a plain string never does."""
    made = span("31.2%", "cases", cases='c1" onclick="x')
    assert escape(made) is made
    assert escape("[x]") == r"\[x\]" and isinstance(escape("[x]"), Md)
    assert 'onclick=\\"x' in made


def test_marked_words_are_the_deciding_ones() -> None:
    """The quotation marks exactly the span it was given and shows where it was cut."""
    text = "前" * 80 + "已激活" + "后" * 80
    assert "[已激活]{.mark}" in marked(text, 80, 83)
    assert marked(text, 80, 83).startswith("…前") and marked(text, 80, 83).endswith("后…")
    assert marked("已激活", 0, 3) == "[已激活]{.mark}"


def test_a_cut_spares_placeholders_and_starts_with_a_word() -> None:
    """Where the cut would fall inside a placeholder it moves out of it; a sentence's closing mark does not begin a quotation."""
    text = "甲" * 30 + "[手机号]" + "乙" * 58 + "已激活" + "丙" * 58 + "[手机号]" + "丁" * 30
    start = text.index("已激活")
    assert marked(text, start, start + 3) == "…\\[手机号\\]" + "乙" * 58 + "[已激活]{.mark}" + "丙" * 58 + "\\[手机号\\]…"
    assert marked("甲。，" + "乙" * 58 + "已激活", 61, 64) == "…" + "乙" * 58 + "[已激活]{.mark}"
