"""Plain sentences put together from parts: who, what was done, what came of it. People write these wordings in every combination, and a
corpus written by hand holds few of them; `frames/<code>.yaml` has the parts, this module draws sentences from them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from kamen_analysis.codebook.loader import FOLDER, read_yaml
from kamen_analysis.codebook.models import Frames
from kamen_analysis.errors import KamenError

DRAWN = 2000  # sentences of each code, half of them near misses
SEED = 11
_SLOT = re.compile(r"\{(\w+)\}")


def draw(code: str, folder: Path = FOLDER, count: int = DRAWN) -> Iterator[tuple[str, bool]]:
    """Yield (sentence, whether it carries the reason `code`), no sentence twice: at most `count`, fewer if the frames give fewer.

    Nothing where there is no file for the code; KamenError where common.yaml is missing, a frame names a part that is neither its own nor a
    common one, a frame or the lines of a part are empty, or a sentence comes out empty or both ways.
    """
    path = folder / "frames" / f"{code}.yaml"
    if not path.exists():
        return
    frames = read_yaml(path, Frames)
    common = folder / "frames" / "common.yaml"
    if not common.exists():
        raise KamenError("编码手册 frames/：没有 common.yaml，各文件共用的成分写在里面")
    parts = read_yaml(common, Frames).parts | frames.parts
    chance = random.Random(f"{SEED} {code}")
    drawn = {kind: _drawn(lines, parts, chance, count // 2, path.name) for kind, lines in ((True, frames.is_), (False, frames.is_not))}
    if both := drawn[True].keys() & drawn[False].keys():
        raise KamenError(f"编码手册 frames/{path.name}：这一句既算又不算：{min(both)}")
    yield from ((sentence, kind) for kind, sentences in drawn.items() for sentence in sentences)


def _drawn(lines: tuple[str, ...], parts: dict[str, tuple[str, ...]], chance: random.Random, count: int, name: str) -> dict[str, None]:
    # As a dict, which keeps the order of drawing. Every frame in turn, so that none is left out.
    found = dict[str, None]()
    for turn in range(3 * count if lines else 0):
        if len(found) == count:
            break
        found[_filled(lines[turn % len(lines)], parts, chance, name)] = None
    return found


def _filled(line: str, parts: dict[str, tuple[str, ...]], chance: random.Random, name: str) -> str:
    # Replaces slots until none is left: a part may have slots of its own.
    for _ in range(8):
        try:
            line = _SLOT.sub(lambda slot: chance.choice(parts[slot[1]]), line)
        except KeyError as missing:
            raise KamenError(f"编码手册 frames/{name}：没有成分 {missing.args[0]}") from None
        if not line.strip():
            raise KamenError(f"编码手册 frames/{name}：有一句是空的")
        if "{" not in line:
            return line
    raise KamenError(f"编码手册 frames/{name}：成分互相嵌套：{line}")
