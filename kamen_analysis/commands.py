"""What each command of `kamen` does: one short function a command; the rooms are imported inside, so `--help` stays quick."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kamen_analysis import paths
from kamen_analysis.errors import KamenError

Arguments = list[tuple[tuple[str, ...], dict[str, Any]]]


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
    print(f"报告：{result.folder / 'report.html'}")
    for headline in result.headlines[:3]:
        print(f"  · {headline}")


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
    else:
        new = run(_home(args), args.post, args.reason)
        print(f"{'已列入' if new else '早已在'}撤回名单：{args.post}")
    print("下一次 kamen build 和 kamen report 起，该帖不再出现")
    return 0


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
    from kamen_analysis.checking import summary
    from kamen_analysis.pipeline.build import build as run
    from kamen_analysis.progress import Progress

    manifest = run(_home(args), args.jobs, Progress())
    print(summary(manifest))
    turned_away = any(stage["rejected"] for stage in manifest["stages"] if stage["stage"] in ("read", "clean"))
    return 1 if turned_away or manifest["gaps"] else 0


def report(args: argparse.Namespace) -> int:
    """Write a report from the tables."""
    from kamen_analysis.progress import Progress
    from kamen_analysis.report.build import report as run

    out = Path(args.out).resolve() if args.out else None
    _say_report(run(_home(args), args.period, _formats(args), args.scope, out, Progress()))
    return 0


def run(args: argparse.Namespace) -> int:
    """Build, then report."""
    return max(build(args), report(args))


def label(args: argparse.Namespace) -> int:
    """Label any file of posts, or explain the labels of each post."""
    from kamen_analysis.label.files import explain_file, label_file

    (explain_file if args.explain else label_file)(args.input, args.output)
    return 0


def redact(args: argparse.Namespace) -> int:
    """Redact any file of posts."""
    from kamen_analysis.redact.files import redact_file

    redact_file(args.input, args.output)
    return 0


def verify(args: argparse.Namespace) -> int:
    """Re-hash captures, tables and reports."""
    from kamen_analysis.captures.verify import verify as run

    found = run(_home(args))
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


def review_import(args: argparse.Namespace) -> int:
    """Take a coder's file back."""
    from kamen_analysis.review.gold import take

    coded, size = take(_home(args), args.name, args.coder, Path(args.file))
    print(f"编码员 {args.coder}：样本 {size} 件，编了 {coded} 件，未编 {size - coded} 件")
    return 0


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


_JOBS: Arguments = [(("--jobs",), {"type": int, "metavar": "N", "help": "进程数（默认：处理器个数）"})]
_REPORT: Arguments = [
    (("--period",), {"metavar": "P", "help": "期间，如 2026、2026-Q3、2026-09（默认：全部）"}),
    (("--formats",), {"default": "html,pdf,docx,xlsx", "metavar": "F", "help": "格式，逗号分隔（默认 html,pdf,docx,xlsx）"}),
    (("--scope",), {"choices": ("virtual", "all"), "default": "virtual", "help": "virtual 只计虚拟商品投诉（默认），all 全部投诉"}),
    (("--out",), {"metavar": "DIR", "help": "报告写到哪里（默认 reports/<期间>）"}),
]
_FILES: Arguments = [
    (("input",), {"metavar": "IN", "help": "JSONL、CSV、Parquet 或 XLSX 文件，- 为标准输入（JSONL）"}),
    (("output",), {"metavar": "OUT", "help": "JSONL 文件，- 为标准输出"}),
]
_SAMPLE: tuple[tuple[str, ...], dict[str, Any]] = (("--name",), {"required": True, "metavar": "N", "help": "样本名"})

