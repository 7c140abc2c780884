"""One captured page: what a site answered, or a file the user brought, with where it lies in the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)
# Sites say GB2312 and mean its superset; the superset reads both.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "utf-8": "utf-8-sig", "utf8": "utf-8-sig"}


@dataclass(frozen=True)
class Page:
    """One stored record. `fetched_at` is UTC; `file` is relative to data/raw; `offset` in bytes; `digest` the hex SHA-256 of `body`."""

    url: str
    fetched_at: datetime
    status: int
    content_type: str
    body: bytes
    file: str
    offset: int
    digest: str

    def text(self) -> str:
        """Return the body as text: by the header's charset, the page's own, UTF-8, GB18030; what none reads becomes U+FFFD."""
        for name in (*self._declared(), "utf-8-sig", "gb18030"):
            try:
                return self.body.decode(_WIDER.get(name.lower(), name))
            except (UnicodeDecodeError, LookupError):
                continue
        return self.body.decode("utf-8", errors="replace")

    def _declared(self) -> list[str]:
        header = _CHARSET.search(self.content_type)
        meta = _META.search(self.body[:2048])
        return [*([header[1]] if header else []), *([meta[1].decode("ascii")] if meta else [])]
