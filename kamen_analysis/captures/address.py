"""Allow requests only to public network addresses, checked after name resolution, so that no page can lead us into a private network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from kamen_analysis.captures.policy import Refused

Lookup = Callable[..., list[Any]]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
# 64:ff9b::/96 carries an IPv4 address behind a translator (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _embedded(address: _Address) -> list[_Address]:
    """Return the IPv4 addresses embedded in an IPv6 address: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [ipv4 for ipv4 in found if ipv4 is not None]


def is_public(address: _Address) -> bool:
    """Return whether an address is public: not private, loopback, link-local, shared (CGNAT), reserved or multicast."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    return address.is_global and not address.is_multicast and all(map(is_public, _embedded(address)))


def _is_allowed(text: str, allow_loopback: bool) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return is_public(address) or (allow_loopback and is_loopback(text))


def is_loopback(text: str) -> bool:
    """Return whether an address (as text) is this machine."""
    return any(ipaddress.ip_address(text.partition("%")[0]) in net for net in _LOOPBACK)


def resolve(host: str, port: int, allow_loopback: bool = False, lookup: Lookup = socket.getaddrinfo) -> str:
    """Return the address to connect to for `host`, as text; raise Refused("address") or Refused("unreachable").

    If any of the host's addresses is not allowed, the host is refused: public and private addresses for one name are a sign of DNS
    rebinding.
    """
    try:
        found = lookup(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("unreachable", f"{host} 无法解析") from None
    texts = [str(item[4][0]) for item in found]
    if not texts or not all(_is_allowed(text, allow_loopback) for text in texts):
        raise Refused("address", host)
    return next((text for text in texts if ":" not in text), texts[0])


def normal(url: str) -> str:
    """Return a URL in normal form: no fragment, host in lower case, no default port; raise Refused("scheme") if it is no web address."""
    try:
        place = urlsplit(requests.Request("GET", url.partition("#")[0]).prepare().url or "")
        port = place.port
    except (requests.RequestException, ValueError):
        raise Refused("scheme") from None
    if place.scheme not in {"http", "https"}:
        raise Refused("scheme")
    host = f"[{place.hostname}]" if ":" in (place.hostname or "") else place.hostname or ""
    netloc = host if port in {None, 80 if place.scheme == "http" else 443} else f"{host}:{port}"
    return place._replace(netloc=netloc, fragment="").geturl()
