"""Every source reads its own pages as a person once checked that it should: page*.* beside expected.json."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onepost
import pytest

from kamen_analysis import records, sources
from kamen_analysis.captures.page import Page
from kamen_analysis.sources import base

HERE = Path(__file__).parent
FETCHED = datetime(2025, 11, 1, 8, tzinfo=UTC)


def _page(path: Path, home: str) -> Page:
    body = path.read_bytes()
    return Page(f"{home or 'file://'}/{path.name}", FETCHED, 200, "", body, f"x/{path.name}", 0, hashlib.sha256(body).hexdigest())


def _shown(key: str, path: Path) -> dict[str, Any]:
    """What a page gives, as JSON: cleaned posts with their events, what was rejected and why, what was not known."""
    source = sources.registry()[key]
    page = _page(path, source.HOME)
    result = base.read_page(source, page)
    rejected, posts, warnings = list(result.rejected), [], result.warnings
    for raw in result.posts:
        try:
            cleaned = onepost.cleaned(raw, page, source)
        except base.Reject as reject:
            rejected.append((reject.reason, reject.detail))
            continue
        warnings.add(cleaned.notes)
        events = [{k: v for k, v in event.items() if k != "post_id" and v} for event in cleaned.events]
        posts.append({k: v for k, v in cleaned.post.items() if not k.startswith("capture_")} | {"events": events})
    shown = {"posts": posts, "rejected": rejected, "unreadable": result.unreadable, "warnings": warnings.lines()}
    found: dict[str, Any] = json.loads(json.dumps(shown, ensure_ascii=False, default=str))
    return found


@pytest.mark.parametrize("key", sorted(sources.registry()))
def test_pages_read_as_reviewed(key: str) -> None:
    """Each page of a source gives the posts, events, rejects and warnings in expected.json; a missing one is written and fails."""
    pages = sorted((HERE / key).glob("page*.*"))
    assert pages, f"tests/sources/{key}/ has no page: every source needs one"
    found = {path.name: _shown(key, path) for path in pages}
    expected = HERE / key / "expected.json"
    if not expected.exists():
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        pytest.fail(f"tests/sources/{key}/expected.json was missing and is written: please review it, then run again")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", sorted(sources.registry()))
def test_cleaned_posts_are_rows_of_the_tables(key: str) -> None:
    """What clean returns has only columns that the tables have, and values the schema allows."""
    source = sources.registry()[key]
    posts, events = [], []
    for path in sorted((HERE / key).glob("page*.*")):
        page = _page(path, source.HOME)
        for raw in base.read_page(source, page).posts:
            try:
                cleaned = onepost.cleaned(raw, page, source)
            except base.Reject:
                continue
            posts.append(cleaned.post)
            events += cleaned.events
    later = {"platform": None, "platform_known": False, "post_type": "other", "gate_rule": "", "in_scope": False, "product": "none",
             "outcome": "unclear", "dup_group": "", "dup_kind": "first", "dup_size": 1, "is_used": False}
    records.validate("posts", records.frame("posts", [later | post for post in posts]))
    records.validate("events", records.frame("events", events))
    assert posts
