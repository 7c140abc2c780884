"""What the guide takes from the program when it is built: the table of figures, and pages others may add."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kamen_analysis.metrics as metrics

OPERATIONS = "operations.md"
CHINESE = "[\u4e00-\u9fff，。；：、（）“”…？！]"
SHARES = "Wilson 95%；基数不足 30 不给比例"
# Interval and least number of each metric where they are not those of a plain share.
MEASURED = {
    "used": "件数，没有区间", "tactic_order": SHARES,
    "volume": "件数，没有区间；不完整的期与缺口另标",
    "fill": "件数，没有区间", "funnel": "件数，没有区间", "time_to_reply": "Kaplan–Meier 95%；不足 30 件不给",
    "median_reply": "Kaplan–Meier 95%；不足 30 件不给", "outcomes": "Aalen–Johansen 95%；不足 30 件不给",
    "resolved_by": "Aalen–Johansen 95%；不足 30 件或观察期不足不给", "amounts": "中位数用自助法 95%；写明金额不足 30 件不给",
    "platform_ranks": "Wilson 95%，名次用后验抽样 95%；不足 30 件不排名", "platform_funnel": "95% 机会界、99.8% 离散界；不足 30 件不画",
    "changes": "Newcombe 95%，错误发现率 5%；任一月不足 30 件不比较", "alerts": "EARS 或 Farrington，错误发现率 5%；四周不足 5 件不报警",
    "nowcast": "负二项分布 95%；抓取不足 8 个不同日子不估计", "corrected": "预测增强推断 95%；人工样本不足 30 件不校正",
    "coverage": "占比没有区间；计入不足 30 件的来源标为量小", "gaps": "泊松检验，碰巧空白的可能小于 1% 才算缺口",
    "waiting": "限制平均等待的 95% 区间；不足 30 件或观察期不足不给",
    "contrasts": "差值的 95% 区间，对数秩与 Gray 检验，Holm 校正；不足 30 件的平台不比",
    "alert_methods": "四种方法各自的界；最近四周不足 5 件不报警", "change_points": "置换检验，错误发现率 5%；不足 26 周或 30 件的序列不判",
    "holidays": "Mantel–Haenszel 比值 95%；平常周合计不足 30 件不给",
    "explain": "没有抽样误差；两端是两种先后下该步的大小；基数不足 30 件不拆",
}


def on_config(config: Any) -> Any:
    """Give a page on operations its place in the contents as soon as it is there."""
    if (Path(config["docs_dir"]) / OPERATIONS).exists():
        config["nav"][-1]["运行"].insert(0, {"投产运行": OPERATIONS})
    return config


def on_page_markdown(markdown: str, **given: Any) -> str:
    """Put the table of figures where a page asks for it, and join lines of Chinese, which a browser would part by a space."""
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [re.sub(rf"(?<={CHINESE})\n(?={CHINESE})", "", part) for part in parts[::2]]
    return "".join(parts).replace("<!-- 指标表 -->", figures())


def figures() -> str:
    """Return the table of all metrics: what each counts, out of what, its interval and least number, what it leaves out, how to read it."""
    head = "| 指标 | 数什么 | 分母 | 区间与最小基数 | 不计 | 读法 |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(_row(metric.__name__, metrics.caption(metric)) for metric in metrics.METRICS)


def _row(name: str, told: dict[str, str]) -> str:
    cells = [f"`{name}`", told["Counts"], told["Out of"], MEASURED.get(name, SHARES), told["Leaves out"], told["Read with care"]]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
