"""The world is the same for the same seed, and follows its stated distributions."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats

from kamen_analysis import records
from kamen_analysis.errors import KamenError
from kamen_analysis.platforms import Entity, directory
from kamen_analysis.world import draw
from kamen_analysis.world.spec import Spec, load, read

P_MIN = 1e-4  # a fixed seed below this would be a wrong draw, not bad luck


def digest(world: draw.World) -> str:
    """Return one hash over every table with its texts."""
    parts = [frame.to_csv(index=False) for frame in draw.tables(world).values()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def first_complaints(world: draw.World) -> pd.DataFrame:
    """Return the complaints that repeat no other."""
    return world.posts[(world.posts["post_type"] == "complaint") & (world.posts["dup_kind"] == "first")]


def fits(observed: pd.Series, expected: dict[str, float]) -> float:
    """Return the chi-square p-value of counts against shares."""
    counts = observed.value_counts().reindex(list(expected), fill_value=0)
    return float(stats.chisquare(counts, np.asarray(list(expected.values())) * counts.sum()).pvalue)


def test_same_seed_same_world(world: draw.World) -> None:
    """The same seed gives the same tables and texts, another seed gives others."""
    assert digest(draw.world(400, seed=3)) == digest(draw.world(400, seed=3))
    assert digest(draw.world(400, seed=3)) != digest(draw.world(400, seed=4))


def test_tables_meet_their_schemas(tables: dict[str, pd.DataFrame]) -> None:
    """Every truth table passes the project's own validation, and every post is marked synthetic."""
    for name, frame in tables.items():
        records.validate(name, frame)
    assert tables["posts"]["is_synthetic"].all()


def test_as_many_posts_as_asked(tables: dict[str, pd.DataFrame]) -> None:
    """The board shows exactly the number of posts asked for, each with its own id, of the stated share of copies."""
    posts = tables["posts"]
    assert len(posts) == 3000 and posts["post_id"].is_unique
    assert posts["dup_kind"].value_counts().to_dict() == {"first": 2730, "two_targets": 90, "exact": 90, "near": 90}


@pytest.mark.parametrize(("posts", "months", "platforms"), [(1, 1, 1), (17, 2, 1), (40, 1, 2), (120, 60, 300)])
def test_worlds_of_any_size(posts: int, months: int, platforms: int) -> None:
    """A tiny, a short, a long and a wide world have the posts asked for and valid tables; a surge before the window is not claimed."""
    world = draw.world(posts, months, platforms, seed=1)
    for name, frame in (made := draw.tables(world)).items():
        records.validate(name, frame)
    assert len(made["posts"]) == posts
    assert (world.season.surge is None) == (months < 5)


def test_nothing_is_later_than_the_world(world: draw.World, tables: dict[str, pd.DataFrame]) -> None:
    """No shown post and no shown step is later than the world's end, and steps follow the posting."""
    end = pd.Timestamp(world.as_of, tz=records.ZONE)
    posts, events = tables["posts"].set_index("post_id"), tables["events"]
    assert (posts["first_seen_at"] <= end).all() and (posts["posted_at"] <= posts["first_seen_at"]).all()
    assert (events["at"] <= end).all() and set(events["post_id"]) == set(posts.index)
    assert (events["at"] >= events["post_id"].map(posts["posted_at"])).all()
    assert (world.events["at"] > world.as_of).any() and (~world.posts["shown"]).any()


def test_kinds_products_and_platforms_follow_their_shares(large: draw.World) -> None:
    """Kinds of posts, products and platforms are within chance of the stated shares."""
    posts, shops = large.posts, large.platforms
    assert fits(posts.loc[posts["dup_kind"] == "first", "post_type"], large.spec.post_types) > P_MIN
    told = first_complaints(large)
    share = large.season.cells.sum(axis=1)
    assert fits(told["platform"], dict(enumerate(share))) > P_MIN
    assert fits(told["product"], dict(zip(large.spec.products, share @ shops.product, strict=True))) > P_MIN


