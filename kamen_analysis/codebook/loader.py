"""Read the codebook's YAML files into validated models, with a digest of the rules."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from kamen_analysis import kept
from kamen_analysis.codebook.models import Context, Device, ReasonRule, Roles, Strict, WordClass
from kamen_analysis.errors import KamenError

FOLDER = Path(__file__).parent
Model = TypeVar("Model", bound=Strict)
# Parsing YAML is slow: the result is kept between runs, under the text of the file.
_SHELF = kept.Shelf("yaml", *(f"codebook/{path}" for path in ("*.yaml", "gate/*.yaml", "reasons/*.yaml")))


@dataclass(frozen=True)
class Codebook:
    """The rules: their version and digest, the active reasons by code, all word classes, evasive spellings and the context devices."""

    version: str
    digest: str
    reasons: dict[str, ReasonRule]
    words: dict[str, WordClass]
    spelling: dict[str, str]
    devices: tuple[Device, ...]


def read_yaml(path: Path, model: type[Model]) -> Model:
    """Return the YAML file at `path` as a `model`, or raise KamenError naming the file and its first fault."""
    text = path.read_text(encoding="utf-8")
    try:
        return model.model_validate(_SHELF.packed(text, lambda: yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))))
    except (yaml.YAMLError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error).splitlines()[0]}
        where = ".".join(str(part) for part in first["loc"])
        raise KamenError(f"编码手册 {path.name} 有误：{where} {first['msg']}") from None


@functools.cache
def load(folder: Path = FOLDER) -> Codebook:
    """Return the validated codebook in `folder`.

    KamenError for a file not named after its code, a template that two reasons share, or a word class defined twice.
    """
    files = sorted((folder / "reasons").glob("*.yaml"))
    roles, context = read_yaml(folder / "roles.yaml", Roles), read_yaml(folder / "context.yaml", Context)
    rules = {path.stem: read_yaml(path, ReasonRule) for path in files}
    misnamed = [stem for stem, rule in rules.items() if rule.code != stem]
    if misnamed:
        raise KamenError(f"编码手册：文件名与 code 不一致：{'、'.join(misnamed)}")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (folder / "roles.yaml", folder / "context.yaml", *files))).hexdigest()
    _refuse_ties(rules)
    return Codebook(roles.version, digest, {code: r for code, r in rules.items() if r.status == "active"},
                    _merge(roles, rules), roles.spelling, context.devices)


def _merge(roles: Roles, rules: dict[str, ReasonRule]) -> dict[str, WordClass]:
    words = dict(roles.words)
    for code, rule in rules.items():
        twice = sorted(set(words) & set(rule.words))
        if twice:
            raise KamenError(f"编码手册 {code}.yaml：词类重名：{'、'.join(twice)}")
        words.update(rule.words)
    return words


def _refuse_ties(rules: dict[str, ReasonRule]) -> None:
    seen: dict[str, str] = {}
    for code, rule in rules.items():
        for template in (line for cue in rule.cues for line in cue.any):
            key = " ".join(template.split())
            if seen.setdefault(key, code) != code:
                raise KamenError(f"编码手册：同一句式“{key}”出现在 {seen[key]} 与 {code}，无法取舍")
