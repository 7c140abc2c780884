"""`kamen redact`: records in any form in, redacted JSONL out, offsets into the text as given."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.redact.files import redact_file

ROWS = [{"id": "1", "title": "退款", "body": "电话13912345678打不通"}, {"id": "2", "title": "微信 kami_2020x 收钱", "body": "没有别的"}]


def test_redactions_point_into_the_text_as_given(tmp_path: Path) -> None:
    """Each redaction's offsets cut the replaced piece out of the record as it came in, and order is kept."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), "utf-8")
    assert redact_file(source, out) == 2
    done = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    cut = [ROWS[i][r["field"]][r["start"]:r["end"]] for i, record in enumerate(done) for r in record["redactions"]]
    assert cut == ["13912345678", "kami_2020x"]
    assert done[0]["body"] == "电话[手机号]打不通"
    assert [record["id"] for record in done] == ["1", "2"]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_numbers_in_a_spreadsheet_are_redacted_too(tmp_path: Path, suffix: str) -> None:
    """A phone number a spreadsheet holds as a number is no way around the redactor."""
    source, out = tmp_path / f"in.{suffix}", tmp_path / "out.jsonl"
    table = pd.DataFrame({"id": [1], "title": ["电话"], "body": [13912345678]})
    {"csv": table.to_csv, "parquet": table.to_parquet, "xlsx": table.to_excel}[suffix](source, index=False)
    redact_file(source, out)
    assert "13912345678" not in out.read_text("utf-8")


def test_a_missing_column_is_told_and_earlier_output_stays(tmp_path: Path) -> None:
    """Without title and body nothing is written, and the message names the record."""
    source, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text("id,text\n1,a\n", "utf-8")
    out.write_text("earlier", "utf-8")
    with pytest.raises(KamenError, match="第 1 条记录"):
        redact_file(source, out)
    assert out.read_text("utf-8") == "earlier"


def test_the_door_names_column_and_kind_but_no_value() -> None:
    """A table with a phone number in its body is refused, the number itself not told."""
    data = pd.DataFrame({"post_id": ["a:1", "a:2"], "body": ["电话13912345678", "没有"], "url": ["https://x.example/13912345678"] * 2})
    with pytest.raises(PublishRefused, match="body 列：电话号码 1 处") as error:
        refuse_if_personal("posts", data)
    assert "13912345678" not in str(error.value)
    assert "url" not in str(error.value)


def test_the_door_names_the_files(tmp_path: Path) -> None:
    """Given the folder of the tables, the door names the files of the table that hold what it found, three at most."""
    folder = tmp_path / "data" / "processed"
    (folder / "posts").mkdir(parents=True)
    bodies = ["没有", *(f"电话1391234567{n}" for n in range(4))]
    for n, body in enumerate(bodies):
        pd.DataFrame({"body": [body], "title": ["买的点卡"]}).to_parquet(folder / "posts" / f"{n}.parquet")
    with pytest.raises(PublishRefused, match="data/processed/posts/1.parquet）") as error:
        refuse_if_personal("posts", {"body": bodies[:2]}, folder)
    assert "0.parquet" not in str(error.value) and "139" not in str(error.value)
    with pytest.raises(PublishRefused, match="等 4 个文件"):
        refuse_if_personal("posts", {"body": bodies}, folder)


def test_the_door_lets_clean_tables_and_identifiers_pass() -> None:
    """Identifiers and digests in columns of ours are no personal data."""
    data = pd.DataFrame({"post_id": ["heimao:17357092811"], "capture_digest": ["13912345678" * 5], "body": ["电话[手机号]打不通"]})
    refuse_if_personal("posts", data)