def test_targets_are_written_in_many_forms(large: draw.World) -> None:
    """Posters write a platform in the stated forms, and each form leads back to the platform's one name."""
    stated = dict(enumerate(large.spec.platforms.written.values()))
    assert fits(large.posts.loc[large.posts["dup_kind"] == "first", "written"], stated) > P_MIN
    shops = zip(large.platforms.names, large.platforms.domains, strict=True)
    entities = tuple(Entity(key=f"k{i}", brand=name, domains=(domain,)) for i, (name, domain) in enumerate(shops))
    shipped = directory()
    known = replace(shipped, by_name={n: e.brand for e in entities for n in (shipped.bare(e.brand), *e.domains)})
    posts = draw.tables(large, texts=False)["posts"]
    named = posts[["target", "platform"]].drop_duplicates()
    assert [known.canonical(target)[0] for target in named["target"]] == named["platform"].tolist()
    assert posts["target"].nunique() > 2 * posts["platform"].nunique()


def test_amounts_are_log_normal(large: draw.World) -> None:
    """Known amounts have the stated median and spread, and the stated share is unknown."""
    told, law = first_complaints(large), large.spec.products["game_topup"]
    yuan = told.loc[told["product"] == "game_topup", "amount_yuan"]
    unknown = stats.binomtest(int(yuan.isna().sum()), len(yuan), large.spec.amount_unknown)
    logs = np.log(yuan.dropna())
    assert unknown.pvalue > P_MIN
    assert abs(logs.mean() - np.log(law.median)) < 4 * law.sigma / np.sqrt(len(logs))
    assert logs.std() == pytest.approx(law.sigma, rel=0.05)


def test_the_board_was_down(large: draw.World) -> None:
    """No post falls into a dated gap, and posts fall on both sides of it."""
    days = large.posts["posted_at"].dt.date
    assert len(large.season.gaps) == 2
    for first, last in large.season.gaps:
        assert not ((days >= first) & (days <= last)).any()
        assert (days < first).any() and (days > last).any()


def test_one_platform_surges(large: draw.World) -> None:
    """The planted surge multiplies one platform's complaints by about the stated factor for its days only."""
    surge, posts = large.season.surge, large.posts
    assert surge is not None
    own = posts.loc[posts["platform"] == large.platforms.names.index(surge["platform"]), "posted_at"].dt.date
    inside = ((own >= surge["first"]) & (own <= surge["last"])).sum() / ((surge["last"] - surge["first"]).days + 1)
    before = ((own < surge["first"]) & (own >= surge["first"] - pd.Timedelta(days=28))).sum() / 28
    assert 0.6 * surge["factor"] < inside / before < 1.6 * surge["factor"]


def test_two_targets_have_consecutive_numbers(world: draw.World) -> None:
    """A text filed against two targets stands under consecutive numbers, against two platforms, in the same words."""
    posts = world.posts
    twins = posts[posts["dup_kind"] == "two_targets"]
    first = posts.loc[twins["origin"]]
    assert (twins["number"].to_numpy() - first["number"].to_numpy() == 1).all()
    assert (twins["platform"].to_numpy() != first["platform"].to_numpy()).all()
    assert all(world.texts[a] == world.texts[b] for a, b in zip(twins.index, first.index, strict=True))


def test_tactics_are_told_in_order_without_repeats(world: draw.World) -> None:
    """A complaint's tactics are in the order of the text, none twice, and only complaints tell any."""
    for row, codes in enumerate(world.tactics.tolist()):
        told = [c for c in codes if c]
        assert told == codes[: len(told)] and len(set(told)) == len(told)
        starts = [world.texts[row].spans[c][1] for c in told]
        assert starts == sorted(starts) and set(world.texts[row].spans) == set(told)
    assert (world.tactics[(world.posts["post_type"] != "complaint").to_numpy()] == "").all()


def test_unusable_arguments_are_one_clear_line() -> None:
    """A world without posts, or with more platforms than there are names, is refused in one line."""
    for wrong in ({"posts": 0}, {"platforms": 100_000}, {"months": -1}):
        with pytest.raises(KamenError, match="^[^\n]+$"):
            draw.world(**wrong)


def test_spec_refuses_what_it_does_not_know() -> None:
    """A misspelt key and a negative share in the distributions are refused; shares are normalised."""
    stated = read("defaults.yaml")
    with pytest.raises(ValidationError):
        Spec.model_validate({**stated, "personnal": 0.1})
    with pytest.raises(ValidationError):
        Spec.model_validate({**stated, "post_types": {"complaint": -1, "article": 2}})
    assert sum(load().tactics.first.values()) == pytest.approx(1)
