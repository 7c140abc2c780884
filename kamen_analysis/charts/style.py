"""The house style of charts: fonts, colours, title and foot, and writing figures so that the same data gives the same bytes.

Colours are Okabe & Ito's (Color Universal Design, 2008), darkened until each has 4.5:1 contrast on white; every series also has a marker.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kamen_analysis.errors import PublishRefused
from kamen_analysis.paths import atomic_write

SANS, SERIF = "Noto Sans CJK SC", "Noto Serif CJK SC"
_FILES = ("NotoSansCJKsc-Regular.otf", "NotoSerifCJKsc-Regular.otf")
INK, QUIET, FAINT, PALE = "#1a1a1a", "#595959", "#c8c8c8", "#ececec"
COLOURS = ("#0072B2", "#B84E00", "#007A5A", "#9B4679", "#866000", "#3D3D3D")
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 8.0  # inches
DPI = 200  # of a PNG
MARK = "演示数据"
_PICTURE, _LOST = "〔表情〕", "〔缺字〕"
_RUN = re.compile(f"({_PICTURE}|{_LOST})\\1+")
_INVISIBLE = ("Mn", "Me", "Cf")  # Unicode categories: combining marks and format characters
_WORD = re.compile(r"[A-Za-z0-9.,:%–+=-]+|个百分点|.", re.DOTALL)  # numbers, dates and the unit stay whole at a line's end

RC: Any = {
    "font.family": SANS, "font.size": 10, "axes.unicode_minus": False, "text.color": INK,
    "axes.labelcolor": QUIET, "axes.labelsize": 9.5, "axes.edgecolor": FAINT, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": PALE, "grid.linewidth": 0.8,
    "xtick.color": QUIET, "xtick.labelsize": 9, "xtick.major.size": 0, "ytick.color": INK, "ytick.labelsize": 10, "ytick.major.size": 0,
    "lines.linewidth": 1.8, "lines.markersize": 5, "hatch.linewidth": 0.6, "hatch.color": "#9a9a9a",
    "figure.facecolor": "white", "figure.dpi": 110, "savefig.facecolor": "white", "svg.fonttype": "path", "svg.hashsalt": "kamen",
}


@functools.cache
def fonts() -> tuple[Path, ...]:
    """Register the two free fonts of the package `mplfonts` with matplotlib and return their files; no system font is used."""
    found = importlib.util.find_spec("mplfonts")
    if found is None or not found.submodule_search_locations:
        raise PublishRefused("缺少字体包 mplfonts，无法画中文图")
    files = tuple(Path(found.submodule_search_locations[0]) / "fonts" / name for name in _FILES)
    manager = font_manager.fontManager
    names = {font_manager.get_font(file).family_name for file in files}
    # A font of the same name that the system has would be taken first, and charts would look different from machine to machine.
    manager.ttflist = [font for font in manager.ttflist if font.name not in names]
    for file in files:
        manager.addfont(file)
    return files


@contextmanager
def house() -> Iterator[None]:
    """Use the house style inside this block; afterwards restore the settings it changed, and no others."""
    fonts()
    # Not rc_context: it would undo what starting the backend sets up with the first figure (a notebook's interactive mode).
    before = {key: mpl.rcParams[key] for key in RC}
    mpl.rcParams.update(RC)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


@functools.cache
def _glyphs() -> frozenset[str]:
    """Return the characters that both fonts have."""
    return frozenset.intersection(*(frozenset(map(chr, font_manager.get_font(str(file)).get_charmap())) for file in fonts()))


def drawable(text: object) -> str:
    """Return `text` with characters that the fonts lack replaced: emoji by 〔表情〕, others by 〔缺字〕, invisible ones by nothing.

    So a text from the data can neither stop a chart or a page nor leave an empty box in it.
    """
    words = str(text)
    missing = {c for c in set(words) - _glyphs() if not c.isspace()}
    if not missing:
        return words
    return _RUN.sub(lambda run: run[1], "".join(_substitute(c) if c in missing else c for c in words))


def _substitute(char: str) -> str:
    category = unicodedata.category(char)
    if category in _INVISIBLE:
        return ""
    return _PICTURE if category in ("So", "Sk", "Cn") or 0x1F000 <= ord(char) <= 0x1FAFF else _LOST


def wrap(text: str, ems: float) -> str:
    """Break `text` into lines of at most `ems` full-width characters, without splitting numbers, and with the line-break rules for
    punctuation (避头尾)."""
    lines: list[str] = []
    line, width = "", 0.0
    for word in _WORD.findall(text):
        step = sum(1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.55 for char in word)
        if width + step > ems and word not in "，。；：、）》”’！？%":
            kept = line.rstrip("（《“‘")
            lines, line = [*lines, kept], line[len(kept):]
            width = float(len(line))
        line, width = line + word, width + step
    return "\n".join([*lines, line])


def canvas(ax: Axes | None, height: float = 4.0) -> Axes:
    """Return `ax` if given, else the axes of a new figure, WIDTH × `height` inches."""
    if ax is not None:
        return ax
    return plt.figure(figsize=(WIDTH, height), layout="constrained").add_subplot()


def foot(table: pd.DataFrame, *facts: str) -> str:
    """Return the line under a chart: `facts`, then sources, period and the synthetic mark from `table.attrs`."""
    sources, period = table.attrs.get("sources") or [], table.attrs.get("period") or ""
    parts = [*facts, f"来源：{'、'.join(map(drawable, sources))}" if sources else "", f"期间：{period}" if period else "",
             f"{MARK}，非真实投诉" if table.attrs.get("is_synthetic") else ""]
    return "；".join(part for part in parts if part)


def finish(ax: Axes, title: str, below: str, table: pd.DataFrame, own: bool) -> Axes:
    """Set title, foot and, for synthetic data, the watermark; return `ax`. `own`: the chart has the figure to itself."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    if own:
        figure.suptitle(wrap(title, figure.get_figwidth() * 72 / 13 * 0.96), x=0.012, ha="left", fontsize=13, color=INK)
        figure.supxlabel(wrap(below, figure.get_figwidth() * 72 / 8.5 * 0.96), x=0.012, ha="left", fontsize=8.5, color=QUIET)
    else:
        width = ax.get_position().width * figure.get_figwidth() * 72
        ax.set_title(wrap(title, width / 11), loc="left", fontsize=11, color=INK)
        ax.annotate(wrap(below, width / 7.5), (0, 0), (0, -44), "axes fraction", "offset points", fontsize=7.5, color=QUIET, va="top")
    watermark(ax, table)
    return ax


