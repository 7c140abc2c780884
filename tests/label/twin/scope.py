"""What a complaint is about (product) and whether that is a virtual good (in_scope), from codebook/products.yaml."""

from __future__ import annotations

import functools
import re

from kamen_analysis import zh
from kamen_analysis.codebook import coding
from twin._lexicon import Hit, Hits, Lexicon
from twin._reading import Reading

_REACH = 12  # Characters a purchase verb may stand before the thing bought.
_NEAR, _MOST = 2, 4  # Different near words and head words that count for a product: a long post must not win by listing.


def scope(reading: Reading, post_type: str, target: str | None, product: str | None) -> tuple[bool, str]:
    """Return (in_scope, product) of a post of a type, given the product found in it; `none` where a post has none."""
    virtual = product is not None and product not in coding.products().real_life
    if post_type == "complaint":
        product = product or "service"
        return product not in coding.products().real_life, product
    if post_type == "question":
        generic = "generic" in reading.hits
        return virtual or generic, product if product in coding.products().asked and not generic else "none"
    return post_type != "other" and _about_virtual(reading, virtual or "virtual" in shop(target or "")), "none"


def scores(reading: Reading, shop: Hits) -> dict[str, float]:
    """Return the points of every product."""
    book, spans = coding.products(), _unnamed(reading, shop.text)
    first = min((spans[key][0][0] for key in _heads() if key in spans), default=-1)
    return {name: _score(name, reading, spans, first) + book.points["shop"] * (name in shop) for name in book.products}


def best_product(reading: Reading, shop: Hits) -> str | None:
    """Return the product with the most evidence in the text and in the target's name (`shop`), None when there is none."""
    book = coding.products()
    told = {key.partition(".")[0] for key in _unnamed(reading, shop.text)} | shop.spans.keys()
    points = {name: score for name, score in scores(reading, shop).items() if name in told}
    best = max(points, key=lambda name: points[name], default=None)
    weak = best is None or points[best] < book.points["head"]
    if weak and (best is None or best in book.real_life) and ("virtual" in shop or "virtual" in reading.hits):
        return "other_virtual"
    return best


def _unnamed(reading: Reading, name: str) -> dict[str, list[Hit]]:
    """Return the product hits of a text outside the shop's own name, which is weighed as the target."""
    spans = {key: hits for key, hits in reading.hits.spans.items() if key.endswith((".head", ".near"))}
    if len(name) < 3 or name not in reading.text:
        return spans
    names = [mark.span() for mark in re.finditer(re.escape(name), reading.text)]
    outside = {key: [h for h in hits if not any(s <= h[0] and h[1] <= e for s, e in names)] for key, hits in spans.items()}
    return {key: hits for key, hits in outside.items() if hits}


def _score(name: str, reading: Reading, spans: dict[str, list[Hit]], first: int) -> float:
    worth, total = coding.products().points, 0.0
    if near := spans.get(f"{name}.near"):
        total = worth["near"] * min(_NEAR, len({cue for _, _, cue in longest(near)}))
    best: dict[int, float] = {}
    for start, _, cue in longest(spans.get(f"{name}.head", [])):
        points = worth["head"] + worth["title"] * (start < reading.cut) + worth["first"] * (start == first)
        points += worth["bought"] * _bought(reading, start)
        best[cue] = max(points, best[cue] + worth["again"] if cue in best else 0.0)
    return total + sum(sorted(best.values(), reverse=True)[:_MOST])


def longest(hits: list[Hit]) -> list[Hit]:
    """Return the hits that lie in no longer one: 会员费 is one word, not also 会员."""
    if len(hits) < 2:
        return hits
    return [h for h in hits if not any(o[0] <= h[0] and h[1] <= o[1] and o[1] - o[0] > h[1] - h[0] for o in hits)]


def _bought(reading: Reading, start: int) -> bool:
    return any(0 <= start - end <= _REACH for _, end, _ in reading.hits.get("gate.bought"))


@functools.cache
def _heads() -> tuple[str, ...]:
    return tuple(f"{name}.head" for name in coding.products().products)


def _about_virtual(reading: Reading, virtual: bool) -> bool:
    return "not_virtual" not in reading.hits and (virtual or "virtual" in reading.hits)


@functools.lru_cache(maxsize=4096)
def shop(target: str) -> Hits:
    """Return what a target's name speaks for."""
    return _shops().find(zh.fold(target))


@functools.cache
def _shops() -> Lexicon:
    book = coding.products()
    return Lexicon({name: product.shop for name, product in book.products.items() if product.shop} | {"virtual": book.virtual.shop})
