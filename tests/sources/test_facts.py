"""Real captures and a real export give the figures that are known of them."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import onepost
import pandas as pd
import pytest

from kamen_analysis import sources
from kamen_analysis.captures.page import Page
from kamen_analysis.sources import base

SEEN = ("capture_file", "capture_offset", "capture_digest", "first_seen_at", "last_seen_at")


def _posts(key: str, name: str, body: bytes) -> list[dict[str, Any]]:
    source = sources.registry()[key]
    page = Page(f"file:///{name}", datetime.now(UTC), 200, "", body, f"{key}/x.warc.gz", 0, hashlib.sha256(body).hexdigest())
    result = base.read_page(source, page)
    assert not result.rejected and not result.unreadable and not result.warnings.counts
    return [onepost.cleaned(raw, page, source).post for raw in result.posts]


def _files(key: str, files: list[Path]) -> list[dict[str, Any]]:
    return [post for path in files for post in _posts(key, path.name, path.read_bytes())]


def test_the_json_captures_hold_what_is_known_of_them(dev_data: Path) -> None:
    """24 responses: 240 posts, 240 numbers, statuses 139/100/1, three days of January 2022, 250,499.5 yuan, seen when captured."""
    files = sorted((dev_data / "captures/heimao").glob("*.jsonp"))
    posts = _files("heimao", files)
    assert (len(files), len(posts), len({p["post_id"] for p in posts})) == (24, 240, 240)
    assert Counter(p["status"] for p in posts) == {"已回复": 139, "处理中": 100, "已完成": 1}
    days = [p["posted_at"].date() for p in posts]
    assert (min(days), max(days)) == (date(2022, 1, 15), date(2022, 1, 17))
    assert sum(p["amount_yuan"] for p in posts) == 250_499.5
    assert {p["last_seen_at"].date() for p in posts} == {date(2022, 1, 17)}
    assert {p["url"] for p in posts} == {f"https://tousu.sina.com.cn/complaint/view/{p['post_id'][7:]}/" for p in posts}


def test_the_page_captures_parse_to_their_facts(dev_data: Path) -> None:
    """11 pages of October 2020 give their own number, a target, an amount, a minute and the progress."""
    files = sorted((dev_data / "captures/heimao").glob("*.html"))
    posts = _files("heimao", files)
    assert [f"heimao:{path.stem.removeprefix('complaint_')}" for path in files] == [p["post_id"] for p in posts]
    assert len(posts) == 11 and all(p["target"] and p["title"] for p in posts)
    assert sorted(p["amount_yuan"] for p in posts) == [100, 200, 200, 200, 200, 200, 200, 200, 288, 528, 1440]
    assert {p["status"] for p in posts} == {"处理中"}
    assert {(p["posted_precision"], p["posted_at"].date().month, p["posted_at"].year) for p in posts} == {("minute", 10, 2020)}
    assert max(f"{p['posted_at']:%m-%d %H:%M}" for p in posts) == "10-16 11:56"


def test_the_export_keeps_what_is_missing_as_missing(dev_data: Path) -> None:
    """95 rows of the CSV: all kept, 51 without a status, 50 without a date, 77 without an amount, each a post of its own."""
    posts = _files("table", [dev_data / "heimao_export.csv"])
    missing = {name: sum(p[name] is None for p in posts) for name in ("status", "posted_at", "amount_yuan")}
    assert (len(posts), len({p["post_id"] for p in posts})) == (95, 95)
    assert missing == {"status": 51, "posted_at": 50, "amount_yuan": 77}


def _as_json(table: pd.DataFrame) -> bytes:
    return table.to_json(orient="records", force_ascii=False).encode()


def _as_jsonl(table: pd.DataFrame) -> bytes:
    return table.to_json(orient="records", lines=True, force_ascii=False).encode()


def _as_xlsx(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_excel(file, index=False)
    return file.getvalue()


def _as_native_xlsx(table: pd.DataFrame) -> bytes:
    """Numbers and dates as Excel holds them, two title rows above the header."""
    native = table.copy()
    native["编号"], native["涉诉金额"] = pd.to_numeric(native["编号"]), pd.to_numeric(native["涉诉金额"])
    native["发布时间"] = pd.to_datetime(native["发布时间"].str.slice(0, 19), format="ISO8601")
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        native.to_excel(writer, index=False, startrow=2)
        writer.sheets["Sheet1"].cell(1, 1, "投诉导出")
        writer.sheets["Sheet1"].merge_cells("A1:H1")
    return file.getvalue()


def _as_parquet(table: pd.DataFrame) -> bytes:
    return table.to_parquet()


def _as_gb18030(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode("gb18030")


FORMS = {"json": _as_json, "jsonl": _as_jsonl, "xlsx": _as_xlsx, "native.xlsx": _as_native_xlsx, "parquet": _as_parquet, "csv": _as_gb18030}


@pytest.mark.parametrize("form", FORMS)
def test_every_export_of_the_same_columns_gives_the_same_posts(dev_data: Path, form: str) -> None:
    """JSON, JSONL, XLSX (as text, and as numbers and dates), Parquet and GB18030 give the posts that the UTF-8 CSV gives."""
    body = (dev_data / "heimao_export.csv").read_bytes()
    given = _posts("table", f"export.{form}", FORMS[form](pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False)))
    wanted = _posts("table", "heimao_export.csv", body)
    assert [{k: v for k, v in p.items() if k not in SEEN} for p in given] == [{k: v for k, v in p.items() if k not in SEEN} for p in wanted]
