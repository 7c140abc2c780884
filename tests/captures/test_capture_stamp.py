"""Time stamps: asked for and answered by file, checked offline against a test authority made on the spot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kamen_analysis.captures import importer, stamp
from kamen_analysis.cli import main
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home

CONFIG = """[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/leaf.pem
certs = {folder}/leaf.pem
signer_key = {folder}/leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a test authority: root and signing certificates, made by openssl."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: no test authority can be made")
    return _authority(tmp_path_factory.mktemp("tsa"))


def _authority(folder: Path) -> Path:
    config = folder / "openssl.cnf"
    config.write_text(CONFIG.format(name="Test authority", folder=folder), encoding="utf-8")
    (folder / "serial").write_text("01\n", encoding="utf-8")
    for name in ("root", "leaf"):
        _run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{name}.key")
    _run("openssl", "req", "-x509", "-new", "-key", folder / "root.key", "-days", "30", "-out", folder / "root.pem", "-config", config,
         "-extensions", "ca")
    _run("openssl", "req", "-new", "-key", folder / "leaf.key", "-out", folder / "leaf.csr", "-config", config, "-subj", "/CN=Stamp")
    _run("openssl", "x509", "-req", "-in", folder / "leaf.csr", "-CA", folder / "root.pem", "-CAkey", folder / "root.key",
         "-set_serial", "7", "-days", "30", "-extfile", config, "-extensions", "leaf", "-out", folder / "leaf.pem")
    return folder


def _answer(authority: Path, request: Path) -> Path:
    answer = request.with_name("answer.tsr")
    _run("openssl", "ts", "-reply", "-config", authority / "openssl.cnf", "-section", "one", "-queryfile", request, "-out", answer)
    return answer


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one imported table."""
    (tmp_path / "a.jsonl").write_text('{"标题": "点卡不能用", "正文": "卡号不存在"}\n', encoding="utf-8")
    where = Home(tmp_path / "home")
    importer.import_files("table", [tmp_path / "a.jsonl"], where)
    return where


def test_stamped_and_verified(home: Home, authority: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stamp asked for by file and answered by the authority verifies offline and tells since when."""
    arguments = ["--home", str(home.root)]
    assert main([*arguments, "stamp"]) == 0
    (request,) = stamp.folder(home).glob("*.tsq")
    assert main([*arguments, "stamp", "--response", str(_answer(authority, request))]) == 0
    assert main([*arguments, "verify", "--tsa-root", str(authority / "root.pem")]) == 0
    assert "时间戳成立" in capsys.readouterr().out


def test_a_changed_chain_is_seen(home: Home, authority: Path) -> None:
    """When a stamped sidecar is rewritten afterwards, even with fitting digests, the stamp says so."""
    stamp.add(home, _answer(authority, stamp.request(home)))
    (sidecar,) = (home.raw / "table").glob("*.json")
    sidecar.write_text(sidecar.read_text("utf-8").replace("未注明", "公开"), encoding="utf-8")
    (found,) = stamp.verify(home, authority / "root.pem")
    assert "已不是盖章时的样子" in found.wrong
    assert main(["--home", str(home.root), "verify", "--tsa-root", str(authority / "root.pem")]) == 3


def test_another_authority_is_not_believed(home: Home, authority: Path, tmp_path: Path) -> None:
    """A stamp is only as good as the root the user trusts: against another root it does not hold."""
    stamp.add(home, _answer(authority, stamp.request(home)))
    other = tmp_path / "other"
    other.mkdir()
    (found,) = stamp.verify(home, _authority(other) / "root.pem")
    assert "不成立" in found.wrong


def test_a_stamp_of_something_else_is_refused(home: Home, authority: Path, tmp_path: Path) -> None:
    """An answer about another statement, or a file that is no answer, is one clear error."""
    request = stamp.request(home)
    answer = _answer(authority, request)
    request.with_suffix(".txt").write_text("something else\n", encoding="utf-8")
    with pytest.raises(KamenError, match="不是为这里"):
        stamp.add(home, answer)
    (tmp_path / "noise.tsr").write_bytes(b"not a stamp")
    with pytest.raises(KamenError, match="RFC 3161"):
        stamp.add(home, tmp_path / "noise.tsr")


def test_nothing_to_stamp(tmp_path: Path) -> None:
    """An empty home has nothing to stamp, and says so."""
    with pytest.raises(KamenError, match="没有存档"):
        stamp.request(Home(tmp_path))
