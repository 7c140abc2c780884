"""The table of commands: for each its help text, the function that runs it, and its arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from kamen_analysis.commands import corridor, evidence, review

Arguments = list[tuple[tuple[str, ...], dict[str, Any]]]


def _positive(text: str) -> int:
    """Return a whole number of at least 1; raise ArgumentTypeError, which argparse shows, for anything else."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"要正整数，不是 {text}")
    return int(text)


_JOBS: Arguments = [
    (("--jobs",), {"type": _positive, "metavar": "N", "help": "进程数（默认：处理器个数）"}),
    (("--cluster",), {"metavar": "URL", "help": "交给 dask 集群，如 tcp://10.0.0.5:8786（各机器共享工作目录，或用 --store）"}),
    (("--store",), {"metavar": "URL", "help": "集群各机器不共享目录时，经此交接，如 s3://桶/前缀（建完即清空）"}),
]
_INBOX: Arguments = [(("--inbox",), {"metavar": "DIR", "help": "先收进 DIR/<来源>/ 下的新文件（默认 data/inbox）"})]
_REPORT: Arguments = [
    (("--period",), {"metavar": "P", "help": "期间，如 2026、2026-Q3、2026-09（默认：全部）"}),
    (("--formats",), {"default": "html,pdf,docx,xlsx", "metavar": "F", "help": "格式，逗号分隔（默认 html,pdf,docx,xlsx）"}),
    (("--scope",), {"choices": ("virtual", "all"), "default": "virtual", "help": "virtual 只计虚拟商品投诉（默认），all 全部投诉"}),
    (("--out",), {"metavar": "DIR", "help": "报告写到哪里（默认 reports/<期间>）"}),
]
_COMPARE: Arguments = [(("--compare",), {"nargs": 2, "metavar": ("A", "B"), "help":
                        "改为比较两份报告（报告文件夹或期间名，也可以是两个工作目录），说明每个头条数字为什么变"})]
_FILES: Arguments = [
    (("input",), {"metavar": "IN", "help": "JSONL、CSV、Parquet 或 XLSX 文件，- 为标准输入（JSONL）"}),
    (("output",), {"metavar": "OUT", "help": "JSONL 文件，- 为标准输出"}),
]
_SAMPLE: tuple[tuple[str, ...], dict[str, Any]] = (("--name",), {"required": True, "metavar": "N", "help": "样本名"})

