"""What a complaint is about (product) and whether that is a virtual good (in_scope), from codebook/products.yaml."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis import zh
from kamen_analysis.codebook import coding
from kamen_analysis.label._hits import Hits, Spots, inside
from kamen_analysis.label._lexicon import Lexicon
from kamen_analysis.label._reading import read
from kamen_analysis.label.gate import gates
from kamen_analysis.label.text import Bools, Ints, distinct, fold

_REACH = 12  # Characters a purchase verb may stand before the thing bought.
_NEAR, _MOST = 2, 4  # Different near words and head words that count for a product: a long post must not win by listing.
UNNAMED = "service"  # What a complaint that names no product is about.
_NAME = 3  # A shop's name so long, found in the text, is no word for what was bought.
Floats = npt.NDArray[np.float64]


class Shop(NamedTuple):
    """The target's name, folded, and the products (and `virtual`) it speaks for."""

    name: str
    groups: frozenset[str]


class Weighed(NamedTuple):
    """What speaks for each product in a batch: points and whether anything does (posts, products), the shops,
    and what tells virtual goods from real ones (posts, 4): virtual, not_virtual, generic, a shop of virtual goods."""

    scores: Floats
    told: Bools
    shops: list[Shop]
    virtual: Bools


def scope(title: str, body: str, target: str | None) -> tuple[bool, str]:
    """Return (in_scope, product): whether the good is virtual, and its key in `records.PRODUCTS`; `none` where a post has none."""
    hits = read(fold([title or ""], [body or ""]))
    return scopes(hits, [gates(hits, [target])[0].post_type], [target])[0]


def scopes(hits: Hits, types: Sequence[str], targets: Sequence[str | None]) -> list[tuple[bool, str]]:
    """Return (in_scope, product) of each post of a batch, given its type and the party it was filed against."""
    weighed = weigh(hits, targets)
    return settled(weighed, types, best_products(weighed))


def settled(weighed: Weighed, types: Sequence[str], found: Sequence[str | None]) -> list[tuple[bool, str]]:
    """Return (in_scope, product) of each post, given its type and the product found in it."""
    book = coding.products()
    out = []
    for kind, product, shop, (virtual, real, generic, _) in zip(types, found, weighed.shops, weighed.virtual.tolist(), strict=True):
        good = product is not None and product not in book.real_life
        if kind == "complaint":
            out.append(((product or UNNAMED) not in book.real_life, product or UNNAMED))
        elif kind == "question":
            out.append((good or generic, product if product is not None and product in book.asked and not generic else "none"))
        else:
            about = not real and (good or "virtual" in shop.groups or virtual)
            out.append((kind != "other" and about, "none"))
    return out


def weigh(hits: Hits, targets: Sequence[str | None]) -> Weighed:
    """Return what speaks for each product in the texts of a batch and in the names of the parties they were filed against."""
    book, shops = coding.products(), [_shop(target or "") for target in targets]
    names = _names(hits, shops)
    spots = {key: found.take(~inside(found, *names)) for key in _keys() for found in (hits.get(key),)}
    first = _first(hits, spots)
    scores = np.stack([_score(product, hits, spots, first) for product in book.products], axis=1)
    by_shop = np.array([[product in shop.groups for product in book.products] for shop in shops])
    told = np.stack([_posts(hits, spots[f"{product}.head"], spots[f"{product}.near"]) for product in book.products], axis=1) | by_shop
    virtual = [*(hits.has(name) for name in ("virtual", "not_virtual", "generic")), np.array(["virtual" in shop.groups for shop in shops])]
    return Weighed(scores + book.points["shop"] * by_shop, told, shops, np.stack(virtual, axis=1))


def best_products(weighed: Weighed) -> list[str | None]:
    """Return the product with the most evidence for each post, None when there is none."""
    book = coding.products()
    best = np.where(weighed.told, weighed.scores, -np.inf).argmax(axis=1)
    weak = (weighed.scores[np.arange(len(best)), best] < book.points["head"]).tolist()
    virtual, told = (np.logical_or.reduce(some, axis=1).tolist() for some in (weighed.virtual[:, [0, 3]], weighed.told))
    products = list(book.products)
    some = [products[b] if t else None for b, t in zip(best.tolist(), told, strict=True)]
    return ["other_virtual" if v and (product is None or w and product in book.real_life) else product
            for product, w, v in zip(some, weak, virtual, strict=True)]


def _posts(hits: Hits, *spots: Spots) -> Bools:
    out = np.zeros(len(hits.texts), np.bool_)
    for found in spots:
        out[hits.texts.post(found.start)] = True
    return out


