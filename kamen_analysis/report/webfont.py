"""A font with a page's own characters, embedded in it, so that Chinese text is shown on machines without a Chinese font."""

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
    """Return a CSS @font-face rule with exactly the glyphs of `text` that are not ASCII (WOFF, Noto Sans CJK SC, SIL Open Font License)."""
    # Every machine has a font for ASCII, and the page keeps the reader's own style where it uses that.
    wanted = sorted(ord(c) for c in set(text) if ord(c) > 0x7F)
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    options = Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=[], drop_tables=["GSUB", "GPOS", "vhea", "vmtx"])
    path = Path(mplfonts.__file__).parent / "fonts" / _FILE
    # The bounding boxes of the remaining glyphs are unchanged and need no recomputation.
    with TTFont(path, lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        # WOFF2 would be a tenth smaller, but take longer to compress than the rest of the page takes to write.
        font.flavor = "woff"
        out = io.BytesIO()
        font.save(out)
    data = base64.b64encode(out.getvalue()).decode()
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff;base64,{data}) format("woff"); font-display: block; }}\n'
