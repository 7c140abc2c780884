"""The characters of a page as a font inside the page: Chinese text reads the same on a machine that has no Chinese font."""

from __future__ import annotations

import base64
import io
import logging
from pathlib import Path

import mplfonts
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FAMILY = "Kamen Sans"
_FILE = "NotoSansCJKsc-Regular.otf"


def face(text: str) -> str:
    """Return a CSS @font-face rule that holds the glyphs of `text` and no others (WOFF, Noto Sans CJK SC, SIL Open Font License)."""
    # Latin letters and digits have a font on every machine; leaving them to it keeps the page in the reader's own style.
    wanted = sorted(ord(c) for c in set(text) if ord(c) > 0x7F)
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    options = Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=[], drop_tables=["GSUB", "GPOS", "vhea", "vmtx"])
    path = Path(mplfonts.__file__).parent / "fonts" / _FILE
    # The bounds of glyphs do not change by leaving others out.
    with TTFont(path, lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        # WOFF2 would be a tenth smaller and take longer to pack than all the rest of the page.
        font.flavor = "woff"
        out = io.BytesIO()
        font.save(out)
    data = base64.b64encode(out.getvalue()).decode()
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff;base64,{data}) format("woff"); font-display: block; }}\n'
