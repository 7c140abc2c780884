"""What the commands about captures do: fetching, withdrawing, deleting, proving. Rooms are imported inside, so `--help` stays quick."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kamen_analysis import paths
from kamen_analysis.errors import KamenError


def fetch(args: argparse.Namespace) -> int:
    """Fetch a source politely into data/raw."""
    from kamen_analysis.fetching import Asked, look_again
    from kamen_analysis.fetching import fetch as run
    from kamen_analysis.progress import Progress

    asked = Asked(args.source, tuple(args.url or ()), args.max_pages, args.contact or "", args.allow_loopback)
    if args.revisit:
        again = look_again(paths.home(args.home), asked)
        print("\n".join(again.lines()))
        return 1 if again.refused or again.stopped else 0
    summary = run(paths.home(args.home), asked, Progress())
    print("\n".join(summary.lines()))
    return 1 if summary.refused or summary.stopped else 0


def withdraw(args: argparse.Namespace) -> int:
    """Put a post on the opt-out list; with --erase also take it out of the captures."""
    code = (_erase if args.erase else _list)(args)
    print("下一次 kamen build 和 kamen report 起，该帖不再出现")
    return code


def _list(args: argparse.Namespace) -> int:
    from kamen_analysis.captures.withdraw import withdraw as run

    new = run(paths.home(args.home), args.post, args.reason)
    _warn_unknown(args)
    print(f"{'已列入' if new else '早已在'}撤回名单：{args.post}")
    return 0


def _erase(args: argparse.Namespace) -> int:
    from kamen_analysis.captures.withdraw import erase

    done = erase(paths.home(args.home), args.post, args.reason)
    print(f"已从存档抹去：{done.stubs} 条记录改为存根，{done.cut} 条记录只抹去该帖；摘要链仍可核对（kamen verify）")
    if not done.stubs + done.cut:
        print("注意：存档里没有找到该帖，请核对编号或网址", file=sys.stderr)
    if done.unread:
        print(f"注意：另有 {done.unread} 处读不出（无法解码或存档损坏），说不准其中有没有该帖；可用 kamen verify 核对", file=sys.stderr)
    return int(done.unread > 0)


def _warn_unknown(args: argparse.Namespace) -> None:
    from kamen_analysis.captures.withdraw import is_withdrawn
    from kamen_analysis.clean import asked_out
    from kamen_analysis.data import read_table

    posts, names = read_table(paths.home(args.home).processed, "posts"), asked_out([args.post])
    if not any(is_withdrawn(post, url, names) for post, url in zip(posts["post_id"], posts["url"], strict=True)):
        print(f"注意：现有的表里没有 {args.post}，请核对编号", file=sys.stderr)


def purge(args: argparse.Namespace) -> int:
    """Delete captures past their keep-until date."""
    from kamen_analysis.captures.purge import purge as run

    gone = run(paths.home(args.home))
    print(f"删除到期存档 {len(gone)} 个" + "".join(f"\n  {path.name}" for path in gone))
    return 0


def verify(args: argparse.Namespace) -> int:
    """Re-hash captures, tables and reports."""
    from kamen_analysis.captures.verify import verify as run

    found = run(paths.home(args.home))
    if not found.files:
        raise KamenError(f"{paths.home(args.home).root} 里没有可核对的存档、表或报告，请看 --home 是否写对")
    print(found.explain())
    stamps = _stamps(args) if args.tsa_root else True
    return 0 if found.ok and stamps else 3


def _stamps(args: argparse.Namespace) -> bool:
    from kamen_analysis.captures import stamp as stamps

    found = stamps.verify(paths.home(args.home), Path(args.tsa_root))
    for one in found:
        print(f"{one.name}：{one.wrong or '时间戳成立'}（机构所称时间 {one.at}）")
    if not found:
        print("没有时间戳；kamen stamp 可以申请")
    return not any(one.wrong for one in found)


def stamp(args: argparse.Namespace) -> int:
    """Write the request for a time stamp, or store its answer."""
    from kamen_analysis.captures import stamp as stamps

    if args.response:
        print(f"已存 {stamps.add(paths.home(args.home), Path(args.response))}")
        return 0
    asked = stamps.request(paths.home(args.home))
    print(f"已写申请 {asked}\n请自行发给时间戳机构，例如：\n"
          f"  curl -H 'Content-Type: application/timestamp-query' --data-binary @{asked} 机构网址 -o answer.tsr\n"
          "再运行 kamen stamp --response answer.tsr；以后用 kamen verify --tsa-root 机构根证书.pem 离线核对")
    return 0


def new_source(args: argparse.Namespace) -> int:
    """Write the skeleton of a new source."""
    from kamen_analysis.sources.skeleton import new_source as run

    for path in run(args.key, Path.cwd()):
        print(f"已写 {path}")
    return 0
