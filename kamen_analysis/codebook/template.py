"""Parse cue templates: lines of YAML (`codebook.models` tells how they are written) become the parts a matcher looks for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from kamen_analysis.codebook.models import WordClass
from kamen_analysis.errors import KamenError
from kamen_analysis.zh import fold

GAP = 4  # The widest gap before a part where the line does not give one.
OPENING = {"^": 3, "^^": 1}  # How far behind its clause's start a part that opens it may stand (又、然后、可是 come first).


@dataclass(frozen=True)
class Part:
    """One part of a template: the words or classes that fill it, the widest gap before it, how far behind a clause's start it may stand."""

    choices: tuple[str, ...]
    gap: int = GAP
    opens: int | None = None


def parse(line: str) -> list[tuple[Part, ...]]:
    """Return the sequences of parts that `line` stands for, one for each choice of its optional parts; KamenError for an empty one."""
    parts: list[tuple[Part, bool]] = []
    gap = GAP
    opens: int | None = None
    for token in line.split():
        if token.startswith(".."):
            gap = int(token[2:])
        elif token in OPENING:
            opens = OPENING[token]
        else:
            choices = tuple(token.removesuffix("?").split("|"))
            if "" in choices:
                raise KamenError(f"编码手册：句式“{line}”里有空的选择“{token}”")
            parts.append((Part(choices, gap, opens), token.endswith("?")))
            gap, opens = GAP, None
    options = [(True, False) if optional else (True,) for _, optional in parts]
    taken = [tuple(part for (part, _), take in zip(parts, choice, strict=True) if take) for choice in itertools.product(*options)]
    if not all(taken):
        raise KamenError(f"编码手册：句式“{line}”可以为空")
    return taken


def words_of(name: str, classes: dict[str, WordClass], seen: tuple[str, ...] = ()) -> set[str]:
    """Return all words of class `name` and of the classes it includes; KamenError for an unknown or circular name."""
    if name not in classes or name in seen:
        raise KamenError(f"编码手册：词类 {{{name}}} {'循环引用' if name in seen else '不存在'}")
    own = classes[name]
    return {fold(word) for word in own.words}.union(*(words_of(other, classes, (*seen, name)) for other in own.include))
