"""The frozen models behind the codebook's YAML files; an unknown key or a missing one is refused with the file's name.

A cue template is a line of parts: `{class}` a word of that class, `a|b` one of these words, a trailing `?` an optional part,
`..N` at most N characters before the next part (4 if not given), `^` the next part opens a clause, `^^` with next to nothing before it.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Within = Literal["clause", "sentence", "line", "text"]
Voice = Literal["any", "other", "claimed", "merchant"]
Line = Annotated[str, Field(min_length=1)]
DeviceKind = Literal["speech", "denial", "hypothesis", "hearsay", "general", "unsaid", "mistake", "pseudo"]


class Strict(BaseModel):
    """A record that cannot change and takes no key it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WordClass(Strict):
    """A named set of words; in YAML a plain list will do.

    `include` adds other classes, `not_in` lists longer words inside which a word does not count.
    """

    words: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    not_in: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, data: object) -> object:
        return {"words": data} if isinstance(data, list) else data


class Cue(Strict):
    """Ways of saying one thing: the template lines `any`.

    `unless`: lines that undo it when found in the same `within` and no farther off than `reach` characters (in text without marks a
    sentence may be the whole post); loose wording needs a wide reach. `immune`: kinds of devices that do not take its force.
    `yields_to`: reasons whose presence in the post makes it not count.
    `voice`: whose mouth it must come from. any: nobody's in particular (an act of the other side); other: not the consumer's own
    statement; claimed: the other side says it, or a refusal stands beside it; merchant: the other side says it.
    """

    id: str
    any: tuple[str, ...]
    within: Within = "sentence"
    voice: Voice = "any"
    unless: tuple[str, ...] = ()
    reach: int = 16
    immune: tuple[DeviceKind, ...] = ()
    yields_to: tuple[str, ...] = ()
    score: float = 1.0


class Frames(Strict):
    """Frames of plain sentences that carry a reason (`is`) and of near misses (`is_not`); `{part}` in one stands for a line of `parts`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.rstrip("_"))

    parts: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = {}  # A line of a part may be empty: it can be left out.
    is_: tuple[Line, ...] = ()
    is_not: tuple[Line, ...] = ()


class Exclusion(Strict):
    """A look-alike, and why it is one: a cue that it overlaps, or that stands in its sentence or text (`scope`), does not count."""

    any: tuple[str, ...]
    why: str
    scope: Literal["overlap", "sentence", "text"] = "overlap"


class Device(Strict):
    """A context device: what it does to the cues within its reach (medspaCy ConText: direction, scope, terminators).

    Its own words, the lines `any`, must lie in one `within`; it holds in their `scope`, for at most `reach` characters, up to `until`.
    """

    id: str
    kind: DeviceKind
    any: tuple[str, ...]
    who: Literal["merchant", "consumer", "third"] | None = None
    direction: Literal["forward", "backward", "both"] = "forward"
    within: Within = "clause"
    scope: Within = "sentence"
    reach: int = 400
    until: tuple[str, ...] = ()
    why: str = ""

    @model_validator(mode="after")
    def _speaker(self) -> Device:
        if (self.kind == "speech") != (self.who is not None):
            raise ValueError("kind: speech 与 who 必须同时出现")
        return self


class Provision(Strict):
    """A legal provision that bears on a reason; a person checks it before use."""

    law: str
    article: str
    url: str | None = None
    in_force_from: dt.date | None = None


class Examples(Strict):
    """Sentences that must get the code, and sentences that must not."""

    is_: tuple[str, ...]
    is_not: tuple[str, ...]

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.rstrip("_"))


class Family(Strict):
    """One family of a reason's cues: a way of saying it, with the word classes only it uses and the examples it is tested by."""

    words: dict[str, WordClass] = {}
    cues: tuple[Cue, ...]
    examples: Examples


class Event(Strict):
    """One line of a file's history."""

    date: dt.date
    what: str


class ReasonRule(Family):
    """One refusal reason: what it is, how it is said, what only looks like it, and the examples it is tested by.

    `families`: the files in the reason's folder, each a `Family`, and what each holds. Where two cues are equally good evidence, the one
    in the file named first is given.
    """

    code: str
    name_zh: str
    definition: str
    counts_when: str
    not_when: str
    families: dict[str, str] = {}
    cues: tuple[Cue, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    legal_basis: tuple[Provision, ...] = ()
    examples: Examples = Examples.model_validate({"is": (), "is_not": ()})
    status: Literal["active", "draft", "retired"]
    authored_by: str
    checked_by: str | None
    next_review: dt.date
    history: tuple[Event, ...]


class Roles(Strict):
    """The word classes all reasons share, such as who takes part; `spelling` maps evasive spellings to plain ones of equal length."""

    version: str
    spelling: dict[str, str]
    words: dict[str, WordClass]

    @model_validator(mode="after")
    def _equal_length(self) -> Roles:
        uneven = [a for a, b in self.spelling.items() if len(a) != len(b)]
        if uneven:
            raise ValueError(f"spelling 两边长度必须相等：{uneven}")
        return self


class Context(Strict):
    """The context devices shared by all reasons."""

    devices: tuple[Device, ...]
