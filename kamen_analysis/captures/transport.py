"""Send one HTTP request to the address that was checked, with limits of size and time; return the answer unchanged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from kamen_analysis.captures.address import Lookup, is_loopback, resolve
from kamen_analysis.captures.policy import Policy, Refused
from kamen_analysis.captures.shelf import utc_now
from kamen_analysis.captures.warc import Exchange
from kamen_analysis.captures.watchdog import Watchdog

_PIECE = 65536


class _Pinned(HTTPAdapter):
    """Connects to the checked IP address; Host header, TLS name and certificate are still the site's."""

    def __init__(self, policy: Policy, lookup: Lookup, pools: dict[str, Any]) -> None:
        self.policy, self.lookup = policy, lookup
        self.addresses: dict[tuple[str, int], str] = {}
        super().__init__(pool_connections=8, pool_maxsize=1)
        self.poolmanager.pool_classes_by_scheme = pools

    def address(self, host: str, port: int) -> str:
        """Return the checked IP address of a host, the same one during the whole session; raise Refused if it may not be asked."""
        key = (host, port)
        if key not in self.addresses:
            address = resolve(host, port, self.policy.allow_loopback, self.lookup)
            if not self.policy.contact and not is_loopback(address):
                raise Refused("contact", host)
            self.addresses[key] = address
        return self.addresses[key]

    def build_connection_pool_key_attributes(self, request: requests.PreparedRequest, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        """Point the connection pool at the checked address."""
        place, settings = super().build_connection_pool_key_attributes(request, verify, cert)
        host = str(place["host"]).strip("[]")
        names = {"server_hostname": host, "assert_hostname": host} if place["scheme"] == "https" else {}
        return {**place, "host": self.address(host, place["port"] or _port(place["scheme"]))}, {**settings, **names}


def _port(scheme: str | None) -> int:
    return 443 if scheme == "https" else 80


class Transport:
    """Sends requests, keeping connections open between them. It uses no cookies and no proxies, and follows no redirects."""

    def __init__(self, policy: Policy, lookup: Lookup) -> None:
        self.policy, self.dog = policy, Watchdog()
        self.adapter = _Pinned(policy, lookup, self.dog.pools())

    def send(self, url: str, headers: Mapping[str, str]) -> Exchange:
        """Return the answer to a GET of `url`, its body not yet decoded; raise Refused.

        If the body is larger than `wire_bytes`, or takes longer than `total_s`, it is dropped and the connection closed.
        """
        place = urlsplit(url)
        request = requests.Request("GET", url, headers={"Host": place.netloc.rpartition("@")[2], **headers}).prepare()
        at, started = utc_now(), time.monotonic()
        answer, body = self._answer(request)
        took_ms = int((time.monotonic() - started) * 1000)
        address = self.adapter.address(place.hostname or "", place.port or _port(place.scheme))
        return Exchange(url, at, tuple(request.headers.items()), answer.status_code, answer.reason or "", _stored(answer.raw.headers), body,
                        address, took_ms=took_ms)

    def _answer(self, request: requests.PreparedRequest) -> tuple[requests.Response, bytes]:
        timeout = (self.policy.connect_s, self.policy.read_s)
        try:
            with self.dog.over(self.policy.total_s):
                answer = self.adapter.send(request, stream=True, timeout=timeout, verify=self.policy.ca_file or True)
                with answer:
                    body = self._body(answer.raw)
        except (requests.RequestException, HTTPError) as error:
            raise Refused("slow") if self.dog.fired else _refusal(error) from None
        if self.dog.fired:
            raise Refused("slow")
        return answer, body

    def _body(self, raw: Any) -> bytes:
        pieces, size = [], 0
        while piece := raw.read1(_PIECE, decode_content=False):
            size += len(piece)
            pieces.append(piece)
            if size > self.policy.wire_bytes:
                raw.close()
                raise Refused("wire_size")
        return b"".join(pieces)

    def close(self) -> None:
        """Close all connections."""
        self.dog.close()
        self.adapter.close()


def _refusal(error: Exception) -> Refused:
    if isinstance(error, requests.exceptions.SSLError):
        return Refused("tls")
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return Refused("unreachable", "超时")
    return Refused("cut" if "IncompleteRead" in repr(error) or "InvalidChunk" in repr(error) else "unreachable")


def _stored(headers: Any) -> tuple[tuple[str, str], ...]:
    # The body is stored with its chunks joined: a reader that believed "chunked" would look for chunk sizes in it.
    renamed = {"transfer-encoding": "X-Archive-Orig-Transfer-Encoding"}
    return tuple((renamed.get(name.lower(), name), value) for name, value in headers.items())
