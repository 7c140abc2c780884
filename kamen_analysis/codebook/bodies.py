"""bodies.yaml as a frozen, validated model: the bodies that send a consumer on to one another, and the words by which they do."""

from __future__ import annotations

import functools

from kamen_analysis.codebook.coding import Cues
from kamen_analysis.codebook.loader import FOLDER, read_yaml
from kamen_analysis.codebook.models import Strict

UNTOLD, UNTOLD_ZH = "untold", "没说是谁"  # The body, where a text does not name it.


class Say(Strict):
    """A group of cues, and the longer words inside which one does not count."""

    cues: Cues
    unless: Cues = ()


class Body(Say):
    """A kind of body: its Chinese name, and the cues that name it."""

    name_zh: str


class Bodies(Strict):
    """The file. bodies: by key. sends: words before the body one is sent to. tells: words behind a body that speaks.

    asks: words before a body that the consumer asked. denied: words that undo a sending in their clause.
    """

    version: str
    bodies: dict[str, Body]
    sends: Say
    tells: Say
    asks: Say
    denied: Say


@functools.cache
def bodies() -> Bodies:
    """Return the bodies and words of bodies.yaml; an unknown key is refused."""
    return read_yaml(FOLDER / "bodies.yaml", Bodies)


def body_names() -> dict[str, str]:
    """Return the Chinese name of every body, UNTOLD last."""
    return {**{key: body.name_zh for key, body in bodies().bodies.items()}, UNTOLD: UNTOLD_ZH}
