"""Decomposition of the change of a headline figure between two builds into parts that add up exactly."""

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
    """Return the parts of each headline's change: headline, headline_zh, part, part_zh, n, of, value, low, high, before, after, note.

    Headlines: the number of counted complaints and of platforms named; the share of each of the `codes` leading reasons and of being led
    off the platform to pay; the shares solved by the post's own account, confirmed by the consumer and replied to; the median amount.
    Method: sequential replacement. Step by step, in the order of PARTS, the older build's posts are replaced by the newer build's; each
    part's `value` is the change its step makes, and the values add up exactly to after - before. low, high: the smaller and the larger
    value of the part over two orders, this one and its reverse. n: posts the step touches; of: all posts of both builds.

    Counts: 该步换上新一次构建的内容后，头条数字变了多少；各步相加正好等于总变动
    Out of: 两次构建的全部帖子；“迟到”是发布于前一次数据末日以前、这次才见到的，撤回按撤回名单，“同文改编”是正文未变而编码变了的
    Leaves out: 任何一次基数不足 30 的比例不拆；件数为 1–4 的比例不给数
    Read with care: 这是算账不是因果，没有抽样误差；换一个先后各步可以不同（见区间），总和不变；没有日期的按抓取日分迟到与新到
    """
    ids = pd.concat([before.posts["post_id"], after.posts["post_id"]]).drop_duplicates(ignore_index=True)
    reasons = leading(after, scope, codes)
    old, new = (state(data, ids, reasons) for data in (before, after))
    steps, figures = touched(before, after, ids, old, new), headlines(reasons)
    paths = [_path(old, new, steps, list(order), scope, figures) for order in (PARTS, reversed(PARTS))]
    rows = [row for at, (key, (name, _)) in enumerate(figures.items()) for row in _rows(key, name, at, paths, steps)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs.update(origin(after.posts), metric="explain", is_synthetic=before.is_synthetic or after.is_synthetic)
    return table


def touched(before: Data, after: Data, ids: pd.Series, old: State, new: State) -> dict[str, Bools]:
    """Return for each of PARTS which posts (of `ids`, in its order) its step replaces; `old`, `new`: the same posts in either build."""
    both, lost, added = old.here & new.here, old.here & ~new.here, ~old.here & new.here
    withdrawn = _on_list(before.posts, frozenset(after.manifest.get("withdrawn") or ()), ids) & lost
    end = before.posts[["posted_at", "first_seen_at"]].max().max()
    late = placed((after.posts["posted_at"].fillna(after.posts["first_seen_at"]) <= end).to_numpy(), rows_of(after.posts, ids)) & added
    revised = both & _text_differs(before.posts, after.posts, ids)
    recoded = (old.coded != new.coded).any(axis=1) | ~((old.amount == new.amount) | (np.isnan(old.amount) & np.isnan(new.amount)))
    followed, platform = (old.followed != new.followed).any(axis=1), old.platform != new.platform
    return {"withdrawn": withdrawn, "gone": lost & ~withdrawn, "revised": both & (revised | followed), "rules": both & ~revised & recoded,
            "duplicates": both & (old.first != new.first), "entities": both & platform, "late": late, "new": added & ~late}


def _on_list(posts: pd.DataFrame, names: frozenset[str], ids: pd.Series) -> Bools:
    """Return which of `ids` the withdrawal list `names` covers, by id or address."""
    addresses = zip(posts["post_id"], posts["url"].astype(object).where(posts["url"].notna(), None), strict=True)
    listed = [is_withdrawn(post_id, url, names) for post_id, url in addresses] if names else [False] * len(posts)
    return placed(np.array(listed, np.bool_), rows_of(posts, ids))


def _text_differs(before: pd.DataFrame, after: pd.DataFrame, ids: pd.Series) -> Bools:
    """Return for each of `ids` whether its title, body or target differs between the builds."""
    digests = []
    for posts in (before, after):
        digest = pd.util.hash_pandas_object(posts[TEXT].astype("str").fillna(""), index=False).to_numpy()
        digests.append(np.append(digest, 0)[rows_of(posts, ids)])  # row -1, a post this build lacks, takes the 0
    return np.asarray(digests[0] != digests[1])


def _path(old: State, new: State, steps: Mapping[str, Bools], order: list[str], scope: str,
          figures: Mapping[str, tuple[str, Headline]]) -> pd.DataFrame:
    """Return n, of and value of each headline (three columns per headline), at the start and after each step of `order` (rows)."""
    rows: list[list[float]] = []
    for done in range(len(order) + 1):
        now = _mixed(old, new, steps, set(order[:done]))
        counted = now.here & now.coded[:, 0] & now.first & (now.coded[:, 1] | (scope == "all"))
        rows.append([number for _, headline in figures.values() for number in headline(now, counted)])
    return pd.DataFrame(rows, index=["", *order])


def _mixed(old: State, new: State, steps: Mapping[str, Bools], done: set[str]) -> State:
    """Return the older build's posts with what the steps `done` replace taken from the newer build."""
    def replaced(*names: str) -> Bools:
        posts: Bools = np.any([np.zeros_like(old.here), *(steps[name] for name in names if name in done)], axis=0)
        return posts

    # A post that only the newer build has is always read as that build reads it.
    added = steps["late"] | steps["new"]
    here = (old.here & ~replaced("withdrawn", "gone")) | replaced("late", "new")
    coded = added | (replaced("revised") & ~steps["rules"]) | replaced("rules")
    followed = added | replaced("revised")
    first, platform = added | replaced("duplicates"), added | replaced("entities")
    return State(here, np.where(coded[:, None], new.coded, old.coded), np.where(first, new.first, old.first),
                 np.where(followed[:, None], new.followed, old.followed), np.where(platform, new.platform, old.platform),
                 np.where(coded, new.amount, old.amount))


def _rows(key: str, name: str, at: int, paths: list[pd.DataFrame], steps: Mapping[str, Bools]) -> list[dict[str, object]]:
    """Return a row per part of headline number `at`; `paths` in the order of PARTS and in reverse."""
    n, of = (paths[0].iloc[[0, -1], 3 * at + k].to_numpy(float) for k in (0, 1))
    note = "" if key in COUNTS else TOO_FEW if (of < MINIMUM).any() else HIDDEN if ((n > 0) & (n < SMALL)).any() else ""
    values = [path.iloc[:, 3 * at + 2].astype(float) for path in paths]
    changes = [value.diff().iloc[1:] for value in values]
    ends = (float(values[0].iloc[0]), float(values[0].iloc[-1])) if not note else (float("nan"),) * 2
    return [{"headline": key, "headline_zh": name, "part": part, "part_zh": zh, "n": int(steps[part].sum()), "of": len(steps[part]),
             **({"value": changes[0][part], "low": min(change[part] for change in changes), "high": max(change[part] for change in changes)}
                if not note else {}), "before": ends[0], "after": ends[1], "note": note} for part, zh in PARTS.items()]
