"""A captured page: what a site answered, or a file the user brought, and its place in the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_CHARSET = re.compile(r"charset\s*=\s*(?:[\"']\s*)?([A-Za-z0-9_.:-]+)", re.I)
_META = re.compile(rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,100}?encoding)\s*=\s*(?:[\"']\s*)?([A-Za-z0-9_.:-]+)", re.I)
# Sites declare GB2312 and mean its superset, which reads both.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "utf-8": "utf-8-sig", "utf8": "utf-8-sig"}
# Servers declare these by default. They decode any bytes, so that believing them would hide the real charset.
_DEFAULTS = {"iso-8859-1", "latin-1", "latin1", "iso8859-1", "windows-1252", "cp1252", "us-ascii", "ascii"}
# Codecs of Python that are not charsets of the web.
_NOT_ON_THE_WEB = {"unicode_escape", "raw_unicode_escape", "utf-7", "utf7", "idna", "punycode"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Page:
    """One stored record. `fetched_at` is UTC, `file` relative to data/raw, `offset` in bytes, `digest` the SHA-256 (hex) of `body`.

    `requested` is the address asked for if a redirect led to `url`; `location` is the target of a 3xx answer.
    """

    url: str
    fetched_at: datetime
    status: int
    content_type: str
    body: bytes
    file: str
    offset: int
    digest: str
    requested: str = ""
    location: str = ""

    def text(self) -> str:
        """Return the body as text in the first charset that fits: by byte order mark, header, the page itself, UTF-8, GB18030, a guess.

        If none fits, what cannot be read becomes U+FFFD.
        """
        for name in (*self._declared(), "utf-8-sig", "gb18030"):
            try:
                return self.body.decode(_WIDER.get(name.lower(), name))
            except (UnicodeError, LookupError):
                continue
        return self._guess()

    def _declared(self) -> list[str]:
        marks = [name for mark, name in _BOMS if self.body.startswith(mark)]
        header = _CHARSET.search(self.content_type)
        meta = _META.search(self.body[:4096])
        declared = [*([header[1]] if header else []), *([meta[1].decode("ascii")] if meta else [])]
        return marks + [name for name in declared if name.lower() not in _DEFAULTS | _NOT_ON_THE_WEB]

    def _guess(self) -> str:
        from charset_normalizer import from_bytes

        best = from_bytes(self.body[:65536], cp_isolation=["utf_8", "gb18030", "big5", "utf_16"]).best()
        return self.body.decode(best.encoding if best else "utf-8", errors="replace")
