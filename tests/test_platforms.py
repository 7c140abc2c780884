"""Platform names are merged by the directory alone; likeness only proposes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from kamen_analysis import checking, platforms
from kamen_analysis.errors import KamenError

OWN = """entities:
  - {key: qingteng, brand: 青藤铺, domains: [qingteng.example], aliases: [青藤卡铺]}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's own directory file with one invented shop."""
    path = tmp_path / "platforms.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.mark.parametrize(("target", "brand"), [
    ("青藤铺", "青藤铺"), ("青藤鋪 官方客服", "青藤铺"), ("青藤卡铺客服中心", "青藤铺"),
    ("https://www.qingteng.example/shop?x=1", "青藤铺"),
    ("韵达速递官微", "韵达速递"), ("韵达快递", "韵达速递"), ("拼多多客户服务", "拼多多"), ("饿了么客户关怀", "饿了么"),
])
def test_known(own: Path, target: str, brand: str) -> None:
    """Aliases, titles behind the name, traditional characters and domains lead to the one brand."""
    assert platforms.directory(own).canonical(target) == (brand, True)


def test_unknown_stays_as_written(own: Path) -> None:
    """A name outside the directory, even one letter away from a known one, is left as written and marked unknown."""
    assert platforms.directory(own).canonical("青藤卡") == ("青藤卡", False)
    assert platforms.directory(own).canonical("  ") == (None, False)


def test_proposals(own: Path) -> None:
    """Likeness is proposed with its count and merges nothing."""
    known = platforms.directory(own)
    named = [known.canonical(target) for target in ("青藤卡铺子", "青藤卡铺子", "白马点卡", "青藤铺", None)]
    assert [platform for platform, _ in named[:3]] == ["青藤卡铺子", "青藤卡铺子", "白马点卡"]
    posts = pd.DataFrame(named, columns=["platform", "platform_known"])
    found = platforms.proposals(posts, known)
    assert [(name, n) for name, n, _ in found] == [("青藤卡铺子", 2), ("白马点卡", 1)]
    assert found[1][2] is None


def test_a_proposed_line_says_the_name_alone(own: Path) -> None:
    """Whatever a post calls a shop, the line proposed for it is one entry with that brand and nothing else."""
    names = ["甲, aliases: [青藤铺]", "甲}]", "#店", "![x](y)", "&a 店", '"店', "店: 铺", "店\n  - {key: x, brand: y}", "'店"]
    posts = pd.DataFrame({"platform": names, "platform_known": False})
    text = checking._unknown(posts, platforms.directory(own)).partition("\n")[2]
    assert sorted(yaml.safe_load(text), key=str) == sorted([{"key": None, "brand": name} for name in names], key=str)


def test_one_name_two_platforms(tmp_path: Path) -> None:
    """A name claimed by two platforms is refused, not settled by order."""
    path = tmp_path / "platforms.yaml"
    path.write_text("entities:\n  - {key: a, brand: 甲铺}\n  - {key: b, brand: 乙铺, aliases: [甲铺]}\n", encoding="utf-8")
    with pytest.raises(KamenError, match="甲铺"):
        platforms.directory(path)


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    """A misspelt field in the directory is one clear error, not silence."""
    path = tmp_path / "platforms.yaml"
    path.write_text("entities:\n  - {key: a, brand: 甲铺, alias: [乙]}\n", encoding="utf-8")
    with pytest.raises(KamenError, match="platforms.yaml"):
        platforms.directory(path)


@pytest.mark.parametrize(("written", "said"), [
    (b"- a", "内容："), (b"entities: [{key: A, brand: x}]", "entities.0.key："), (b"entities: [", "第 1 行"),
    ("entities: []  # 铺".encode("gbk"), "UTF-8")])
def test_a_directory_against_its_form_is_one_line(written: bytes, said: str, tmp_path: Path) -> None:
    """What is wrong with a user's directory, and where, is said in one line."""
    path = tmp_path / "platforms.yaml"
    path.write_bytes(written)
    with pytest.raises(KamenError, match=said) as refused:
        platforms.directory(path)
    assert "\n" not in str(refused.value) and "pydantic" not in str(refused.value)
