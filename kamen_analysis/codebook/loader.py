"""Read the codebook's YAML files into validated models, with a digest of the rules."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from yaml.constructor import SafeConstructor

from kamen_analysis import kept
from kamen_analysis.codebook.models import Context, Device, Examples, Family, ReasonRule, Roles, Strict, WordClass
from kamen_analysis.errors import KamenError

FOLDER = Path(__file__).parent
Model = TypeVar("Model", bound=Strict)
# Parsing YAML is slow: the result is kept between runs, under the text of the file.
_SHELF = kept.Shelf("yaml", *(f"codebook/{path}" for path in ("*.yaml", "gate/*.yaml", "reasons/**/*.yaml")))


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
        return model.model_validate(_SHELF.packed(text, lambda: yaml.load(text, Loader=_Loader)))
    except ValidationError as error:
        first = error.errors()[0]
        fault = f"{'.'.join(str(part) for part in first['loc'])} {first['msg']}"
    except yaml.YAMLError as error:
        fault = str(error).splitlines()[0]
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            fault = f"第 {error.problem_mark.line + 1} 行 {error.problem}"
    raise KamenError(f"编码手册 {_name(path)} 有误：{fault}")


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _mapping(loader: SafeConstructor, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
    # YAML lets the last of equal keys win: the words of the first would be lost unnoticed.
    for i, (key, _) in enumerate(node.value):
        if key.value in (other.value for other, _ in node.value[:i]):
            raise yaml.MarkedYAMLError(problem=f"键重复：{key.value}", problem_mark=key.start_mark)
    return SafeConstructor.construct_mapping(loader, node, deep)


_Loader = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"construct_mapping": _mapping})


@functools.cache
def load(folder: Path = FOLDER) -> Codebook:
    """Return the validated codebook in `folder`.

    KamenError for a file not named after its code, families that are not the files in the reason's folder, a template that two reasons
    share, or a word class, or a cue of one reason, defined twice.
    """
    roles, context = read_yaml(folder / "roles.yaml", Roles), read_yaml(folder / "context.yaml", Context)
    heads = {path: read_yaml(path, ReasonRule) for path in sorted((folder / "reasons").glob("*.yaml"))}
    misnamed = [path.stem for path, rule in heads.items() if rule.code != path.stem]
    if misnamed:
        raise KamenError(f"编码手册：文件名与 code 不一致：{'、'.join(misnamed)}")
    parts = {path: _parts(path, rule) for path, rule in heads.items()}
    files = [file for some in parts.values() for file in some]
    if stray := sorted(map(_name, set((folder / "reasons").glob("*/*.yaml")) - set(files))):
        raise KamenError(f"编码手册：没有写在 families 里：{'、'.join(stray)}")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (folder / "roles.yaml", folder / "context.yaml", *files))).hexdigest()
    rules = {rule.code: _joined(rule, list(parts[path].values())) for path, rule in heads.items()}
    _refuse_ties(rules)
    words = _merge(roles, {file: part for some in parts.values() for file, part in some.items()})
    return Codebook(roles.version, digest, {code: r for code, r in rules.items() if r.status == "active"},
                    words, roles.spelling, context.devices)


def _parts(path: Path, rule: ReasonRule) -> dict[Path, Family]:
    # The file of a reason and those of its families.
    listed = [path.with_suffix("") / f"{name}.yaml" for name in rule.families]
    if missing := [_name(file) for file in listed if not file.exists()]:
        raise KamenError(f"编码手册 {_name(path)}：families 里写的文件不存在：{'、'.join(missing)}")
    return {path: rule, **{file: read_yaml(file, Family) for file in listed}}


def _joined(rule: ReasonRule, parts: list[Family]) -> ReasonRule:
    cues = tuple(cue for part in parts for cue in part.cues)
    twice = [name for name, count in Counter(cue.id for cue in cues).items() if count > 1]
    if twice or not cues:
        raise KamenError(f"编码手册 {rule.code}：{'线索重名：' + '、'.join(twice) if twice else '没有线索'}")
    examples = {"is": [text for part in parts for text in part.examples.is_],
                "is_not": [text for part in parts for text in part.examples.is_not]}
    return rule.model_copy(update={"cues": cues, "examples": Examples.model_validate(examples)})


def _merge(roles: Roles, parts: dict[Path, Family]) -> dict[str, WordClass]:
    words = dict(roles.words)
    for path, part in parts.items():
        twice = sorted(set(words) & set(part.words))
        if twice:
            raise KamenError(f"编码手册 {_name(path)}：词类重名：{'、'.join(twice)}")
        words.update(part.words)
    return words


def _refuse_ties(rules: dict[str, ReasonRule]) -> None:
    seen: dict[str, str] = {}
    for code, rule in rules.items():
        for template in (line for cue in rule.cues for line in cue.any):
            key = " ".join(template.split())
            if seen.setdefault(key, code) != code:
                raise KamenError(f"编码手册：同一句式“{key}”出现在 {seen[key]} 与 {code}，无法取舍")
