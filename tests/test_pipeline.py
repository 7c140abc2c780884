"""The build: every stage balances, reruns are cheap and identical, faults leave the earlier tables as they were."""

from __future__ import annotations

import fcntl
import json
import re
import resource
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from kamen_analysis import checking, data, records, zh
from kamen_analysis.captures import importer, shelf, withdraw
from kamen_analysis.captures.members import records as whole_records
from kamen_analysis.captures.writer import Exchange
from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import history
from kamen_analysis.pipeline.build import build
from kamen_analysis.redact import redact_many
from kamen_analysis.world.model import World


@pytest.fixture
def copy(built: Home, tmp_path: Path) -> Home:
    """A copy of the built home that a test may change."""
    shutil.copytree(built.root, tmp_path / "home")
    return Home(tmp_path / "home")


def _bytes(home: Home) -> dict[str, bytes]:
    return {path.relative_to(home.processed).as_posix(): path.read_bytes() for path in sorted(home.processed.rglob("*")) if path.is_file()}


def _table(home: Home, name: str, rows: list[dict[str, str]]) -> None:
    path = home.root / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    importer.import_files("table", [path], home)


ROW = {"编号": "TS2026110001", "标题": "点卡充不进去", "投诉对象": "白马点卡",
       "正文": "买了一张五十元点卡，一直提示卡号错误，客服让我等，等了四天没有人再回我。",
       "投诉进度": "处理中", "发布时间": "2026-08-01 10:00"}


def test_every_stage_balances(built: Home) -> None:
    """At every stage in = out + rejected, and the rejected table holds exactly the rows the manifest counts."""
    loaded = data.load(built)
    for stage in loaded.manifest["stages"]:
        assert stage["in"] == stage["out"] + sum(stage["rejected"].values())
    counted = {s["stage"]: s["rejected"] for s in loaded.manifest["stages"] if s["stage"] not in ("merge", "scope")}
    listed: dict[str, dict[str, int]] = {stage: {} for stage in counted}
    for (stage, reason), n in loaded.rejected.groupby(["stage", "reason"]).size().items():
        listed[stage][reason] = n
    assert listed == counted
    assert loaded.manifest["stages"][-1]["in"] == loaded.posts["is_used"].sum()


def test_tables_meet_their_schema(built: Home, small_world: World) -> None:
    """What is read back from Parquet meets the schema, holds every post of the world once, and is marked synthetic."""
    loaded = data.load(built)
    for name in records.TABLES:
        records.validate(name, getattr(loaded, name))
    assert len(loaded.posts) == 300 == loaded.posts["post_id"].nunique()
    assert loaded.is_synthetic and loaded.manifest["is_synthetic"]
    assert set(loaded.labels["post_id"]) <= set(loaded.posts["post_id"])
    assert set(loaded.events["post_id"]) <= set(loaded.posts["post_id"])


def test_spans_hold_their_words(built: Home) -> None:
    """Every label's span lies within the redacted text it points into and is not empty."""
    loaded = data.load(built)
    rows = loaded.labels.merge(loaded.posts[["post_id", "title", "body"]], on="post_id")
    assert len(rows) > 100
    for row in rows.itertuples():
        assert 0 <= row.start < row.end <= len(getattr(row, row.field))


def test_no_planted_personal_data_survives(built: Home, small_world: World) -> None:
    """None of the identifiers planted in the world's posts is left in any string of any table, in any of its spellings."""
    loaded = data.load(built)
    words = " ".join(str(cell) for name in records.TABLES for column in getattr(loaded, name).select_dtypes("str")
                     for cell in getattr(loaded, name)[column].dropna())
    plain = re.sub(r"[\s\-—]", "", zh.fold(zh.squeeze(words)[0]))
    shown = small_world.personal[small_world.posts["shown"].to_numpy()[small_world.personal["row"]]]
    numbers = shown[shown["kind"].isin(["PHONE", "IDCARD", "BANKCARD", "EMAIL", "CARDKEY", "PAYURL"])]
    assert len(numbers) > 50
    left = [(row.kind, row.row) for row in numbers.itertuples() if re.sub(r"[\s\-—]", "", zh.fold(zh.squeeze(row.value)[0])) in plain]
    assert left == []


def test_nothing_new_changes_nothing(copy: Home) -> None:
    """A rerun with nothing new leaves every file untouched, down to its time."""
    before = {path: path.stat().st_mtime_ns for path in copy.processed.rglob("*.parquet")}
    build(copy, jobs=1)
    assert {path: path.stat().st_mtime_ns for path in copy.processed.rglob("*.parquet")} == before


def test_incremental_equals_full(copy: Home) -> None:
    """After new data an incremental build and a build from nothing, with another number of processes, give the same bytes."""
    _table(copy, "new.jsonl", [ROW])
    build(copy, jobs=1)
    once = _bytes(copy)
    shutil.rmtree(copy.root / "data" / ".cache")
    shutil.rmtree(copy.processed)
    build(copy, jobs=2)
    assert _bytes(copy) == once
    assert "table:TS2026110001" in set(data.load(copy).posts["post_id"])


