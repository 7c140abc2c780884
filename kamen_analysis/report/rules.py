"""Chinese names of rules for readers: the reason and a few words, never the codebook's English key."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

import kamen_analysis.codebook as codebook
from kamen_analysis.errors import KamenError

FILE = Path(__file__).with_name("rules.yaml")
OTHER = "其他线索"


@functools.cache
def rule_names(path: Path = FILE) -> dict[str, str]:
    """Return the Chinese name of every rule id ("stalling.no_reply" → "拖延·不回复"); "human" stands for a person's code.

    Raises KamenError if rules.yaml is invalid.
    """
    try:
        named = TypeAdapter(dict[str, dict[str, str]]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise KamenError(f"规则名称表 {path.name} 有误：{str(error).splitlines()[-1]}") from None
    names = {"human": "人工编码"}
    for code, rule in codebook.load().reasons.items():
        names |= {f"{code}.{cue.id}": f"{rule.name_zh}·{named.get(code, {}).get(cue.id, OTHER)}" for cue in rule.cues}
    return names


def rule_name(rule: str) -> str:
    """Return the Chinese name of rule id `rule`; a rule that the codebook no longer has is named by its reason, or 旧规则."""
    code = codebook.load().reasons.get(rule.split(".")[0])
    return rule_names().get(rule) or (f"{code.name_zh}·{OTHER}" if code else "旧规则")


def defined() -> dict[str, dict[str, str]]:
    """Return for each code the name and the definition that the drill-down shows."""
    return {code: {"name": rule.name_zh, "about": f"{rule.definition}。编：{rule.counts_when}"}
            for code, rule in codebook.load().reasons.items()}
