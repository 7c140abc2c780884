"""The coders' word lists (gate, products, outcomes, extraction) as frozen, validated models; their YAML files stand beside this module.

A list of cues is one block of words separated by white space; `label._lexicon` tells how a cue is written.
"""

from __future__ import annotations

import functools
from typing import Annotated, Literal

from pydantic import BeforeValidator

from kamen_analysis.codebook.loader import FOLDER, read_yaml
from kamen_analysis.codebook.models import Strict
from kamen_analysis.errors import KamenError


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


PostType = Literal["complaint", "question", "other", "article", "ad", "merchant"]
Cues = Annotated[tuple[str, ...], BeforeValidator(_words)]
Points = dict[PostType, float]


class Evidence(Strict):
    """A group of cues that speaks for or against post types: each different cue counts, up to `cap` of them.

    `quoted`: whether a cue inside quotation marks counts (a complaint that quotes the shop is not written by it).
    `real`: whether a cue after 如果, 能不能, 万一 and the like (group `unreal`) is left out, since it has not happened.
    """

    about: str
    points: Points
    cap: int = 1
    quoted: bool = True
    real: bool = False
    cues: Cues
    unless: Cues = ()
    regex: str | None = None


class EvidenceFile(Strict):
    """The groups of one file in codebook/gate."""

    groups: dict[str, Evidence]


class Trait(Strict):
    """A trait of the whole text (its length, its layout) that speaks for or against post types."""

    about: str
    points: Points


class Gate(Strict):
    """Everything the gate weighs; `order` settles ties, and no type wins with fewer points than `least`."""

    version: str
    least: float
    order: tuple[PostType, ...]
    groups: dict[str, Evidence] = {}
    traits: dict[str, Trait]


class Product(Strict):
    """How a product is recognised: `head` words name it, `near` words go with it, `shop` words stand in the target's name."""

    head: Cues
    near: Cues = ()
    shop: Cues = ()
    unless: Cues = ()


class Words(Strict):
    """A plain group of cues, with the longer words inside which one does not count."""

    about: str
    cues: Cues
    shop: Cues = ()
    unless: Cues = ()


class Products(Strict):
    """The products, in the order that settles ties, and the words that tell virtual goods from real ones without naming a product.

    `real_life`: the products that are not virtual; `asked`: those coded for a question too.
    """

    version: str
    real_life: tuple[str, ...]
    asked: tuple[str, ...]
    products: dict[str, Product]
    virtual: Words
    not_virtual: Words
    generic: Words
    points: dict[str, float]


class Outcomes(Strict):
    """The words that tell how a matter ended (done, in part, refused, left idle, still pending, …), and those that undo such a word."""

    version: str
    groups: dict[str, Words]


@functools.cache
def gate() -> Gate:
    """Return the gate: its traits and order, with the groups of codebook/gate; a group named twice is refused."""
    frame = read_yaml(FOLDER / "gate.yaml", Gate)
    named = [item for path in sorted((FOLDER / "gate").glob("*.yaml")) for item in read_yaml(path, EvidenceFile).groups.items()]
    if len(dict(named)) < len(named):
        raise KamenError("编码手册 gate：有两组线索同名")
    return frame.model_copy(update={"groups": dict(named)})


@functools.cache
def products() -> Products:
    """Return the product words."""
    return read_yaml(FOLDER / "products.yaml", Products)


@functools.cache
def outcomes() -> Outcomes:
    """Return the outcome words."""
    return read_yaml(FOLDER / "outcomes.yaml", Outcomes)


class Extraction(Strict):
    """For each kind of fact (payment, evidence, channel, remedy) its values and their cues; `denied` undoes a cue it stands before."""

    version: str
    kinds: dict[str, dict[str, Words]]
    denied: dict[str, Cues]


@functools.cache
def extraction() -> Extraction:
    """Return the extraction words."""
    return read_yaml(FOLDER / "extract.yaml", Extraction)
