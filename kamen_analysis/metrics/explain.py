"""Why a headline moved between two builds, exactly: parts that add up to the change, to the last complaint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.captures.withdraw import is_withdrawn
from kamen_analysis.data import Data
from kamen_analysis.metrics.keys import are_named, rows_of
from kamen_analysis.metrics.names import reason_names
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.metrics.refusal import code_matrix
from kamen_analysis.metrics.shares import HIDDEN, MINIMUM, SMALL, TOO_FEW
from kamen_analysis.metrics.timeline import are_followed

Bools = npt.NDArray[np.bool_]
PARTS = {
    "withdrawn": "撤回", "gone": "不再收录", "revised": "同帖再抓（正文或状态更新）", "rules": "规则改动（同文改编）",
    "duplicates": "重复判定改变", "entities": "平台归一改变", "late": "迟到数据", "new": "新数据",
}
SOLVED = ("resolved", "partial")
CONFIRMED = "consumer_confirmed"
TEXT = ["title", "body", "target"]
_COLUMNS = ["headline", "headline_zh", "part", "part_zh", "n", "of", "value", "low", "high", "before", "after", "note"]


@dataclass(frozen=True)
class State:
    """Posts as columns, all in the same order: what decides whether a post counts, and what it counts for.

    codes: (posts, codes). `told` joins what was read from the text, so that it can be taken from one build or the other row by row.
    """

    here: Bools
    told: Bools  # (posts, 3 + codes): complaint, in scope, solved by its own account, and each reason
    first: Bools
    ended: Bools  # (posts, 2): followed by its source, confirmed by the consumer
    platform: npt.NDArray[np.int64]


Headline = Callable[[State, Bools], tuple[int, int]]


def explain(before: Data, after: Data, scope: str = "virtual", codes: int = 5) -> pd.DataFrame:
    """Return each headline's change in parts: headline, headline_zh, part, part_zh, n, of, value, low, high, before, after, note.

    Headlines: the complaints counted, the platforms named, and the share of each of the `codes` leading reasons, of those solved by
    their own account, and of those confirmed by the consumer. The parts replace the older build's posts, step by step, by the newer's,
    in the order of PARTS (sequential replacement): each part's `value` is what its step moved, and the values add exactly to
    after - before. low, high: the part's least and largest value where the steps are taken in this order or backwards. n: the posts
    the step touches; of: all posts of both builds.

    Counts: 该步换上新一次构建的内容后，头条数字变了多少；各步相加正好等于总变动
    Out of: 两次构建的全部帖子；“迟到”是发布于前一次数据末日以前、这次才见到的，撤回按撤回名单，“同文改编”是正文未变而编码变了的
    Leaves out: 任何一次基数不足 30 的比例不拆；件数为 1–4 的比例不给数
    Read with care: 这是算账不是因果，没有抽样误差；换一个先后各步可以不同（见区间），总和不变；没有日期的按抓取日分迟到与新到
    """
    ids = pd.concat([before.posts["post_id"], after.posts["post_id"]]).drop_duplicates(ignore_index=True)
    leading = _leading(after, scope, codes)
    old, new = (_state(data, ids, leading) for data in (before, after))
    steps = touched(before, after, ids, old, new)
    headlines = _headlines(leading)
    ways = [_path(old, new, steps, list(order), scope, headlines) for order in (PARTS, reversed(PARTS))]
    rows = [row for at, (key, (name, _)) in enumerate(headlines.items()) for row in _rows(key, name, at, ways, steps)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs.update(origin(after.posts), metric="explain", is_synthetic=before.is_synthetic or after.is_synthetic)
    return table


def _leading(after: Data, scope: str, codes: int) -> list[str]:
    counted = after.posts["is_used"] & (after.posts["in_scope"] | (scope == "all"))
    seen = code_matrix(after.posts[counted], after.labels, list(reason_names())).sum(axis=0)
    return [list(reason_names())[at] for at in np.argsort(-seen, kind="stable")[:codes]]


def _state(data: Data, ids: pd.Series, codes: list[str]) -> State:
    posts = data.posts
    at = rows_of(posts, ids)
    complaint = (posts["post_type"] == "complaint").to_numpy()
    # Of what is no complaint nobody asked whether it is a copy: it would be the first, unless the table says otherwise.
    first = posts["is_used"].to_numpy() | (~complaint & (posts["dup_kind"] == "first").to_numpy())
    facts = [complaint, posts["in_scope"].to_numpy(), posts["outcome"].isin(SOLVED).to_numpy()]
    labels = data.labels[data.labels["code"].isin(codes)]
    told = np.column_stack([*facts, code_matrix(posts, labels, codes).astype(bool)])
    confirmed = are_named(posts, data.events.loc[data.events["kind"] == CONFIRMED, "post_id"]).to_numpy()
    followed = are_followed(posts, data.events).to_numpy(bool)
    return State(at >= 0, _at(told, at), _at(first, at), _at(np.column_stack([followed, followed & confirmed]), at),
                 np.where(at >= 0, _numbers(posts["platform"], at), -1))


def _at(column: Bools, at: npt.NDArray[np.int64]) -> Bools:
    found = np.zeros((len(at), *column.shape[1:]), np.bool_)
    found[at >= 0] = column[at[at >= 0]]
    return found


def _numbers(names: pd.Series, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a number for each name, the same in both builds (its hash); -1 for none."""
    known = names.notna().to_numpy()
    number = np.where(known, pd.util.hash_array(names.fillna("").to_numpy(object)).view(np.int64) >> 1, -1)
    return np.append(number, -1)[at]


