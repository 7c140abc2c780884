"""SVG pictures embedded in an HTML page: made smaller, and written as data: addresses for an attribute."""

from __future__ import annotations

import re

_LEFT_OUT = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')
_PATH = re.compile(r' d="([^"]*)"')
_LONG = re.compile(r"(?<![\d.])([1-9]\d*\.\d\d)\d+")  # a number under 1 may be a scale and keeps its digits
_COMMAND = re.compile(r" ?([A-Za-z]) ?")


def address(svg: str) -> str:
    """Return `svg` as a data: address that is valid inside a double-quoted attribute."""
    text = smaller(svg).replace("%", "%25").replace('"', "'")
    for char, escaped in (("#", "%23"), ("<", "%3C"), (">", "%3E"), ("&", "%26")):
        text = text.replace(char, escaped)
    return f"data:image/svg+xml,{text}"


def smaller(svg: str) -> str:
    """Return the same picture in fewer bytes: no comments, styles as attributes, coordinates with at most two decimals."""
    text = " ".join(_LONG.sub(r"\1", _LEFT_OUT.sub("", svg)).split())
    return _PATH.sub(lambda m: f' d="{_path(m[1])}"', _STYLE.sub(lambda m: _attributes(m[1]), text)).replace("> <", "><")


def _attributes(style: str) -> str:
    pairs = (pair.split(":", 1) for pair in style.split(";") if pair.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


def _path(data: str) -> str:
    return _COMMAND.sub(r"\1", data.strip()).replace(" -", "-")
