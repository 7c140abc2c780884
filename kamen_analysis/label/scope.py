"""What a complaint is about (product) and whether that is a virtual good (in_scope), from codebook/products.yaml."""

from __future__ import annotations

import functools

from kamen_analysis import zh
from kamen_analysis.codebook import coding
from kamen_analysis.label._lexicon import Hits, Lexicon
from kamen_analysis.label._reading import Reading, read
from kamen_analysis.label.gate import gate

_REACH = 12  # Characters a purchase verb may stand before the thing bought.


def scope(title: str, body: str, target: str | None) -> tuple[bool, str]:
    """Return (in_scope, product): whether the good is virtual, and its key in `records.PRODUCTS`; `none` where a post has none."""
    reading, post_type = read(title, body), gate(title, body).post_type
    product = best_product(reading, target)
    if post_type == "complaint":
        product = product or _fallback(reading, target)
        return product not in coding.products().real_life, product
    if post_type == "question" and product and product not in coding.products().real_life:
        return True, "none" if "generic" in reading.hits else product
    if post_type in ("question", "other"):
        return post_type == "question" and "generic" in reading.hits, "none"
    return _about_virtual(reading, product), "none"


def best_product(reading: Reading, target: str | None) -> str | None:
    """Return the product with the most evidence in text and target, None when there is none."""
    shop = _shops().find(zh.fold(target or ""))
    scores = {name: _score(name, reading, shop) for name in coding.products().products}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0 else None


def _score(name: str, reading: Reading, shop: Hits) -> float:
    worth = coding.products().points
    total = worth["shop"] * (name in shop)
    for kind in ("head", "near"):
        seen: dict[int, float] = {}
        for start, _, cue in reading.hits.get(f"{name}.{kind}"):
            extra = worth["title"] * (start < reading.cut) + worth["bought"] * (kind == "head" and _bought(reading, start))
            seen[cue] = max(seen.get(cue, 0.0), worth[kind] + extra)
        total += sum(sorted(seen.values(), reverse=True)[:4])
    return total


def _bought(reading: Reading, start: int) -> bool:
    return any(0 <= start - end <= _REACH for _, end, _ in reading.hits.get("gate.bought"))


def _fallback(reading: Reading, target: str | None) -> str:
    virtual = "virtual" in reading.hits or "virtual" in _shops().find(zh.fold(target or ""))
    return "other_virtual" if virtual else "service"


def _about_virtual(reading: Reading, product: str | None) -> bool:
    if "not_virtual" in reading.hits:
        return False
    return "virtual" in reading.hits or (product is not None and product not in coding.products().real_life)


@functools.cache
def _shops() -> Lexicon:
    book = coding.products()
    return Lexicon({name: product.shop for name, product in book.products.items() if product.shop} | {"virtual": book.virtual.shop})
