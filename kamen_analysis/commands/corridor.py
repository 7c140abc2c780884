"""What the commands along the corridor do, from posts to report. Rooms are imported inside, so `--help` stays quick."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kamen_analysis import paths
from kamen_analysis.errors import KamenError, PublishRefused


def demo(args: argparse.Namespace) -> int:
    """Run the whole job on the synthetic world."""
    from kamen_analysis.demo import demo as run
    from kamen_analysis.progress import Progress

    out = Path(args.out).resolve() if args.out else paths.home(args.home).reports / "demo"
    _say_report(run(paths.home(args.home), args.posts, args.seed, out, Progress()))
    return 0


def import_files(args: argparse.Namespace) -> int:
    """Wrap user files as captures."""
    from kamen_analysis.importing import import_files as run

    for line in run(paths.home(args.home), args.source, [Path(f) for f in args.files], Path(args.mapping) if args.mapping else None):
        print(line)
    return 0


def build(args: argparse.Namespace) -> int:
    """Turn captures into tables."""
    from kamen_analysis.checking import summary, turned_away
    from kamen_analysis.pipeline.build import build as run
    from kamen_analysis.progress import Progress

    if args.canaries:
        _refuse_survivors(args)
    manifest = run(paths.home(args.home), args.jobs, Progress(), args.cluster, args.store)
    print(summary(manifest))
    return int(turned_away(manifest))


def _refuse_survivors(args: argparse.Namespace) -> None:
    from kamen_analysis.canaries.trial import trial
    from kamen_analysis.progress import Progress

    found = trial(paths.home(args.home), args.jobs, Progress())
    print("\n".join(found.lines()))
    if found.survivors:
        raise PublishRefused("试建里有埋下的假号码漏出（见上表），不建表；先前的输出保持不变")


def check(args: argparse.Namespace) -> int:
    """Print the state of the data."""
    from kamen_analysis.checking import check as run

    print(run(paths.home(args.home)))
    return 0


def report(args: argparse.Namespace) -> int:
    """Write a report from the tables, or the comparison of two."""
    if getattr(args, "compare", None):
        return _compare(args)
    from kamen_analysis.progress import Progress
    from kamen_analysis.report.build import report as run

    out = Path(args.out).resolve() if args.out else None
    _say_report(run(paths.home(args.home), args.period, _formats(args), args.scope, out, Progress()))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from kamen_analysis.report.compare import compare

    first, second = args.compare
    done = compare(paths.home(args.home), first, second, Path(args.out).resolve() if args.out else None)
    print("\n".join(done.lines))
    print(f"比较：{done.folder / 'report.html'}")
    return 0


def run(args: argparse.Namespace) -> int:
    """Take in new files, build, report: what a timer starts."""
    from kamen_analysis import service
    from kamen_analysis.checking import summary
    from kamen_analysis.progress import Progress

    out, inbox = (Path(given).resolve() if given else None for given in (args.out, args.inbox))
    asked = service.Asked(args.jobs, args.cluster, args.period, _formats(args), args.scope, out, inbox, args.store)
    done = service.run(paths.home(args.home), asked, Progress())
    print("\n".join([*done.imported, summary(done.manifest)]))
    _say_report(done.report)
    return done.code


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


def label(args: argparse.Namespace) -> int:
    """Label any file of posts, or explain the labels of each post."""
    from kamen_analysis.label.files import explain_file, label_file

    with _told_safely():
        _warn_if_none((explain_file if args.explain else label_file)(args.input, args.output))
    return 0


def redact(args: argparse.Namespace) -> int:
    """Redact any file of posts."""
    from kamen_analysis.redact.files import redact_file

    with _told_safely():
        _warn_if_none(redact_file(args.input, args.output))
    return 0


def _warn_if_none(posts: int) -> None:
    if not posts:
        print("注意：输入里没有帖子，读到 0 条", file=sys.stderr)


@contextmanager
def _told_safely() -> Iterator[None]:
    """Let what is wrong with a user's file be said without what its name and its columns may tell of a person."""
    from kamen_analysis.sources.audit import told

    try:
        yield
    except KamenError as error:
        raise KamenError(told(str(error), 1000)) from None