def touched(before: Data, after: Data, ids: pd.Series, old: State, new: State) -> dict[str, Bools]:
    """Return for each of PARTS which posts (rows of `ids`) its step replaces."""
    both, lost, came = old.here & new.here, old.here & ~new.here, ~old.here & new.here
    asked = _asked(before.posts, frozenset(after.manifest.get("withdrawn") or ()), ids) & lost
    end = before.posts[["posted_at", "first_seen_at"]].max().max()
    late = _at((after.posts["posted_at"].fillna(after.posts["first_seen_at"]) <= end).to_numpy(), rows_of(after.posts, ids)) & came
    revised = both & _differ(before.posts, after.posts, ids)
    other = (old.told != new.told).any(axis=1)
    ended, platform = (old.ended != new.ended).any(axis=1), old.platform != new.platform
    return {"withdrawn": asked, "gone": lost & ~asked, "revised": both & (revised | ended), "rules": both & ~revised & other,
            "duplicates": both & (old.first != new.first), "entities": both & platform, "late": late, "new": came & ~late}


def _asked(posts: pd.DataFrame, names: frozenset[str], ids: pd.Series) -> Bools:
    told = zip(posts["post_id"], posts["url"].astype(object).where(posts["url"].notna(), None), strict=True)
    found = [is_withdrawn(post_id, url, names) for post_id, url in told] if names else [False] * len(posts)
    return _at(np.array(found, np.bool_), rows_of(posts, ids))


def _differ(before: pd.DataFrame, after: pd.DataFrame, ids: pd.Series) -> Bools:
    """Return whether the text of a post of both builds has changed."""
    digests = []
    for posts in (before, after):
        found = pd.util.hash_pandas_object(posts[TEXT].fillna(""), index=False).to_numpy()
        digests.append(np.append(found, 0)[rows_of(posts, ids)])
    return np.asarray(digests[0] != digests[1])


def _path(old: State, new: State, steps: Mapping[str, Bools], order: list[str], scope: str,
          headlines: Mapping[str, tuple[str, Headline]]) -> pd.DataFrame:
    """Return n and of of each headline (column pairs) at the start and after each step of `order` (rows)."""
    rows: list[list[int]] = []
    for done in range(len(order) + 1):
        state = _mixed(old, new, steps, set(order[:done]))
        counted = state.here & state.told[:, 0] & state.first & (state.told[:, 1] | (scope == "all"))
        rows.append([number for _, headline in headlines.values() for number in headline(state, counted)])
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
                 np.where(ended[:, None], new.ended, old.ended), np.where(platform, new.platform, old.platform))


def _headlines(codes: list[str]) -> dict[str, tuple[str, Headline]]:
    """Return each headline's key, name and how it is counted: n and of; `of` 1 where it is a count and no share."""
    def share(column: int) -> Headline:
        return lambda state, counted: (int((state.told[:, column] & counted).sum()), int(counted.sum()))

    names = reason_names()
    return {
        "used": ("计入的投诉", lambda state, counted: (int(counted.sum()), 1)),
        "platforms": ("写明的平台数", lambda state, counted: (len(set(state.platform[counted].tolist()) - {-1}), 1)),
        **{f"reason:{code}": (f"“{names[code]}”占比", share(3 + at)) for at, code in enumerate(codes)},
        "solved": ("自述已解决或部分解决的占比", share(2)),
        "confirmed": ("来源给出状态的投诉中经消费者确认解决的占比", lambda state, counted: (
            int((state.ended[:, 1] & counted).sum()), int((state.ended[:, 0] & counted).sum()))),
    }


def _rows(key: str, name: str, at: int, ways: list[pd.DataFrame], steps: Mapping[str, Bools]) -> list[dict[str, object]]:
    n, of = (ways[0].iloc[:, 2 * at + k].to_numpy(float) for k in (0, 1))
    is_share = key not in ("used", "platforms")
    note = _note(n[[0, -1]], of[[0, -1]]) if is_share else ""
    values = [_values(way.iloc[:, 2 * at], way.iloc[:, 2 * at + 1], is_share) for way in ways]
    moved = [way.diff().iloc[1:] for way in values]
    ends = (float(values[0].iloc[0]), float(values[0].iloc[-1])) if not note else (float("nan"),) * 2
    return [{"headline": key, "headline_zh": name, "part": part, "part_zh": zh, "n": int(steps[part].sum()), "of": len(steps[part]),
             **({"value": moved[0][part], "low": min(way[part] for way in moved), "high": max(way[part] for way in moved)}
                if not note else {}), "before": ends[0], "after": ends[1], "note": note} for part, zh in PARTS.items()]


def _values(n: pd.Series, of: pd.Series, is_share: bool) -> pd.Series:
    # Of no posts at all a share is taken as nought: the steps between two builds that both have it may pass through an empty one.
    return (n / of.where(of > 0, 1)).astype(float) if is_share else n.astype(float)


def _note(n: npt.NDArray[np.float64], of: npt.NDArray[np.float64]) -> str:
    if (of < MINIMUM).any():
        return TOO_FEW
    return HIDDEN if ((n > 0) & (n < SMALL)).any() else ""
