"""RFC 3161 time stamps by a third party over the last sidecar of every source and the manifest of the tables.

Our own digests prove that nothing has changed; only a third party's signature proves since when. The request is written to a file and
the answer read from one: nothing here uses the network, and any time-stamping authority will do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kamen_analysis.captures import shelf, sidecar
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, atomic_write, sha256


def folder(home: Home) -> Path:
    """Return the folder of the stamps: for each its statement (.txt), request (.tsq) and answer (.tsr)."""
    return home.root / "data" / "stamps"


def statement(home: Home) -> str:
    """Return the text to be stamped: the SHA-256 and path of the last sidecar of each source, and of the manifest, one a line."""
    chains = [sidecar.entries(path) for path in sorted(home.raw.glob("*")) if path.is_dir()]
    heads = [chain[-1][0] for chain in chains if chain]
    if not heads:
        raise KamenError(f"{home.raw} 里没有存档，没有可盖的时间戳")
    lines = [f"{sidecar.digest(path)}  {path.relative_to(home.root).as_posix()}" for path in heads]
    manifest = home.processed / "manifest.json"
    lines += [f"{sha256(manifest)}  {manifest.relative_to(home.root).as_posix()}"] if manifest.exists() else []
    return "\n".join(lines) + "\n"


def request(home: Home) -> Path:
    """Write today's statement and the request for its stamp; return the request's path (.tsq)."""
    from rfc3161_client import TimestampRequestBuilder

    text = statement(home).encode()
    stem = folder(home) / shelf.utc_now().strftime("%Y%m%dT%H%M%SZ")
    query = TimestampRequestBuilder().data(text).build()
    for suffix, content in ((".txt", text), (".tsq", query.as_bytes())):
        with atomic_write(stem.with_suffix(suffix), "wb") as file:
            file.write(content)
    return stem.with_suffix(".tsq")


def add(home: Home, answer: Path) -> Path:
    """Store an authority's answer beside the statement it stamps; raise KamenError if it is no stamp, or stamps none of ours."""
    response = _decoded(answer)
    stamped = response.tst_info.message_imprint.message
    for path in sorted(folder(home).glob("*.txt"), reverse=True):
        if stamped in {hashlib.new(name, path.read_bytes()).digest() for name in ("sha256", "sha384", "sha512")}:
            stored = path.with_suffix(".tsr")
            with atomic_write(stored, "wb") as file:
                file.write(answer.read_bytes())
            return stored
    raise KamenError(f"{answer.name} 不是为这里的任何一份陈述盖的时间戳")


@dataclass(frozen=True)
class Stamped:
    """One stamp: its name, the time the authority states, and what is wrong with it (empty: nothing)."""

    name: str
    at: str
    wrong: str


def verify(home: Home, authority: Path) -> list[Stamped]:
    """Check every stored stamp offline against the authority's root certificates (PEM), and its statement against the disk."""
    from cryptography.x509 import load_pem_x509_certificates
    from rfc3161_client import VerificationError, VerifierBuilder

    try:
        roots = load_pem_x509_certificates(authority.read_bytes())
    except ValueError:
        raise KamenError(f"{authority.name} 不是 PEM 证书") from None
    checker = VerifierBuilder(roots=roots).build()
    found = []
    for path in sorted(text.with_suffix(".tsr") for text in folder(home).glob("*.txt")):
        if not path.exists():
            continue
        stated = path.with_suffix(".txt").read_bytes()
        response = _decoded(path)
        try:
            checker.verify_message(response, stated)
            wrong = _changed(home, stated.decode("utf-8"))
        except VerificationError as error:
            wrong = f"时间戳不成立（{error}）"
        found.append(Stamped(path.name, response.tst_info.gen_time.isoformat(), wrong))
    return found


def _changed(home: Home, stated: str) -> str:
    """Return which sidecar of a statement is gone or changed, "" if none. The manifest is not checked: every build replaces it."""
    for line in stated.splitlines():
        digest, _, name = line.partition("  ")
        path = home.root / name
        if name.startswith("data/raw/") and (not path.exists() or sidecar.digest(path) != digest):
            return f"{name} 已不是盖章时的样子"
    return ""


def _decoded(path: Path) -> Any:
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(path.read_bytes())
    except ValueError:
        raise KamenError(f"{path.name} 不是 RFC 3161 时间戳应答") from None