def test_a_post_seen_twice(tmp_path: Path) -> None:
    """A post in two captures is one post: the later status, the fuller text, sight from first to last, counted as seen again."""
    home = Home(tmp_path)
    _table(home, "a.jsonl", [ROW])
    _table(home, "b.jsonl", [ROW | {"投诉进度": "已回复", "正文": ROW["正文"] + "今天又催了一次还是没结果。"}])
    stages = {stage["stage"]: stage for stage in build(home, jobs=1)["stages"]}
    assert stages["merge"]["rejected"] == {"seen_again": 1}
    post = data.load(home).posts.iloc[0]
    assert post["status"] == "已回复" and post["body"].endswith("还是没结果。") and post["first_seen_at"] < post["last_seen_at"]


def test_missing_stays_missing(tmp_path: Path) -> None:
    """Posts without a date, a status or an amount are kept, and what is missing is missing, not zero or today."""
    home = Home(tmp_path)
    _table(home, "a.jsonl", [{k: v for k, v in ROW.items() if k not in ("投诉进度", "发布时间")}])
    build(home, jobs=1)
    loaded = data.load(home)
    post = loaded.posts.iloc[0]
    assert pd.isna(post["posted_at"]) and pd.isna(post["status"]) and pd.isna(post["amount_yuan"])
    assert loaded.events.empty


def test_truncated_capture(copy: Home) -> None:
    """A capture cut short costs the record it ends in: the loss is a rejected page and a gap, and the last line names the file."""
    before = set(data.load(copy).posts["post_id"])
    _table(copy, "new.jsonl", [ROW])
    capture = max((copy.raw / "table").glob("*.warc.gz"))
    last = max(whole_records(capture), key=lambda record: record.offset if record.type == "resource" else -1)
    capture.write_bytes(capture.read_bytes()[:last.end - 40])
    command = [sys.executable, "-m", "kamen_analysis", "--home", str(copy.root), "build"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and capture.name in done.stdout.splitlines()[-1]
    loaded = data.load(copy)
    assert set(loaded.posts["post_id"]) == before and loaded.manifest["stages"][0]["rejected"]["damaged"] == 1


def test_disk_full(copy: Home) -> None:
    """A write that fails for want of room ends with one line, and the tables of before stay as they were."""
    before = _bytes(copy)
    _table(copy, "new.jsonl", [ROW])
    command = [sys.executable, "-m", "kamen_analysis", "--home", str(copy.root), "build", "--jobs", "1"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (7_000, 7_000)))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert _bytes(copy) == before
    assert not list((copy.root / "data").glob(".processed.*"))


