"""What a complaint is about (product) and whether that is a virtual good (in_scope), from codebook/products.yaml."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kamen_analysis import zh
from kamen_analysis.codebook import coding
from kamen_analysis.kernels import compiled
from kamen_analysis.label._hits import Hits
from kamen_analysis.label._lexicon import Lexicon
from kamen_analysis.label._reading import read
from kamen_analysis.label.gate import gates
from kamen_analysis.label.points import add_best, count_different, longest
from kamen_analysis.label.text import STRIDE, Bools, Codes, Floats, Ints, Texts, fold, plain

_REACH = 12  # Characters a purchase verb may stand before the thing bought.
_NEAR, _MOST = 2, 4  # Different near words and head words that count for a product: a long post must not win by listing.
UNNAMED = "service"  # What a complaint that names no product is about.
_NAME = 3  # Where a shop's name, at least so long, stands in the text, its words are not taken for what was bought.


class Shop(NamedTuple):
    """The target's name, folded, and the products (and `virtual`) it speaks for."""

    name: str
    groups: frozenset[str]


class Weighed(NamedTuple):
    """What speaks for each product in a batch: points, and whether anything does (posts, products).

    `virtual` (posts, 4) tells virtual goods from real ones: words for virtual, not_virtual and generic, a shop of virtual goods.
    """

    scores: Floats
    told: Bools
    virtual: Bools


class _Found(NamedTuple):
    """Words for products, in columns: group (twice the product's number, plus one for a near word), post, start, end, cue."""

    group: Ints
    post: Ints
    start: Ints
    end: Ints
    cue: Ints

    def take(self, at: Bools) -> _Found:
        """Return some of the words."""
        return _Found(*(column[at] for column in self))


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
    for kind, product, (virtual, real, generic, shop) in zip(types, found, weighed.virtual.tolist(), strict=True):
        good = product is not None and product not in book.real_life
        if kind == "complaint":
            out.append(((product or UNNAMED) not in book.real_life, product or UNNAMED))
        elif kind == "question":
            out.append((good or generic, product if product is not None and product in book.asked and not generic else "none"))
        else:
            about = not real and (good or shop or virtual)
            out.append((kind != "other" and about, "none"))
    return out


def weigh(hits: Hits, targets: Sequence[str | None]) -> Weighed:
    """Return what speaks for each product in the texts of a batch and in the names of the parties they were filed against."""
    book = coding.products()
    number = {target: i for i, target in enumerate(dict.fromkeys(targets))}
    shops, shop_of = [_shop(target or "") for target in number], [number[target] for target in targets]
    groups = np.array([[group in shop.groups for group in (*book.products, "virtual")] for shop in shops])[shop_of]
    by_shop, told = groups[:, :-1], groups[:, :-1].copy()
    found = _outside(_found(hits), hits.texts, [shop.name for shop in shops], shop_of)
    told[found.post, found.group >> 1] = True
    virtual = [*(hits.has(name) for name in ("virtual", "not_virtual", "generic")), groups[:, -1]]
    return Weighed(_scores(hits, found) + book.points["shop"] * by_shop, told, np.stack(virtual, axis=1))


def best_products(weighed: Weighed) -> list[str | None]:
    """Return the product with the most evidence for each post, None when there is none."""
    book = coding.products()
    best = np.where(weighed.told, weighed.scores, -np.inf).argmax(axis=1)
    weak = (weighed.scores[np.arange(len(best)), best] < book.points["head"]).tolist()
    virtual, told = (np.logical_or.reduce(columns, axis=1).tolist() for columns in (weighed.virtual[:, [0, 3]], weighed.told))
    products = list(book.products)
    named = [products[number] if is_told else None for number, is_told in zip(best.tolist(), told, strict=True)]
    return ["other_virtual" if is_virtual and (product is None or is_weak and product in book.real_life) else product
            for product, is_weak, is_virtual in zip(named, weak, virtual, strict=True)]


def _found(hits: Hits) -> _Found:
    names = list(coding.products().products)  # Of each product the head words, then the near ones.
    rows = slice(hits.at(f"{names[0]}.head").start, hits.at(f"{names[-1]}.near").stop)
    group = hits.group[rows] - hits.groups[f"{names[0]}.head"]
    return _Found(group, hits.post[rows], hits.start[rows], hits.end[rows], hits.cue[rows])


def _outside(found: _Found, texts: Texts, names: Sequence[str], name_of: Sequence[int]) -> _Found:
    # The words that do not lie in the shop's own name, which counts as the target and not as words for what was bought.
    spelt, name = plain(names), np.array(name_of, np.int32)
    within = _named(texts.codes, texts.index, texts.lengths, spelt.codes, spelt.index, spelt.lengths, name)
    first, last = (within[place - found.post * STRIDE] for place in (found.start, found.end - 1))
    return found.take((first == 0) | (first != last))


@compiled
def _named(codes: Codes, index: Ints, lengths: Ints, letters: Codes, begins: Ints, sizes: Ints, name_of: Ints) -> Ints:
    """Return for each character in which occurrence of its post's name it is, counted from 1, or 0; short names are not looked for."""
    out, many = np.zeros(len(codes), np.int32), 0
    for post in range(len(index)):
        size = sizes[name_of[post]]
        name = letters[begins[name_of[post]]: begins[name_of[post]] + size]
        at, last = index[post], index[post] + lengths[post] - size
        while at <= last and size >= _NAME:
            if codes[at] == name[0] and np.all(codes[at: at + size] == name):
                many += 1
                out[at: at + size] = many
                at += size
            else:
                at += 1
    return out


def _scores(hits: Hits, found: _Found) -> Floats:
    """Return the points (posts, products) that the words give each product."""
    texts, book = hits.texts, coding.products()
    worth, first = book.points, _first(len(texts), found.take(found.group & 1 == 0))
    found = found.take(longest(found.group, found.start, found.end))
    heads, near = (found.take(found.group & 1 == kind) for kind in (0, 1))
    counts = np.zeros((len(texts), len(book.products)), np.int32)
    count_different(near.group >> 1, near.post, near.cue, counts)
    scores: Floats = worth["near"] * np.minimum(_NEAR, counts)
    post, start = heads.post, heads.start
    points = worth["head"] + worth["title"] * (start < texts.cut[post] + 1) + worth["first"] * (start == first[post])
    points += worth["bought"] * hits.behind("gate.bought", start, _REACH, ())
    add_best(heads.group >> 1, post, heads.cue, points, worth["again"], _MOST, scores)
    return scores


def _first(posts: int, heads: _Found) -> Ints:
    """Return for each post the earliest start among the head words that end first for their product, -1 without one."""
    none = np.iinfo(np.int32).max
    out = np.full(posts, none, np.int32)
    lead = np.diff(heads.post, prepend=-1) != 0
    lead |= np.diff(heads.group, prepend=-1) != 0
    np.minimum.at(out, heads.post[lead], heads.start[lead])
    return np.where(out == none, -1, out).astype(np.int32)


@functools.lru_cache(maxsize=4096)
def _shop(target: str) -> Shop:
    name = zh.fold(target)
    return Shop(name, frozenset(_shops().find(name)))


@functools.cache
def _shops() -> Lexicon:
    book = coding.products()
    return Lexicon({name: product.shop for name, product in book.products.items() if product.shop} | {"virtual": book.virtual.shop})