def watermark(ax: Axes, table: pd.DataFrame) -> None:
    """Write 演示数据 across `ax` if the data of `table` is synthetic."""
    if table.attrs.get("is_synthetic"):
        size = 34 * min(1.0, ax.get_position().width * 1.6)
        ax.text(0.5, 0.5, MARK, transform=ax.transAxes, fontsize=size, color="#555555", alpha=0.18, rotation=18, ha="center", va="center",
                zorder=6)


def calm(ax: Axes, title: str, table: pd.DataFrame, own: bool, why: str = "样本不足，不作图") -> Axes:
    """Fill `ax` with a grey panel that says `why` nothing is drawn; return it."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_facecolor("#f7f7f7")
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", fontsize=14, color=QUIET)
    return finish(ax, title, foot(table), table, own)


def save(fig: Figure | Axes, path: Path | str) -> Path:
    """Write the figure to `path` (.svg or .png), the same bytes for the same figure; PublishRefused if the fonts lack a character."""
    figure = fig if isinstance(fig, Figure) else fig.get_figure(root=True)
    assert isinstance(figure, Figure)
    path = Path(path)
    kind = path.suffix.lstrip(".")
    extra: dict[str, Any] = {"metadata": {"Date": None}} if kind == "svg" else \
        {"metadata": {"Software": None}, "dpi": DPI, "pil_kwargs": {"compress_level": 3}}  # flat colours: as small as with 6, and faster
    with house(), whole_glyphs(), atomic_write(path, "wb") as file:
        figure.savefig(file, format=kind, **extra)
    return path


@contextmanager
def whole_glyphs() -> Iterator[None]:
    """Raise PublishRefused if something drawn inside this block needs a character that the fonts lack."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing from")
        try:
            yield
        except UserWarning as warning:
            raise PublishRefused(f"图中有字体缺少的字，不能出图：{warning}") from None


def label_ends(ax: Axes, ends: list[tuple[float, float]], names: list[str], colours: list[str], gap: float = 0.055) -> None:
    """Write the name of each series at its right end in its colour, moved up where two would be closer than `gap` (share of the height)."""
    low, high = ax.get_ylim()
    distance, order = (high - low) * gap, sorted(range(len(ends)), key=lambda i: ends[i][1])
    y, lowest = {}, low
    for i in order:
        y[i] = max(ends[i][1], lowest)
        lowest = y[i] + distance
    for i, name in enumerate(names):
        ax.annotate(name, (ax.get_xlim()[1], y[i]), (6, 0), textcoords="offset points", va="center", fontsize=9, color=colours[i],
                    annotation_clip=False)