GROUPS = {"review": "人工编码：抽样发出、收回编码、一致度与金标准"}
COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], int], Arguments]] = {
    "demo": ("演示：造一个合成世界，在本机环回地址上礼貌抓取、处理并出报告（不连网）", corridor.demo, [
        (("--posts",), {"type": int, "default": 3000, "metavar": "N", "help": "帖数（默认 3000）"}),
        (("--seed",), {"type": int, "default": 20261031, "metavar": "S", "help": "随机种子"}),
        (("--out",), {"metavar": "DIR", "help": "报告写到哪里（默认 reports/demo）"}),
    ]),
    "fetch": ("礼貌抓取一个来源的公开页面，存为 WARC", evidence.fetch, [
        (("source",), {"metavar": "SOURCE", "help": "来源键"}),
        (("--url",), {"metavar": "URL", "action": "append", "help": "起始网址，可多次"}),
        (("--max-pages",), {"type": _positive, "default": 200, "metavar": "N", "help": "最多抓取页数（默认 200）"}),
        (("--contact",), {"metavar": "MAIL", "help": "写进 User-Agent 的联系方式（也可用 $KAMEN_CONTACT）"}),
        (("--revisit",), {"action": "store_true", "help": "改为重看仍未了结的帖子（间隔逐次加倍，--max-pages 为预算）"}),
        (("--allow-loopback",), {"action": "store_true", "help": "允许本机环回地址（仅供测试与演示）"}),
    ]),
    "import": ("收进使用者自带的存档或导出（WARC、HAR、HTML、JSONP/JSON、CSV、XLSX、JSONL、Parquet）", corridor.import_files, [
        (("source",), {"metavar": "SOURCE", "help": "来源键，表格用 table"}),
        (("files",), {"metavar": "FILE", "nargs": "+", "help": "文件"}),
        (("--mapping",), {"metavar": "YAML", "help": "列名对照（仅 table；默认按已知表头猜，并显示）"}),
    ]),
    "build": ("把 data/raw 处理成 data/processed（只重做变了的部分）", corridor.build, [*_JOBS, (("--canaries",), {
        "action": "store_true", "help": "先在用后即删的副本里埋下各类假号码走完全程，搜遍一切输出；有一个漏出就不建表（退出码 3）"})]),
    "report": ("由 data/processed 生成报告", corridor.report, _REPORT + _COMPARE),
    "run": ("定时任务用：收进新文件、build、report，并留日志与状态", corridor.run, _JOBS + _REPORT + _INBOX),
    "label": ("给任意帖子文件编码：帖子类型、拒退理由及证据位置等", corridor.label, [
        *_FILES, (("--explain",), {"action": "store_true", "help": "改为写出每个判断的依据（文本）"})]),
    "redact": ("给任意帖子文件脱敏", corridor.redact, _FILES),
    "withdraw": ("把一帖列入撤回名单：此后的表和报告不再有它", evidence.withdraw, [
        (("post",), {"metavar": "ID", "help": "帖子编号（如 heimao:17351054590）或网址"}),
        (("--reason",), {"default": "", "metavar": "TEXT", "help": "备注（不写个人信息）"}),
        (("--erase",), {"action": "store_true", "help": "同时从原始存档抹去（留存根，摘要链仍可核对）"}),
    ]),
    "purge": ("删除过了保存期限的存档", evidence.purge, []),
    "verify": ("重新核对存档、表和报告的摘要，并说明这能证明什么、不能证明什么", evidence.verify, [
        (("--tsa-root",), {"metavar": "PEM", "help": "时间戳机构的根证书：一并离线核对时间戳"}),
    ]),
    "stamp": ("为各存档链的末端和表申请 RFC 3161 时间戳（只写申请文件，不连网）", evidence.stamp, [
        (("--response",), {"metavar": "TSR", "help": "收进时间戳机构的应答文件"}),
    ]),
    "check": ("数据质量：各环节进出、缺失、未知平台与字段、新鲜度", corridor.check, []),
    "review sample": ("抽一个有记录的随机样本，写成编码文件（CSV、XLSX、Label Studio、doccano）", review.sample, [
        _SAMPLE,
        (("--size",), {"type": int, "default": 200, "metavar": "N", "help": "抽多少件（默认 200）"}),
        (("--stratify",), {"choices": ("product", "platform", "month"), "help": "分层抽样并记权重（默认简单随机；只有后者用于校正比例）"}),
        (("--blind",), {"action": "store_true", "help": "不给出机器的建议"}),
        (("--seed",), {"type": int, "default": 1, "metavar": "S", "help": "随机种子（默认 1）"}),
        (("--scope",), {"choices": ("virtual", "all"), "default": "virtual", "help": "virtual 只抽虚拟商品投诉（默认），all 全部投诉"}),
        (("--out",), {"required": True, "metavar": "DIR", "help": "编码文件写到哪里"}),
    ]),
    "review redaction": ("请人抽查脱敏：抽出已脱敏的帖子，或由填好的文件算召回与精确及其区间", review.redaction, [
        (("file",), {"metavar": "CSV", "help": "写到哪里；与 --take 同用时是填好的文件（CSV 或 XLSX）"}),
        (("--size",), {"type": int, "default": 200, "metavar": "N", "help": "抽多少帖（默认 200）"}),
        (("--seed",), {"type": int, "default": 1, "metavar": "S", "help": "随机种子（默认 1）"}),
        (("--take",), {"action": "store_true", "help": "收回填好的文件，说出召回、精确与有漏的帖的比例"}),
    ]),
    "review import": ("收回一名编码员填好的文件（四种形式都行，Excel 另存过的也行）", review.take, [
        _SAMPLE,
        (("--coder",), {"required": True, "metavar": "NAME", "help": "编码员代号"}),
        (("file",), {"metavar": "FILE", "help": "编码员交回的文件"}),
    ]),
    "review ask": ("可选：请一个语言模型当一名编码员（只发脱敏文字；默认不用，须给出接口）", review.ask, [
        _SAMPLE,
        (("--endpoint",), {"required": True, "metavar": "URL", "help": "OpenAI 兼容接口的网址（密钥放 $KAMEN_LLM_KEY）"}),
        (("--model",), {"required": True, "metavar": "NAME", "help": "模型名"}),
        (("--budget",), {"type": int, "default": 200_000, "metavar": "N", "help": "本次最多用多少词元（默认 200000）"}),
    ]),
    "review agree": ("算一致度（Krippendorff α 与 F1），列出待裁定的分歧，把一致或已裁定的定为金标准", review.agree, [
        _SAMPLE, (("--settle",), {"metavar": "FILE", "help": "先收进裁定好的分歧（填好的 disagreements.csv 等）"})]),
    "new-source": ("为新来源写出骨架、样页文件夹和一个会失败的测试", evidence.new_source, [
        (("key",), {"metavar": "KEY", "help": "来源键（小写字母、数字、下划线）"})]),
}
