"""Which network addresses may be asked: public ones, checked after the name is resolved, so that no page leads us inside."""

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


def _inner(address: _Address) -> list[_Address]:
    """Return the IPv4 addresses an IPv6 address carries inside: mapped, 6to4, Teredo, NAT64, or written in its last 32 bits."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]


def is_public(address: _Address) -> bool:
    """Return whether an address is on the open network: not private, loopback, link-local, shared (CGNAT), reserved or multicast."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    return address.is_global and not address.is_multicast and all(map(is_public, _inner(address)))


def _is_allowed(text: str, allow_loopback: bool) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return is_public(address) or (allow_loopback and is_loopback(text))


def is_loopback(text: str) -> bool:
    """Return whether an address (as text) is this machine."""
    return any(ipaddress.ip_address(text.partition("%")[0]) in net for net in _LOOPBACK)


def resolve(host: str, port: int, allow_loopback: bool = False, lookup: Lookup = socket.getaddrinfo) -> str:
    """Return an address of `host` that may be connected to, as text.

    If any of the name's addresses is not allowed the name is refused as a whole: a public and a private answer side by side is
    what DNS rebinding looks like. Raises Refused("address") or Refused("unreachable").
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
    """Return an address in one shape: no fragment, host in lower case, default port dropped; raises Refused for what is no address."""
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
