"""Why a headline moved between two builds, exactly: parts that add up to the change, to the last complaint."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kamen_analysis.captures.withdraw import is_withdrawn
from kamen_analysis.data import Data
from kamen_analysis.metrics.headlines import Bools, Headline, State, headlines, leading, placed, state
from kamen_analysis.metrics.keys import rows_of
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.metrics.shares import HIDDEN, MINIMUM, SMALL, TOO_FEW

PARTS = {
    "withdrawn": "撤回", "gone": "不再收录", "revised": "同帖再抓（正文或状态更新）", "rules": "规则改动（同文改编）",
    "duplicates": "重复判定改变", "entities": "平台归一改变", "late": "迟到数据", "new": "新数据",
}
COUNTS = ("used", "platforms")
TEXT = ["title", "body", "target"]
_COLUMNS = ["headline", "headline_zh", "part", "part_zh", "n", "of", "value", "low", "high", "before", "after", "note"]


def explain(before: Data, after: Data, scope: str = "virtual", codes: int = 5) -> pd.DataFrame:
    """Return each headline's change in parts: headline, headline_zh, part, part_zh, n, of, value, low, high, before, after, note.

    Headlines: the complaints counted, the platforms named, the share of each of the `codes` leading reasons and of being led off the
    platform, of those solved by their own account, confirmed by the consumer and replied to, and the median amount. The parts replace
    the older build's posts, step by step, by the newer's, in the order of PARTS (sequential replacement): each part's `value` is what
    its step moved, and the values add exactly to after - before. low, high: the part's least and largest value where the steps are
    taken in this order or backwards. n: the posts the step touches; of: all posts of both builds.

    Counts: 该步换上新一次构建的内容后，头条数字变了多少；各步相加正好等于总变动
    Out of: 两次构建的全部帖子；“迟到”是发布于前一次数据末日以前、这次才见到的，撤回按撤回名单，“同文改编”是正文未变而编码变了的
    Leaves out: 任何一次基数不足 30 的比例不拆；件数为 1–4 的比例不给数
    Read with care: 这是算账不是因果，没有抽样误差；换一个先后各步可以不同（见区间），总和不变；没有日期的按抓取日分迟到与新到
    """
    ids = pd.concat([before.posts["post_id"], after.posts["post_id"]]).drop_duplicates(ignore_index=True)
    most = leading(after, scope, codes)
    old, new = (state(data, ids, most) for data in (before, after))
    steps, told = touched(before, after, ids, old, new), headlines(most)
    ways = [_path(old, new, steps, list(order), scope, told) for order in (PARTS, reversed(PARTS))]
    rows = [row for at, (key, (name, _)) in enumerate(told.items()) for row in _rows(key, name, at, ways, steps)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs.update(origin(after.posts), metric="explain", is_synthetic=before.is_synthetic or after.is_synthetic)
    return table


def touched(before: Data, after: Data, ids: pd.Series, old: State, new: State) -> dict[str, Bools]:
    """Return for each of PARTS which posts (rows of `ids`) its step replaces."""
    both, lost, came = old.here & new.here, old.here & ~new.here, ~old.here & new.here
    asked = _asked(before.posts, frozenset(after.manifest.get("withdrawn") or ()), ids) & lost
    end = before.posts[["posted_at", "first_seen_at"]].max().max()
    late = placed((after.posts["posted_at"].fillna(after.posts["first_seen_at"]) <= end).to_numpy(), rows_of(after.posts, ids)) & came
    revised = both & _differ(before.posts, after.posts, ids)
    other = (old.told != new.told).any(axis=1) | ~((old.amount == new.amount) | (np.isnan(old.amount) & np.isnan(new.amount)))
    ended, platform = (old.ended != new.ended).any(axis=1), old.platform != new.platform
    return {"withdrawn": asked, "gone": lost & ~asked, "revised": both & (revised | ended), "rules": both & ~revised & other,
            "duplicates": both & (old.first != new.first), "entities": both & platform, "late": late, "new": came & ~late}


def _asked(posts: pd.DataFrame, names: frozenset[str], ids: pd.Series) -> Bools:
    told = zip(posts["post_id"], posts["url"].astype(object).where(posts["url"].notna(), None), strict=True)
    found = [is_withdrawn(post_id, url, names) for post_id, url in told] if names else [False] * len(posts)
    return placed(np.array(found, np.bool_), rows_of(posts, ids))


def _differ(before: pd.DataFrame, after: pd.DataFrame, ids: pd.Series) -> Bools:
    """Return whether the text of a post of both builds has changed."""
    digests = []
    for posts in (before, after):
        found = pd.util.hash_pandas_object(posts[TEXT].astype("str").fillna(""), index=False).to_numpy()
        digests.append(np.append(found, 0)[rows_of(posts, ids)])
    return np.asarray(digests[0] != digests[1])


def _path(old: State, new: State, steps: Mapping[str, Bools], order: list[str], scope: str,
          told: Mapping[str, tuple[str, Headline]]) -> pd.DataFrame:
    """Return n, of and value of each headline (three columns each) at the start and after each step of `order` (rows)."""
    rows: list[list[float]] = []
    for done in range(len(order) + 1):
        now = _mixed(old, new, steps, set(order[:done]))
        counted = now.here & now.told[:, 0] & now.first & (now.told[:, 1] | (scope == "all"))
        rows.append([number for _, headline in told.values() for number in headline(now, counted)])
    return pd.DataFrame(rows, index=["", *order])


def _mixed(old: State, new: State, steps: Mapping[str, Bools], done: set[str]) -> State:
    """Return the older build's posts with the steps `done` taken over from the newer."""
    def taken(*names: str) -> Bools:
        found: Bools = np.any([np.zeros_like(old.here), *(steps[name] for name in names if name in done)], axis=0)
        return found

    # A post of one build alone has only one way of being read.
    came = steps["late"] | steps["new"]
    here = (old.here & ~taken("withdrawn", "gone")) | taken("late", "new")
    text = came | (taken("revised") & ~steps["rules"]) | taken("rules")
    ended = came | taken("revised")
    first, platform = came | taken("duplicates"), came | taken("entities")
    return State(here, np.where(text[:, None], new.told, old.told), np.where(first, new.first, old.first),
                 np.where(ended[:, None], new.ended, old.ended), np.where(platform, new.platform, old.platform),
                 np.where(text, new.amount, old.amount))


def _rows(key: str, name: str, at: int, ways: list[pd.DataFrame], steps: Mapping[str, Bools]) -> list[dict[str, object]]:
    n, of = (ways[0].iloc[[0, -1], 3 * at + k].to_numpy(float) for k in (0, 1))
    note = "" if key in COUNTS else TOO_FEW if (of < MINIMUM).any() else HIDDEN if ((n > 0) & (n < SMALL)).any() else ""
    values = [way.iloc[:, 3 * at + 2].astype(float) for way in ways]
    moved = [way.diff().iloc[1:] for way in values]
    ends = (float(values[0].iloc[0]), float(values[0].iloc[-1])) if not note else (float("nan"),) * 2
    return [{"headline": key, "headline_zh": name, "part": part, "part_zh": zh, "n": int(steps[part].sum()), "of": len(steps[part]),
             **({"value": moved[0][part], "low": min(way[part] for way in moved), "high": max(way[part] for way in moved)}
                if not note else {}), "before": ends[0], "after": ends[1], "note": note} for part, zh in PARTS.items()]
