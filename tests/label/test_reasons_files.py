"""`kamen label` on files: formats, order, and one clear line for what cannot be read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from kamen_analysis.errors import KamenError
from kamen_analysis.label.files import explain_file, label_file

POSTS = [
    {"id": "a", "title": "拉黑", "body": "买的点卡没到账，卖家收钱后把我拉黑了。", "target": "某卡盟"},
    {"id": "b", "title": "没到账", "body": "充的话费没到账，请处理。", "target": None},
]


def lines(path: Path) -> list[dict[str, object]]:
    """Return the JSON objects of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(tmp_path: Path, form: str) -> Path:
    """Write the posts in `form` and return where."""
    path = tmp_path / f"posts.{form}"
    if form == "jsonl":
        path.write_text("\n".join(json.dumps(post, ensure_ascii=False) for post in POSTS), encoding="utf-8")
    elif form == "csv":
        with path.open("w", encoding="gb18030", newline="") as file:
            writer = csv.DictWriter(file, POSTS[0])
            writer.writeheader()
            writer.writerows(POSTS)
    else:
        pd.DataFrame(POSTS).to_parquet(path)
    return path


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_formats(tmp_path: Path, form: str) -> None:
    """JSONL, CSV in GBK and Parquet give the same lines, in the order of the file."""
    out = tmp_path / "out.jsonl"
    assert label_file(written(tmp_path, form), out) == 2
    first, second = lines(out)
    assert [first["id"], second["id"]] == ["a", "b"]
    assert set(first) == {"id", "post_type", "in_scope", "product", "outcome", "reasons"}
    (reason,) = first["reasons"]  # type: ignore[misc]
    assert (reason["code"], reason["text"]) == ("unreachable", POSTS[0]["body"][reason["start"]:reason["end"]])  # type: ignore[index]
    assert second["reasons"] == []


def test_truncated_line_is_named(tmp_path: Path) -> None:
    """A JSON line cut short is named by its number, and the output that stood there stays."""
    source, out = written(tmp_path, "jsonl"), tmp_path / "out.jsonl"
    out.write_text("earlier", encoding="utf-8")
    source.write_text(source.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    with pytest.raises(KamenError, match="2"):
        label_file(source, out)
    assert out.read_text(encoding="utf-8") == "earlier"


def test_missing_columns(tmp_path: Path) -> None:
    """A file without title and body is refused in one line."""
    source = tmp_path / "posts.jsonl"
    source.write_text('{"id": 1, "text": "x"}\n', encoding="utf-8")
    with pytest.raises(KamenError, match="title"):
        label_file(source, tmp_path / "out.jsonl")


def test_explain_file(tmp_path: Path) -> None:
    """Explaining a file adds each post's decision in words."""
    out = tmp_path / "out.jsonl"
    assert explain_file(written(tmp_path, "jsonl"), out) == 2
    assert any("失联跑路" in line for line in lines(out)[0]["trace"])  # type: ignore[attr-defined]
