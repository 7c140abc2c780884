"""Obey robots.txt as RFC 9309 says: if it does not exist, everything is allowed; if it cannot be reached, nothing."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

AGENT = "kamen_analysis"
# RFC 9309 asks crawlers to read at least 500 KiB; the rest is ignored.
_CAP = 512 * 1024


@dataclass(frozen=True)
class Rules:
    """The rules of one site: `parsed` is None if there are none, `reachable` says whether they could be read, `why` if not."""

    parsed: Protego | None
    reachable: bool = True
    why: str = ""

    def allows(self, url: str) -> bool:
        """Return whether `url` may be fetched."""
        return self.reachable and (self.parsed is None or bool(self.parsed.can_fetch(url, AGENT)))

    def delay_s(self) -> float:
        """Return the pause the site asks for: Crawl-delay, or Request-rate's, whichever is longer; 0 if none."""
        if self.parsed is None:
            return 0.0
        rate = self.parsed.request_rate(AGENT)
        return max(float(self.parsed.crawl_delay(AGENT) or 0), rate.seconds / rate.requests if rate else 0.0)


def read(status: int, body: bytes) -> Rules:
    """Return the rules from the answer for /robots.txt: 2xx is parsed, 4xx means no rules, anything else that nothing is allowed."""
    if 200 <= status < 300:
        return Rules(Protego.parse(body[:_CAP].decode("utf-8-sig", errors="replace")))
    return Rules(None, 400 <= status < 500, f"HTTP {status}")
