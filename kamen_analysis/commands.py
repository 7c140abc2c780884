"""What each command of `kamen` does: one short function a command; the rooms are imported inside, so `--help` stays quick."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kamen_analysis import paths
from kamen_analysis.errors import KamenError, PublishRefused


def _home(args: argparse.Namespace) -> paths.Home:
    return paths.home(args.home)


def _formats(args: argparse.Namespace) -> tuple[str, ...]:
    known = ("html", "pdf", "docx", "xlsx")
    asked = tuple(part.strip() for part in args.formats.split(",") if part.strip())
    unknown = [part for part in asked if part not in known]
    if unknown or not asked:
        raise KamenError(f"--formats 没有这种格式：{'、'.join(unknown) or '（空）'}；可选 {','.join(known)}")
    return asked


def _say_report(result: Any) -> None:
    print(f"报告：{result.folder / 'report.html'}" if (result.folder / "report.html").exists() else f"报告：{result.folder}")
    if result.is_synthetic:
        print("演示数据：合成帖子，不反映任何真实平台")
    for headline in result.headlines[:3]:
        print(f"  · {headline}")
    if not result.headlines:
        print(f"  计入的投诉 {result.counted:,} 件，不足以得出结论")
    if result.outside > result.counted:
        print(f"  另有 {result.outside:,} 件不是虚拟商品的投诉未计入；--scope all 计入全部")


def demo(args: argparse.Namespace) -> int:
    """Run the whole job on the synthetic world."""
    from kamen_analysis.demo import demo as run
    from kamen_analysis.progress import Progress

    out = Path(args.out).resolve() if args.out else _home(args).reports / "demo"
    _say_report(run(_home(args), args.posts, args.seed, out, Progress()))
    return 0


def fetch(args: argparse.Namespace) -> int:
    """Fetch a source politely into data/raw."""
    from kamen_analysis.fetching import Asked, look_again
    from kamen_analysis.fetching import fetch as run
    from kamen_analysis.progress import Progress

    asked = Asked(args.source, tuple(args.url or ()), args.max_pages, args.contact or "", args.allow_loopback)
    if args.revisit:
        again = look_again(_home(args), asked)
        print("\n".join(again.lines()))
        return 1 if again.refused or again.stopped else 0
    summary = run(_home(args), asked, Progress())
    print("\n".join(summary.lines()))
    return 1 if summary.refused or summary.stopped else 0


def withdraw(args: argparse.Namespace) -> int:
    """Put a post on the opt-out list; with --erase also take it out of the captures."""
    from kamen_analysis.captures.withdraw import erase
    from kamen_analysis.captures.withdraw import withdraw as run

    if args.erase:
        done = erase(_home(args), args.post, args.reason)
        print(f"已从存档抹去：{done.stubs} 条记录改为存根，{done.cut} 条记录只抹去该帖；摘要链仍可核对（kamen verify）")
        if done.unread:
            print(f"注意：另有 {done.unread} 条记录无法解码，说不准其中有没有该帖", file=sys.stderr)
    else:
        new = run(_home(args), args.post, args.reason)
        _warn_unknown(args)
        print(f"{'已列入' if new else '早已在'}撤回名单：{args.post}")
    print("下一次 kamen build 和 kamen report 起，该帖不再出现")
    return 0


def _warn_unknown(args: argparse.Namespace) -> None:
    from kamen_analysis.data import read_table

    posts = read_table(_home(args).processed, "posts")
    known = set(posts["post_id"]) | set(posts["post_id"].str.partition(":")[2]) | set(posts["url"].dropna())
    if args.post not in known:
        print(f"注意：现有的表里没有 {args.post}，请核对编号", file=sys.stderr)


def purge(args: argparse.Namespace) -> int:
    """Delete captures past their keep-until date."""
    from kamen_analysis.captures.purge import purge as run

    gone = run(_home(args))
    print(f"删除到期存档 {len(gone)} 个" + "".join(f"\n  {path.name}" for path in gone))
    return 0


def import_files(args: argparse.Namespace) -> int:
    """Wrap user files as captures."""
    from kamen_analysis.importing import import_files as run

    for line in run(_home(args), args.source, [Path(f) for f in args.files], Path(args.mapping) if args.mapping else None):
        print(line)
    return 0


def build(args: argparse.Namespace) -> int:
    """Turn captures into tables."""
    from kamen_analysis.checking import summary, turned_away
    from kamen_analysis.pipeline.build import build as run
    from kamen_analysis.progress import Progress

    if args.canaries:
        _refuse_survivors(args)
    manifest = run(_home(args), args.jobs, Progress(), args.cluster)
    print(summary(manifest))
    return int(turned_away(manifest))


def _refuse_survivors(args: argparse.Namespace) -> None:
    from kamen_analysis.canaries.trial import trial
    from kamen_analysis.progress import Progress

    found = trial(_home(args), args.jobs, Progress())
    print("\n".join(found.lines()))
    if found.survivors:
        raise PublishRefused("试建里有埋下的假号码漏出（见上表），不建表；先前的输出保持不变")


def report(args: argparse.Namespace) -> int:
    """Write a report from the tables, or the comparison of two."""
    if getattr(args, "compare", None):
        return _compare(args)
    from kamen_analysis.progress import Progress
    from kamen_analysis.report.build import report as run

    out = Path(args.out).resolve() if args.out else None
    _say_report(run(_home(args), args.period, _formats(args), args.scope, out, Progress()))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from kamen_analysis.report.compare import compare

    first, second = args.compare
    done = compare(_home(args), first, second, Path(args.out).resolve() if args.out else None)
    print("\n".join(done.lines))
    print(f"比较：{done.folder / 'report.html'}")
    return 0


def run(args: argparse.Namespace) -> int:
    """Take in new files, build, report: what a timer starts."""
    from kamen_analysis import service
    from kamen_analysis.checking import summary
    from kamen_analysis.progress import Progress

    out, inbox = (Path(given).resolve() if given else None for given in (args.out, args.inbox))
    asked = service.Asked(args.jobs, args.cluster, args.period, _formats(args), args.scope, out, inbox)
    done = service.run(_home(args), asked, Progress())
    print("\n".join([*done.imported, summary(done.manifest)]))
    _say_report(done.report)
    return done.code


def label(args: argparse.Namespace) -> int:
    """Label any file of posts, or explain the labels of each post."""
    from kamen_analysis.label.files import explain_file, label_file

    with _told_safely():
        (explain_file if args.explain else label_file)(args.input, args.output)
    return 0


def redact(args: argparse.Namespace) -> int:
    """Redact any file of posts."""
    from kamen_analysis.redact.files import redact_file

    with _told_safely():
        redact_file(args.input, args.output)
    return 0


@contextmanager
def _told_safely() -> Iterator[None]:
    """Let what is wrong with a user's file be said without what its name and its columns may tell of a person."""
    from kamen_analysis.sources.audit import told

    try:
        yield
    except KamenError as error:
        raise KamenError(told(str(error), 1000)) from None


