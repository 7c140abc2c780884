"""One captured page: what a site answered, or a file the user brought, with where it lies in the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)
_META = re.compile(rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)
# Sites say GB2312 and mean its superset; the superset reads both.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "utf-8": "utf-8-sig", "utf8": "utf-8-sig"}
# What servers say when nobody told them: these decode any byte at all, so believing them would hide the real charset.
_DEFAULTS = {"iso-8859-1", "latin-1", "latin1", "iso8859-1", "windows-1252", "cp1252", "us-ascii", "ascii"}
# Codecs of Python that are no charset of the web.
_NOT_ON_THE_WEB = {"unicode_escape", "raw_unicode_escape", "utf-7", "utf7", "idna", "punycode"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Page:
    """One stored record. `fetched_at` is UTC; `file` is relative to data/raw; `offset` in bytes; `digest` the hex SHA-256 of `body`.

    `requested` is the address asked for where a redirect led to `url`; `location` is where a 3xx answer points.
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
        """Return the body as text: byte order mark, the header's charset, the page's own, UTF-8, GB18030, then a guess.

        A charset that does not fit the bytes is passed over; what no charset reads becomes U+FFFD.
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
        said = [*([header[1]] if header else []), *([meta[1].decode("ascii")] if meta else [])]
        return marks + [name for name in said if name.lower() not in _DEFAULTS | _NOT_ON_THE_WEB]

    def _guess(self) -> str:
        from charset_normalizer import from_bytes

        best = from_bytes(self.body[:65536], cp_isolation=["utf_8", "gb18030", "big5", "utf_16"]).best()
        return self.body.decode(best.encoding if best else "utf-8", errors="replace")
