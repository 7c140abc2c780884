"""Platform names: the target of a complaint is given the brand the directory knows it by, or stays as written.

Fuzzy similarity only makes proposals: two names become one only when a person has written both into the directory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz, process

from kamen_analysis import zh
from kamen_analysis.errors import KamenError

_SHIPPED = Path(__file__).parent / "codebook" / "platforms.yaml"
_DOMAIN = re.compile(r"^(?:https?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:/.*)?$")
ALIKE = 80  # rapidfuzz ratio (0–100) from which two names are proposed as one


class Entity(BaseModel):
    """One platform: its key, the brand shown, the legal entity, its domains and other names."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str = Field(pattern=r"^[a-z0-9_]+$")
    brand: str
    entity: str | None = None
    domains: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    suffixes: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class Directory:
    """The known platforms; `by_name` maps every bare name and domain to a brand."""

    entities: tuple[Entity, ...]
    suffixes: tuple[str, ...]
    by_name: dict[str, str]

    def bare(self, name: str) -> str:
        """Return the name folded, without spaces and without the titles that targets carry (客服, 官方微博…)."""
        plain = re.sub(r"[\s\W_]+", "", zh.fold(name))
        while ending := next((s for s in self.suffixes if plain.endswith(s) and len(plain) > len(s) + 1), None):
            plain = plain.removesuffix(ending)
        return plain

    def canonical(self, target: str | None) -> tuple[str | None, bool]:
        """Return (platform, known): the brand if the directory knows `target`, else the target as written."""
        if target is None or not target.strip():
            return None, False
        domain = _DOMAIN.match(target.strip().lower())
        brand = self.by_name.get(domain[1]) if domain else None
        brand = brand or self.by_name.get(self.bare(target))
        return (brand, True) if brand else (target.strip(), False)


def directory(own: Path | None = None) -> Directory:
    """Return the shipped directory, extended by the user's own file, whose entities replace shipped ones of the same key.

    Raises KamenError if a name belongs to two platforms: which one is meant is for a person to settle.
    """
    files = [_read(path) for path in (_SHIPPED, own) if path and path.exists()]
    merged = {entity.key: entity for file in files for entity in file.entities}
    suffixes = tuple(sorted({zh.fold(s) for file in files for s in file.suffixes}, key=len, reverse=True))
    found = Directory(tuple(merged.values()), suffixes, {})
    owner: dict[str, str] = {}
    for entity in merged.values():
        for name in {*entity.domains, *(found.bare(n) for n in (entity.brand, *entity.aliases))}:
            if owner.setdefault(name, entity.key) != entity.key:
                raise KamenError(f"平台名录：“{name}”同时属于 {owner[name]} 和 {entity.key}")
            found.by_name[name] = entity.brand
    return found


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except ValidationError as error:
        first = error.errors()[0]
        raise KamenError(f"平台名录 {path} 不合格式：{'.'.join(map(str, first['loc'])) or '内容'}：{first['msg']}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise KamenError(f"平台名录 {path} 不是合规的 YAML" + (f"（第 {mark.line + 1} 行）" if mark else "")) from None
    except UnicodeDecodeError:
        raise KamenError(f"平台名录 {path} 须为 UTF-8 编码") from None


def proposals(posts: pd.DataFrame, known: Directory) -> list[tuple[str, int, str | None]]:
    """Return (unknown name, posts, name it resembles or None) for each platform outside the directory, most posts first."""
    counts = posts.loc[~posts["platform_known"], "platform"].dropna().value_counts()
    names = {known.bare(name): name for name in reversed(counts.index)} | {known.bare(e.brand): e.brand for e in known.entities}
    found = []
    for name, n in counts.items():
        others = {bare: full for bare, full in names.items() if full != name}
        best = process.extractOne(known.bare(str(name)), list(others), scorer=fuzz.ratio, score_cutoff=ALIKE)
        found.append((str(name), int(n), others[best[0]] if best else None))
    return found
