"""TLS: the certificate is checked against the site's name although the connection goes to a checked address."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_site import Site

from kamen_analysis.captures.fetch import Session
from kamen_analysis.captures.policy import Refused

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not here")
Start = Callable[..., Session]


def local(host: str, port: int, **_: Any) -> list[Any]:
    """Every name is this machine."""
    return [(0, 0, 0, "", ("127.0.0.1", port))]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Site, list[str], str]]:
    """A TLS site for board.example with a certificate of its own: the site, the names clients asked for, the certificate's path."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=board.example", "-addext",
                    "subjectAltName=DNS:board.example", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    names: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.sni_callback = lambda _sock, name, _context: names.append(str(name))
    site = Site()
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    with site:
        yield site, names, str(cert)


def test_the_name_is_checked_while_the_address_is_pinned(session: Start, secure: tuple[Site, list[str], str]) -> None:
    """With a trusted certificate for the right name the page comes, and the server is asked for that name."""
    site, names, cert = secure
    one = session(hosts=["board.example"], lookup=local, ca_file=cert)
    assert one.get(f"https://board.example:{site.server.server_port}/post/1")
    assert set(names) == {"board.example"}


@pytest.mark.parametrize(("host", "trusted"), [("other.example", True), ("board.example", False)])
def test_a_wrong_certificate_is_refused(session: Start, secure: tuple[Site, list[str], str], host: str, trusted: bool) -> None:
    """A certificate for another name, or one nobody vouches for, gives no page and no way around."""
    site, _, cert = secure
    one = session(hosts=[host], lookup=local, **({"ca_file": cert} if trusted else {}))
    with pytest.raises(Refused, match="TLS 证书校验不过"):
        one.get(f"https://{host}:{site.server.server_port}/post/1")
    assert site.hits.total() == 0
