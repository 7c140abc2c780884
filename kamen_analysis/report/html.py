"""The report as one HTML file that works offline: styles, script, pictures and the complaints behind each figure are embedded."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kamen_analysis.report import svg
from kamen_analysis.report.pandoc import ASSETS, convert
from kamen_analysis.report.webfont import face

_ALIGN = re.compile(r'<(t[hd]) style="text-align: (left|right|center);">')
_DATE = re.compile(r'<td class="left">(\d{4}-\d{2}-\d{2})</td>')
_CASES = re.compile(r'<span class="cases" data-cases="(c\d+)">([^<]*)</span>')
_IMAGE = re.compile(r'<img src="(figures/[a-z_]+\.svg)"')
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)


def write(text: str, folder: Path, given: dict[str, str], data: Callable[[], dict[str, Any]]) -> Path:
    """Write `text` (Markdown) as `folder`/report.html; `given`: words of the page frame (title …), `data` waits for `Cases.payload`, and
    returns it with the rules."""
    whole = convert(text, "html", "--toc", "--toc-depth=2", f"--template={ASSETS / 'parts.html'}", "--metadata=title:x")
    contents, body = whole.split("<!--contents end-->")
    parts = {
        **{key: html.escape(value) for key, value in given.items()}, "contents": contents, "body": _body(body, folder),
        "data": json.dumps(data(), ensure_ascii=False).replace("<", "\\u003c"),
        "style": (ASSETS / "report.css").read_text(encoding="utf-8"), "script": (ASSETS / "report.js").read_text(encoding="utf-8"),
    }
    frame = (ASSETS / "report.html").read_text(encoding="utf-8")
    parts["style"] = face(frame + "".join(parts.values())) + parts["style"]
    parts |= {f"{name}_digest": _csp_digest(parts[name]) for name in ("style", "script")}
    page = re.sub(r"@@(\w+)@@", lambda match: parts[match[1]], frame)
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _csp_digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _body(body: str, folder: Path) -> str:
    # pandoc aligns cells by style attributes, which the page's content security policy forbids.
    body = _ALIGN.sub(lambda m: f'<{m[1]} class="{m[2]}">', body)
    body = _DATE.sub(r'<td class="left date">\1</td>', body)  # a class against line breaks at the hyphens of a date
    body = _CASES.sub(r'<button type="button" class="cases" data-cases="\1" aria-haspopup="dialog">\2</button>', body)
    body = _TABLE.sub(lambda m: f'<div class="scroll" tabindex="0" role="group" aria-label="表格，可左右滚动">{m[0]}</div>', body)
    # On narrow screens a figure scrolls, so it must be reachable by keyboard.
    body = body.replace("<figure ", '<figure tabindex="0" ')
    return _IMAGE.sub(lambda m: f'<img loading="lazy" src="{_embed(folder / m[1])}"', body)


def _embed(path: Path) -> str:
    return svg.address(path.read_text(encoding="utf-8"))