def verify(args: argparse.Namespace) -> int:
    """Re-hash captures, tables and reports."""
    from kamen_analysis.captures.verify import verify as run

    found = run(_home(args))
    if not found.files:
        raise KamenError(f"{_home(args).root} 里没有可核对的存档、表或报告，请看 --home 是否写对")
    print(found.explain())
    stamps = _stamps(args) if args.tsa_root else True
    return 0 if found.ok and stamps else 3


def _stamps(args: argparse.Namespace) -> bool:
    from kamen_analysis.captures import stamp as stamps

    found = stamps.verify(_home(args), Path(args.tsa_root))
    for one in found:
        print(f"{one.name}：{one.wrong or '时间戳成立'}（机构所称时间 {one.at}）")
    print("" if found else "没有时间戳；kamen stamp 可以申请", end="" if found else "\n")
    return not any(one.wrong for one in found)


def stamp(args: argparse.Namespace) -> int:
    """Write the request for a time stamp, or store its answer."""
    from kamen_analysis.captures import stamp as stamps

    if args.response:
        print(f"已存 {stamps.add(_home(args), Path(args.response))}")
        return 0
    asked = stamps.request(_home(args))
    print(f"已写申请 {asked}\n请自行发给时间戳机构，例如：\n"
          f"  curl -H 'Content-Type: application/timestamp-query' --data-binary @{asked} 机构网址 -o answer.tsr\n"
          "再运行 kamen stamp --response answer.tsr；以后用 kamen verify --tsa-root 机构根证书.pem 离线核对")
    return 0


def check(args: argparse.Namespace) -> int:
    """Print the state of the data."""
    from kamen_analysis.checking import check as run

    print(run(_home(args)))
    return 0


def review_sample(args: argparse.Namespace) -> int:
    """Draw a coding sample and write the coders' files."""
    from kamen_analysis.review.sample import Plan, draw

    plan = Plan(args.size, args.stratify, args.blind, args.seed, args.scope)
    for path in draw(_home(args), args.name, plan, Path(args.out).resolve()):
        print(f"已写 {path}")
    return 0


def review_redaction(args: argparse.Namespace) -> int:
    """Draw redacted posts for a person to look over, or tell what he found."""
    from kamen_analysis.review.redaction import draw, tally

    path = Path(args.file).resolve()
    if args.take:
        print("\n".join(tally(path).lines()))
    else:
        print(f"已写 {path}（{draw(_home(args), args.size, args.seed, path)} 帖）：逐帖填“漏掉”与“误盖”的处数，没有就填 0")
    return 0


def review_import(args: argparse.Namespace) -> int:
    """Take a coder's file back."""
    from kamen_analysis.review.gold import take

    coded, size = take(_home(args), args.name, args.coder, Path(args.file))
    print(f"编码员 {args.coder}：样本 {size} 件，编了 {coded} 件，未编 {size - coded} 件")
    return 0


def review_ask(args: argparse.Namespace) -> int:
    """Let a language model code a sample."""
    from kamen_analysis.review import llm
    from kamen_analysis.review.endpoint import Endpoint

    asked = llm.ask(_home(args), args.name, Endpoint(args.endpoint, args.model, os.environ.get("KAMEN_LLM_KEY", "")), args.budget)
    print("\n".join(asked.lines()))
    return 0 if asked.coded == asked.posts else 1


def review_agree(args: argparse.Namespace) -> int:
    """Tell the coders' agreement and make gold of what is settled."""
    from kamen_analysis.review import gold

    if args.settle:
        print(f"收进裁定 {gold.settle(_home(args), args.name, Path(args.settle))} 件")
    print("\n".join(gold.conclude(_home(args), args.name).lines()))
    return 0


def new_source(args: argparse.Namespace) -> int:
    """Write the skeleton of a new source."""
    from kamen_analysis.sources.skeleton import new_source as run

    for path in run(args.key, Path.cwd()):
        print(f"已写 {path}", file=sys.stdout)
    return 0
