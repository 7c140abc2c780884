"""Verification and purging: every broken link is named, and what a pass proves is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from capture_helpers import outputs, put

from kamen_analysis.captures import purge, shelf
from kamen_analysis.captures.importer import import_files
from kamen_analysis.captures.verify import verify
from kamen_analysis.paths import Home, sha256


def test_an_untouched_home_passes(where: Home) -> None:
    """A pass counts files and records, and says what it proves and what it does not."""
    outputs(where)
    found = verify(where)
    assert found.ok and found.records == 4 + 4 + 2 and "全部相符" in found.explain()
    assert "能证明" in found.explain() and "不能证明" in found.explain()


def test_every_kind_of_damage_is_named(where: Home) -> None:
    """A byte changed, a file gone or slipped in, a sidecar edited, a table or report touched: each is named as the first broken link."""
    report = outputs(where)
    capture, second = sorted(where.raw.glob("heimao/*.warc.gz"))
    note = capture.with_name(capture.name.replace(".warc.gz", ".json"))
    damage = {
        capture: (capture.read_bytes()[:-9] + b"x" + capture.read_bytes()[-8:], f"heimao/{capture.name} 的摘要与旁注不符"),
        note: (note.read_bytes().replace("未注明".encode(), "公有".encode()), "与前一份旁注不相接"),
        second: (None, f"heimao/{second.name} 不见了"),
        where.processed / "table.txt": (b"x", "处理结果的 table.txt 已改动"),
        report / "table.txt": (None, "报告 2026的 table.txt 不见了"),
        capture.with_name("20200101T000000000000Z.warc.gz"): (capture.read_bytes(), "没有旁注"),
        capture.with_name("20200101T000000000000Z.json"): (note.read_bytes(), "与前一份旁注不相接"),
    }
    for path, (content, said) in damage.items():
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content) if content is not None else path.unlink()
        found = verify(where)
        assert not found.ok and said in found.broken[0] and f"第一处断裂：{found.broken[0]}" in found.explain()
        path.write_bytes(before) if before is not None else path.unlink()
    assert verify(where).ok


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kind": "purge", "warc": "none.warc.gz", "sha256": "", "previous": null}'])
def test_a_ruined_sidecar_is_told(where: Home, content: str) -> None:
    """A sidecar that is empty, of another shape, or about a file that never was, is a broken link in words, not a crash."""
    max(where.raw.glob("heimao/*.json")).write_text(content, encoding="utf-8")
    assert verify(where).broken[0].startswith("heimao：旁注")


@pytest.mark.parametrize("content", ["", "[]", '{"inputs": []}', '"x"'])
def test_a_ruined_listing_is_told(where: Home, content: str) -> None:
    """A manifest or provenance file that is empty or of another shape is a broken link in words, not a crash."""
    report = outputs(where)
    for path, name in ((report / "provenance.json", "报告 2026：provenance.json"),
                       (where.processed / "manifest.json", "处理结果：manifest.json")):
        path.write_text(content, encoding="utf-8")
        assert verify(where).broken[0] == f"{name} 不是完好的清单"


def test_the_last_sidecar_is_held_by_its_file(where: Home) -> None:
    """The newest sidecar, which no other covers yet, cannot be made to tell another command, licence or date than its file does."""
    last = max(where.raw.glob("heimao/*.json"))
    whole = last.read_text(encoding="utf-8")
    changes = {"kamen import": "kamen fetch", "未注明": "公有领域", "page1.html": "page9.html", '"keep_until": "20': '"keep_until": "21'}
    for was, is_now in changes.items():
        last.write_text(whole.replace(was, is_now), encoding="utf-8")
        assert "旁注被改动" in verify(where).broken[0]


def test_a_forged_file_with_a_matching_sidecar_breaks_the_chain(where: Home) -> None:
    """Whoever rewrites a capture and its own sidecar still breaks the link from the next sidecar."""
    capture = min(where.raw.glob("heimao/*.warc.gz"))
    note = capture.with_name(capture.name.replace(".warc.gz", ".json"))
    was = sha256(capture)
    capture.write_bytes(capture.read_bytes() + capture.read_bytes())
    note.write_text(note.read_text(encoding="utf-8").replace(was, sha256(capture)), encoding="utf-8")
    assert "与前一份旁注不相接" in verify(where).broken[0]


def test_purge_at_the_keep_until_date(where: Home) -> None:
    """A capture past its date leaves the disk with an entry in the chain; one with time left stays; a report made from it is told so."""
    outputs(where)
    put(where, "late.csv", "x")
    about = shelf.About("test", keep_until=datetime(2040, 1, 1, tzinfo=UTC).date())
    import_files("table", [where.root / "inbox/late.csv"], where, about=about)
    assert purge.purge(where) == []
    gone = purge.purge(where, lambda: datetime(2035, 1, 1, tzinfo=UTC))
    assert len(gone) == 2 and not list(where.raw.glob("heimao/*.warc.gz")) and len(list(where.raw.glob("table/*.warc.gz"))) == 1
    found = verify(where)
    assert found.ok and "到期清除" in found.explain()