def _names(hits: Hits, shops: Sequence[Shop]) -> tuple[Ints, Ints]:
    """Return starts and ends of the shops' own names in the texts: they are weighed as the target."""
    texts, found = hits.texts, list[tuple[int, int, int]]()
    for begun, (name, _), text in zip(texts.start.tolist(), shops, texts.strings, strict=True):
        if len(name) >= _NAME and name in text:
            found += [(begun, at, at + len(name)) for at in _occurrences(name, text)]
    home, start, end = np.array(found, np.int32).reshape(-1, 3).T
    return home + start, home + end


def _occurrences(name: str, text: str) -> Iterator[int]:
    at = text.find(name)
    while at >= 0:
        yield at
        at = text.find(name, at + len(name))


def _first(hits: Hits, spots: dict[str, Spots]) -> Ints:
    """Return where in each post the first head word ends first, group by group, and the first of these starts; -1 without one."""
    out = np.full(len(hits.texts), np.iinfo(np.int32).max, np.int32)
    for key, found in spots.items():
        if key.endswith(".head") and len(found.start):
            post = hits.texts.post(found.start)
            lead = np.concatenate([[True], np.diff(post) > 0])
            out[post[lead]] = np.minimum(out[post[lead]], found.start[lead])
    return np.where(out == np.iinfo(np.int32).max, -1, out).astype(np.int32)


def _score(product: str, hits: Hits, spots: dict[str, Spots], first: Ints) -> Floats:
    """Return for each post what its words say for a product."""
    texts, worth = hits.texts, coding.products().points
    near, head = (longest(spots[f"{product}.{kind}"]) for kind in ("near", "head"))
    pairs = distinct(texts.post(near.start).astype(np.int64) << 16 | near.cue)
    total = worth["near"] * np.minimum(_NEAR, np.bincount(pairs >> 16, minlength=len(texts)))
    post = texts.post(head.start)
    points = worth["head"] + worth["title"] * (head.start < texts.cut[post] + 1) + worth["first"] * (head.start == first[post])
    points = points + worth["bought"] * _bought(hits, head.start)
    home, best = _repeated(post.astype(np.int64) << 16 | head.cue, points, worth["again"])
    return total + _top(home >> 16, best, len(texts))


def _repeated(home: npt.NDArray[np.int64], points: Floats, again: float) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return each different home and its points: those of its first hit; of a further one its own, or `again` more when that is more."""
    order = np.argsort(home, kind="stable")
    home, points = home[order], points[order]
    start = np.flatnonzero(np.concatenate([[True], np.diff(home) > 0])[: len(home)])
    size = np.diff(np.append(start, len(home)))
    best = points[start]
    for nth in range(1, int(size.max(initial=0))):
        more = np.flatnonzero(size > nth)
        best[more] = np.maximum(points[start[more] + nth], best[more] + again)
    return home[start], best


def _top(post: npt.NDArray[np.int64], best: Floats, posts: int) -> Floats:
    """Return for each post the sum of its `_MOST` best."""
    order = np.lexsort((-best, post))
    post, best = post[order], best[order]
    rank = np.arange(len(post)) - np.searchsorted(post, post)
    kept = rank < _MOST
    total: Floats = np.bincount(post[kept], best[kept], posts).astype(np.float64)
    return total


def longest(spots: Spots) -> Spots:
    """Return the hits that lie in no longer one: 会员费 is one word, not also 会员."""
    order = np.lexsort((-spots.end, spots.start))
    start, end = spots.start[order], spots.end[order]
    # A hit lies in a longer one if one that starts earlier reaches its end, or one that starts with it is longer.
    lead = np.searchsorted(start, start)
    reach = np.concatenate([[-1], np.maximum.accumulate(end)])
    within = (reach[lead] >= end) | (end[lead] > end)
    kept = np.ones(len(start), np.bool_)
    kept[order] = ~within
    return spots.take(kept)


def _bought(hits: Hits, start: Ints) -> Bools:
    before = np.sort(hits.get("gate.bought").end)
    some: Bools = np.searchsorted(before, start, "right") > np.searchsorted(before, start - _REACH)
    return some


@functools.cache
def _keys() -> tuple[str, ...]:
    return tuple(f"{name}.{kind}" for name in coding.products().products for kind in ("head", "near"))


@functools.lru_cache(maxsize=4096)
def _shop(target: str) -> Shop:
    name = zh.fold(target)
    return Shop(name, frozenset(_shops().find(name)))


@functools.cache
def _shops() -> Lexicon:
    book = coding.products()
    return Lexicon({name: product.shop for name, product in book.products.items() if product.shop} | {"virtual": book.virtual.shop})