GROUPS = {"review": "人工编码：抽样发出、收回编码、一致度与金标准"}
COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], int], Arguments]] = {
    "demo": ("演示：造一个合成世界，在本机环回地址上礼貌抓取、处理并出报告（不连网）", demo, [
        (("--posts",), {"type": int, "default": 3000, "metavar": "N", "help": "帖数（默认 3000）"}),
        (("--seed",), {"type": int, "default": 20261031, "metavar": "S", "help": "随机种子"}),
        (("--out",), {"metavar": "DIR", "help": "报告写到哪里（默认 reports/demo）"}),
    ]),
    "fetch": ("礼貌抓取一个来源的公开页面，存为 WARC", fetch, [
        (("source",), {"metavar": "SOURCE", "help": "来源键"}),
        (("--url",), {"metavar": "URL", "action": "append", "help": "起始网址，可多次"}),
        (("--max-pages",), {"type": int, "default": 200, "metavar": "N", "help": "最多抓取页数（默认 200）"}),
        (("--contact",), {"metavar": "MAIL", "help": "写进 User-Agent 的联系方式（也可用 $KAMEN_CONTACT）"}),
        (("--revisit",), {"action": "store_true", "help": "改为重看仍未了结的帖子（间隔逐次加倍，--max-pages 为预算）"}),
        (("--allow-loopback",), {"action": "store_true", "help": "允许本机环回地址（仅供测试与演示）"}),
    ]),
    "import": ("收进使用者自带的存档或导出（WARC、HAR、HTML、JSONP/JSON、CSV、XLSX、JSONL、Parquet）", import_files, [
        (("source",), {"metavar": "SOURCE", "help": "来源键，表格用 table"}),
        (("files",), {"metavar": "FILE", "nargs": "+", "help": "文件"}),
        (("--mapping",), {"metavar": "YAML", "help": "列名对照（仅 table；默认按已知表头猜，并显示）"}),
    ]),
    "build": ("把 data/raw 处理成 data/processed（只重做变了的部分）", build, _JOBS),
    "report": ("由 data/processed 生成报告", report, _REPORT),
    "run": ("build 加 report", run, _JOBS + _REPORT),
    "label": ("给任意帖子文件编码：帖子类型、拒退理由及证据位置等", label, [
        *_FILES, (("--explain",), {"action": "store_true", "help": "改为写出每个判断的依据（文本）"})]),
    "redact": ("给任意帖子文件脱敏", redact, _FILES),
    "withdraw": ("把一帖列入撤回名单：此后的表和报告不再有它", withdraw, [
        (("post",), {"metavar": "ID", "help": "帖子编号（如 heimao:17351054590）或网址"}),
        (("--reason",), {"default": "", "metavar": "TEXT", "help": "备注（不写个人信息）"}),
        (("--erase",), {"action": "store_true", "help": "同时从原始存档抹去（留存根，摘要链仍可核对）"}),
    ]),
    "purge": ("删除过了保存期限的存档", purge, []),
    "verify": ("重新核对存档、表和报告的摘要，并说明这能证明什么、不能证明什么", verify, [
        (("--tsa-root",), {"metavar": "PEM", "help": "时间戳机构的根证书：一并离线核对时间戳"}),
    ]),
    "stamp": ("为各存档链的末端和表申请 RFC 3161 时间戳（只写申请文件，不连网）", stamp, [
        (("--response",), {"metavar": "TSR", "help": "收进时间戳机构的应答文件"}),
    ]),
    "check": ("数据质量：各环节进出、缺失、未知平台与字段、新鲜度", check, []),
    "review sample": ("抽一个有记录的随机样本，写成编码文件（CSV、XLSX、Label Studio、doccano）", review_sample, [
        _SAMPLE,
        (("--size",), {"type": int, "default": 200, "metavar": "N", "help": "抽多少件（默认 200）"}),
        (("--stratify",), {"choices": ("product", "platform", "month"), "help": "分层抽样并记权重（默认简单随机；只有后者用于校正比例）"}),
        (("--blind",), {"action": "store_true", "help": "不给出机器的建议"}),
        (("--seed",), {"type": int, "default": 1, "metavar": "S", "help": "随机种子（默认 1）"}),
        (("--scope",), {"choices": ("virtual", "all"), "default": "virtual", "help": "virtual 只抽虚拟商品投诉（默认），all 全部投诉"}),
        (("--out",), {"required": True, "metavar": "DIR", "help": "编码文件写到哪里"}),
    ]),
    "review import": ("收回一名编码员填好的文件（四种形式都行，Excel 另存过的也行）", review_import, [
        _SAMPLE,
        (("--coder",), {"required": True, "metavar": "NAME", "help": "编码员代号"}),
        (("file",), {"metavar": "FILE", "help": "编码员交回的文件"}),
    ]),
    "review agree": ("算一致度（Krippendorff α 与 F1），列出待裁定的分歧，把一致或已裁定的定为金标准", review_agree, [
        _SAMPLE, (("--settle",), {"metavar": "FILE", "help": "先收进裁定好的分歧（填好的 disagreements.csv 等）"})]),
    "new-source": ("为新来源写出骨架、样页文件夹和一个会失败的测试", new_source, [
        (("key",), {"metavar": "KEY", "help": "来源键（小写字母、数字、下划线）"})]),
}
