"""`kamen demo`: run everything on a synthetic world: serve it on loopback, scrape it over HTTP, build the tables, write the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from kamen_analysis.errors import KamenError
from kamen_analysis.fetching import Asked, fetch
from kamen_analysis.paths import Home, atomic_folder, atomic_write, demo_home
from kamen_analysis.pipeline.build import build
from kamen_analysis.report.build import ReportResult, report
from kamen_analysis.sources import board
from kamen_analysis.world import draw, site

Progress = Callable[[str, int, int], None]


def demo(where: Home, posts: int, seed: int, out: Path, progress: Progress) -> ReportResult:
    """Make a world of `posts` posts, scrape it, build its tables in data/demo and write the report to `out`.

    Real data is not touched: the demonstration has a home of its own, made anew each time. Raises KamenError for too few posts.
    """
    if posts < 100:
        raise KamenError("--posts 至少 100：再少就看不出什么")
    # Made beside the previous demonstration, which stays until this one is complete.
    with atomic_folder(demo_home(where).root) as folder:
        home = Home(folder)
        world = _scrape(home, posts, seed, progress)
        _know_platforms(home, world)
        build(home, progress=progress)
        return report(home, out=out, progress=progress)


def _scrape(home: Home, posts: int, seed: int, progress: Progress) -> draw.World:
    progress("造合成世界（演示数据）", 0, 1)
    world = draw.world(posts=posts, seed=seed)
    with site.serve(world) as served:
        progress("造合成世界（演示数据）", 1, 1)
        asked = Asked("board", tuple(board.pages(served.url)), max_pages=3 * posts, allow_loopback=True, pause_s=0.0)
        fetched = fetch(home, asked, progress)
    if fetched.stopped:
        raise KamenError(f"演示抓取提前停止：{fetched.stopped}")
    progress("抓取", fetched.pages, fetched.pages)
    return world


def _know_platforms(home: Home, world: draw.World) -> None:
    """Write the demonstration's directory of platforms: all shops but the last four, since in real life some are unknown too."""
    known = list(zip(world.platforms.names, world.platforms.domains, strict=True))[:-4]
    entities = [{"key": f"shop_{i:03}", "brand": shop, "domains": [domain]} for i, (shop, domain) in enumerate(known)]
    with atomic_write(home.root / "platforms.yaml") as file:
        yaml.safe_dump({"entities": entities}, file, allow_unicode=True, sort_keys=False)
