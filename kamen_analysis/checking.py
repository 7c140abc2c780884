"""The text that `kamen build` and `kamen check` print: each stage's balance, gaps, unknown fields and platforms, freshness."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from kamen_analysis import data, platforms
from kamen_analysis.clean import CAPS
from kamen_analysis.paths import Home
from kamen_analysis.pipeline import history
from kamen_analysis.records import REJECTIONS, STAGES
from kamen_analysis.sources import audit


def summary(manifest: dict[str, Any]) -> str:
    """Return a line for each stage, in = out + rejected by reason, then the gaps, damaged captures and cut texts."""
    lines = []
    for stage in manifest["stages"]:
        most_first = sorted(stage["rejected"].items(), key=lambda item: -item[1])
        reasons = "、".join(f"{REJECTIONS.get(reason, reason)} {n:,}" for reason, n in most_first)
        lost = f" + 剔除 {sum(stage['rejected'].values()):,}（{reasons}）" if reasons else ""
        lines.append(f"{STAGES[stage['stage']]}：{stage['in']:,} {stage['unit']} = {stage['out']:,}{lost}")
    if manifest["gaps"]:
        lines.append(f"缺口（未发布的抓取、损坏的存档）：\n{_gaps(manifest)}")
    damaged = sorted({f"{gap['source']}/{gap['capture']}" for gap in manifest["gaps"] if "bytes" in gap})
    if damaged:
        names = "、".join(damaged[:3]) + (" 等" if damaged[3:] else "")
        lines.append(f"注意：{len(damaged)} 个存档有损坏（{names}），读得出的记录逐条核对摘要后照用，读不出的记为缺口；"
                     "有备份请放回原文件再 build，kamen verify 可核对")
    cut = [f"{name} {n:,} 段（各留前 {CAPS[name]:,} 字）" for kind, name, n, _ in manifest["warnings"] if kind == "text_capped"]
    if cut:
        lines.append(f"注意：超长文本只留开头：{'、'.join(cut)}")
    return "\n".join(lines)


def turned_away(manifest: dict[str, Any]) -> bool:
    """Return whether a build had to leave out pages, records or whole runs."""
    return any(stage["rejected"] for stage in manifest["stages"] if stage["stage"] in ("read", "clean")) or bool(manifest["gaps"])


def check(where: Home) -> str:
    """Return the state of the last build as Chinese text for `kamen check`."""
    loaded = data.load(where)
    known = platforms.directory(loaded.home.root / "platforms.yaml")
    parts = [
        ("各环节（进 = 出 + 剔除）", summary(loaded.manifest)), ("各来源", _sources(loaded.posts)), ("新鲜度", _freshness(loaded.manifest)),
        ("缺口（未发布的抓取、损坏的存档）", _gaps(loaded.manifest)), ("与上次相比", _changes(loaded.home)),
        ("未知字段、状态与步骤", _warnings(loaded.manifest)), ("名录外的平台", _unknown(loaded.posts, known)),
    ]
    mark = "（演示数据：合成，非真实投诉）\n" if loaded.is_synthetic else ""
    return mark + "\n\n".join(f"【{title}】\n{text}" for title, text in parts)


def _sources(posts: pd.DataFrame) -> str:
    lines = []
    for source, rows in posts.groupby("source"):
        dated = rows["posted_at"].dropna()
        span = f"{dated.min():%Y-%m-%d} 至 {dated.max():%Y-%m-%d}（北京时间）" if len(dated) else "均无日期"
        states = "、".join(f"{state} {n:,}" for state, n in rows["status"].value_counts().items())
        lines.append(
            f"{source}：{len(rows):,} 帖，{span}；无日期 {len(rows) - len(dated):,}，无状态 {int(rows['status'].isna().sum()):,}，"
            f"无金额 {int(rows['amount_yuan'].isna().sum()):,}，金额合计 {rows['amount_yuan'].sum():,.2f} 元"
            + (f"；状态 {states}" if states else "")
        )
    return "\n".join(lines) or "没有帖子"


def _freshness(manifest: dict[str, Any]) -> str:
    if not manifest["last_capture"]:
        return "没有存档"
    last = datetime.fromisoformat(manifest["last_capture"])
    days = (datetime.now(UTC) - last).days
    return f"最近一次存档 {last:%Y-%m-%d %H:%M} UTC，{days} 天前"


def _gaps(manifest: dict[str, Any]) -> str:
    lines = [f"{gap['source']} {gap['since'] or '最初'} 至 {gap['until'] or '最近'}：{gap['reason']}"
             + ("" if "bytes" in gap else f"；{gap['posts']:,} 帖未发布") + f"（{gap['capture']}）" for gap in manifest["gaps"]]
    return "\n".join(lines) or "无"


def _changes(where: Home) -> str:
    builds = history.entries(where)
    if len(builds) < 2:
        return "没有更早的一次"
    before, last = builds[-2:]
    names = sorted(before["posts"].keys() | last["posts"].keys())
    lines = [f"{name}：{before['posts'].get(name, 0):,} → {last['posts'].get(name, 0):,} 帖" for name in names]
    lines += [f"{name} 有 {lost['n']:,} 帖不见了，例如 {'、'.join(lost['examples'])}" for name, lost in last["vanished"].items()]
    return f"上次 {before['at']}，这次 {last['at']}，新增 {last['new']:,} 帖\n" + "\n".join(lines)


def _warnings(manifest: dict[str, Any]) -> str:
    lines = [f"{audit.KINDS.get(kind, kind)} {name}：{n:,} 次" + (f"，例如 {example}" if example else "")
             for kind, name, n, example in manifest["warnings"]]
    return "\n".join(lines) or "无"


def _quoted(name: str) -> str:
    """Return a name as YAML that says nothing but the name: a post may call a shop `甲, aliases: [乙]`."""
    return json.dumps(name, ensure_ascii=False)


def _unknown(posts: pd.DataFrame, known: platforms.Directory, most: int = 20) -> str:
    found = platforms.proposals(posts, known)
    if not found:
        return "无"
    lines = [f"共 {len(found)} 个，未归一。确认后可把下面的行贴进工作目录的 platforms.yaml（entities: 之下）："]
    for name, n, like in found[:most]:
        hint = f"  # {n} 帖" + (f"；与 {_quoted(like)} 相近，若是同一家请写进它的 aliases" if like else "")
        lines.append(f"  - {{key: , brand: {_quoted(name)}}}{hint}")
    return "\n".join(lines + ([f"  # 另有 {len(found) - most} 个未列出"] if len(found) > most else []))