def test_personal_data_is_not_published(copy: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """If redaction fails to act, the gate at the door refuses, names table and column, and leaves the earlier tables."""
    before = _bytes(copy)
    _table(copy, "new.jsonl", [ROW | {"正文": ROW["正文"] + "我的电话13912345678。"}])
    monkeypatch.setattr("kamen_analysis.pipeline.free_text.redact", lambda columns: set())
    with pytest.raises(KamenError) as refused:
        build(copy, jobs=1)
    assert refused.value.exit_code == 3
    assert "posts" in str(refused.value) and "body" in str(refused.value) and "13912345678" not in str(refused.value)
    assert _bytes(copy) == before


def test_a_replacement_that_fails_is_caught(copy: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """If redaction finds a number but leaves it standing, the gate reads the text as it stands and refuses."""
    _table(copy, "new.jsonl", [ROW | {"正文": ROW["正文"] + "我的电话13912345678。"}])
    monkeypatch.setattr("kamen_analysis.pipeline.free_text.redact_many",
                        lambda texts: [one._replace(text=text) for text, one in zip(texts, redact_many(texts), strict=True)])
    with pytest.raises(PublishRefused, match=r"表 posts（data/raw/table/.+\.warc\.gz）.+body"):
        build(copy, jobs=1)


def test_two_builds_at_once(copy: Home) -> None:
    """A second build in the same home is told so at once."""
    with (copy.root / "data" / ".build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(KamenError, match="另一个 kamen build"):
            build(copy)


def test_nothing_to_build(tmp_path: Path) -> None:
    """An empty home is one clear line that says what to do first."""
    with pytest.raises(KamenError, match="kamen import"):
        build(Home(tmp_path))


def test_unknown_source_folder(copy: Home) -> None:
    """A capture under a source nobody knows is named, not skipped."""
    shutil.copytree(copy.raw / "board", copy.raw / "nobody")
    with pytest.raises(KamenError, match="nobody"):
        build(copy, jobs=1)


@pytest.mark.parametrize("damage", ["manifest.json", "posts/board-00000.parquet"])
def test_damaged_tables(copy: Home, damage: str) -> None:
    """A truncated table or manifest is one clear line when loaded, and the next build makes it whole again."""
    whole = _bytes(copy)
    path = copy.processed / damage
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(KamenError, match="kamen build"):
        data.load(copy)
    build(copy, jobs=1)
    assert _bytes(copy) == whole


@pytest.mark.parametrize("written", ["[]", "{}", '{"outputs": []}'])
def test_a_manifest_changed_by_hand_is_made_anew(copy: Home, written: str) -> None:
    """A manifest that is JSON, but none, is taken for a damaged one: the build makes it whole again."""
    whole = _bytes(copy)
    (copy.processed / "manifest.json").write_text(written, encoding="utf-8")
    build(copy, jobs=1)
    assert _bytes(copy) == whole


@pytest.mark.parametrize("damaged", ["[]", "{", '{"at": "2026-01-01"}'])
def test_a_log_changed_by_hand_is_one_line(tmp_path: Path, damaged: str) -> None:
    """A log of builds with a line that is no entry is refused by its name, and may be deleted."""
    log = history.path_of(Home(tmp_path))
    log.parent.mkdir(parents=True)
    log.write_text(damaged, encoding="utf-8")
    with pytest.raises(KamenError, match=r"history\.jsonl 已损坏，可删去"):
        history.entries(Home(tmp_path))


def _page(home: Home, name: str, html: str) -> None:
    path = home.root / name
    path.write_text(html, encoding="utf-8")
    importer.import_files("board", [path], home)


POST = """<html><body><p class="mark">演示数据</p><article class="complaint"><h1>卡不能用</h1><dl><dt>投诉编号</dt><dd>20260801{n}</dd>
<dt>投诉对象</dt><dd>白马点卡</dd>{status}<dt>发布时间</dt><dd>2026年08月01日 21:14</dd></dl>
<div class="content"><p>第{n}张卡不能用</p></div><ol class="steps"></ol></article></body></html>"""
STATUS = "<dt>状态</dt><dd>处理中</dd>"


def test_a_run_without_posts_is_a_gap(copy: Home) -> None:
    """A run whose pages yield no post is withheld: the earlier posts stay, and a dated gap says why."""
    n = len(data.load(copy).posts)
    _page(copy, "list.html", '<html><body><p class="mark">演示数据</p><ul class="list"></ul></body></html>')
    manifest = build(copy, jobs=1)
    (gap,) = manifest["gaps"]
    assert gap["source"] == "board" and "少于下限" in gap["reason"] and gap["since"] < gap["until"]
    assert len(data.load(copy).posts) == n


def test_a_run_with_empty_fields_is_withheld(tmp_path: Path) -> None:
    """Forty posts of which ten have no status are below the fill rate: none is published, all are counted as withheld."""
    home = Home(tmp_path)
    for k in range(40):
        (home.root / f"{k}.html").write_text(POST.format(n=100 + k, status=STATUS if k % 4 else ""), encoding="utf-8")
    importer.import_files("board", sorted(home.root.glob("*.html")), home)
    manifest = build(home, jobs=1)
    assert {s["stage"]: s["rejected"] for s in manifest["stages"]}["merge"] == {"withheld": 40}
    assert "status" in manifest["gaps"][0]["reason"] and data.load(home).posts.empty


def test_a_deleted_page_becomes_an_event(copy: Home) -> None:
    """When a post's own page answers 410 on a later visit, the post stays and gains a `deleted` event with an upper bound."""
    post = data.load(copy).posts.dropna(subset="url").iloc[0]
    with shelf.opened(copy.raw, "board", shelf.About("test")) as writer:
        now = datetime.now(UTC)
        writer.exchange(Exchange(post["url"], now, [], 410, "Gone", [("Content-Type", "text/html")], b"<p>gone</p>"))
    assert build(copy, jobs=1)["gaps"] == []
    events = data.load(copy).events.query("kind == 'deleted'")
    assert events["post_id"].tolist() == [post["post_id"]]
    assert events["at"].isna().all() and abs(events["seen_by"].iloc[0] - pd.Timestamp(now)) < pd.Timedelta(seconds=1)


def test_withdrawn_posts_leave(copy: Home) -> None:
    """A post on the opt-out list leaves every table at the next build, and is counted."""
    loaded = data.load(copy)
    name = loaded.labels["post_id"].iloc[0]
    withdraw.withdraw(copy, name, "当事人来信")
    stages = {stage["stage"]: stage for stage in build(copy, jobs=1)["stages"]}
    assert stages["merge"]["rejected"]["withdrawn"] == 1
    after = data.load(copy)
    assert all(name not in set(getattr(after, table)["post_id"].dropna()) for table in records.TABLES)
    assert len(after.posts) == len(loaded.posts) - 1


def test_what_vanished_is_told(copy: Home) -> None:
    """`kamen check` compares with the build before: what is new by number, what vanished by name."""
    name = data.load(copy).posts["post_id"].iloc[0]
    withdraw.withdraw(copy, name)
    build(copy, jobs=1)
    told = checking.check(copy)
    assert "board：300 → 299 帖" in told and f"有 1 帖不见了，例如 {name}" in told
