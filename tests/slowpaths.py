"""Slow, obvious second implementations of the metrics of tactics, paths and robustness: loops over dicts. See `slow`."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pandas as pd
from slow import codes_of, rows, used


def explained(before: pd.DataFrame, after: pd.DataFrame, was_labels: pd.DataFrame, now_labels: pd.DataFrame,
              withdrawn: list[str], code: str = "") -> dict[str, float]:
    """Return how the number of complaints about virtual goods, or the share of them with a `code`, moves as the posts of one build are
    made those of the next, step by step."""
    old, new = ({post["post_id"]: post for post in rows(table)} for table in (before, after))
    was, now = codes_of(was_labels), codes_of(now_labels)
    end = max(at for post in old.values() for at in (post["posted_at"], post["first_seen_at"]) if at is not None)
    state = {key: dict(post, first=post["is_used"] or post["post_type"] != "complaint", hit=code in was[key]) for key, post in old.items()}
    found, last = {}, 0.0
    for step in ("", "withdrawn", "gone", "revised", "rules", "duplicates", "entities", "late", "new"):
        for key in list(old) + list(new):
            a, b = old.get(key), new.get(key)
            if a and not b and step == ("withdrawn" if key in withdrawn else "gone"):
                state.pop(key, None)
            if b and not a and step == ("late" if (b["posted_at"] or b["first_seen_at"]) <= end else "new"):
                state[key] = dict(b, first=b["is_used"] or b["post_type"] != "complaint", hit=code in now[key])
            if a and b:
                same = all(a[name] == b[name] for name in ("title", "body", "target"))
                if step == ("rules" if same else "revised"):
                    state[key].update(post_type=b["post_type"], in_scope=b["in_scope"], hit=code in now[key])
                if step == "duplicates":
                    state[key]["first"] = b["is_used"] or b["post_type"] != "complaint"
        counted = [post for post in state.values() if post["post_type"] == "complaint" and post["first"] and post["in_scope"]]
        value = sum(post["hit"] for post in counted) / len(counted) if code else float(len(counted))
        if step:
            found[step] = value - last
        last = value
    return found


def passed(posts: pd.DataFrame, labels: pd.DataFrame, said: pd.DataFrame) -> tuple[Counter[tuple[str, str]], Counter[int], int, int]:
    """Return posts telling each edge, posts by the longest chain (3: three and more), posts that come back, and the posts with the code."""
    codes, told = codes_of(labels), defaultdict(list)
    for row in sorted(rows(said), key=lambda row: row["step"]):
        told[row["post_id"]].append((row["source"], row["target"]))
    edges: Counter[tuple[str, str]] = Counter()
    lengths: Counter[int] = Counter()
    circles = of = 0
    for post in used(posts):
        if "buck_passing" not in codes[post["post_id"]]:
            continue
        of += 1
        links = told[post["post_id"]]
        edges.update(set(links))
        runs: list[list[str]] = []
        for source, target in links:
            if runs and source in (runs[-1][-1], "untold"):
                runs[-1].append(target)
            else:
                runs.append([source, target])
        lengths[min(3, max((len(run) - 1 for run in runs), default=0))] += 1
        named = [[body for body in run if body != "untold"] for run in runs]
        circles += any(len(set(run)) < len(run) for run in named)
    return edges, lengths, circles, of


def channels(posts: pd.DataFrame, said: pd.DataFrame) -> tuple[Any, ...]:
    """Return posts naming each channel, those solved, posts by channel and outcome (5 and more or the sum), order, both, and all posts."""
    place: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows(said):
        place[row["post_id"]][row["channel"]] = row["start"]
    n: Counter[str] = Counter()
    solved: Counter[str] = Counter()
    ends: Counter[tuple[str, str]] = Counter()
    before: Counter[tuple[str, str]] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    chosen = used(posts)
    for post in chosen:
        named = place[post["post_id"]]
        for channel in named or {"none": 0}:
            n[channel] += 1
            solved[channel] += post["outcome"] in ("resolved", "partial")
            ends[channel, post["outcome"]] += 1
        for a in named:
            for b in named:
                if named[a] != named[b]:
                    both[a, b] += 1
                    before[a, b] += named[a] < named[b]
    return n, solved, ends, before, both, len(chosen)


def ages(posts: pd.DataFrame, labels: pd.DataFrame) -> tuple[Counter[tuple[int, str]], Counter[int], dict[int, set[str]]]:
    """Return posts by age of their platform in quarters and code, posts by age, and the platforms of each age."""
    known = [post for post in used(posts) if post["platform"] is not None and post["posted_at"] is not None]
    quarter = {post["post_id"]: post["posted_at"].year * 4 + (post["posted_at"].month - 1) // 3 for post in known}
    first: dict[str, int] = {}
    for post in known:
        first[post["platform"]] = min(quarter[post["post_id"]], first.get(post["platform"], 10**6))
    codes = codes_of(labels)
    n: Counter[tuple[int, str]] = Counter()
    of: Counter[int] = Counter()
    names: dict[int, set[str]] = defaultdict(set)
    for post in known:
        age = min(12, quarter[post["post_id"]] - first[post["platform"]])
        of[age] += 1
        names[age].add(post["platform"])
        n.update((age, code) for code in codes[post["post_id"]])
    return n, of, names


def variants(posts: pd.DataFrame, labels: pd.DataFrame, lead: pd.Series, earlier: pd.DataFrame) -> dict[str, tuple[Counter[str], int]]:
    """Return counts by code and all posts of some variants, by a piece of their names."""
    every = [dict(post, lead=float(points)) for post, points in zip(rows(posts), lead, strict=True)]
    kept = [post for post in every if post["is_used"] and post["in_scope"]]
    by_rule, old = codes_of(labels[labels["decided_by"] != "model"]), codes_of(earlier)
    chosen = {
        "本报告的做法": kept, "闸门更严": [post for post in kept if post["lead"] >= 4],
        "每条都计": [post for post in every if post["post_type"] == "complaint" and post["in_scope"]],
        "实物": [post for post in every if post["is_used"]], "去掉来源：演示来源": [post for post in kept if post["source"] != "demo"],
        "去掉来源：board": [post for post in kept if post["source"] != "board"], "只凭规则": kept,
        "编码手册 0.9": [post for post in every[:500] if post["is_used"] and post["in_scope"]],
    }
    codes = {name: by_rule if name == "只凭规则" else old if "手册" in name else codes_of(labels) for name in chosen}
    return {name: (Counter(code for post in some for code in codes[name][post["post_id"]]), len(some)) for name, some in chosen.items()}


def bursts(posts: pd.DataFrame, least: int, hours: float) -> dict[str, int]:
    """Return for each group of copies the most posts within some hours of one another, where they are enough."""
    groups: dict[str, list[pd.Timestamp]] = defaultdict(list)
    for post in rows(posts):
        groups[post["dup_group"]].append(post["posted_at"])
    most = {name: max(sum(0 <= (b - a).total_seconds() <= hours * 3600 for b in times) for a in times) for name, times in groups.items()}
    return {name: n for name, n in most.items() if n >= least}


def sequences(posts: pd.DataFrame, labels: pd.DataFrame) -> Counter[tuple[str, ...]]:
    """Return how many posts tell each sequence of two and more reasons in the body, each by its first place."""
    first: dict[str, dict[str, int]] = defaultdict(dict)
    for label in rows(labels):
        if label["field"] == "body" and label["rule"] != "human":
            place = first[label["post_id"]]
            place[label["code"]] = min(label["start"], place.get(label["code"], label["start"]))
    told = [first[post["post_id"]] for post in used(posts)]
    return Counter(tuple(sorted(place, key=lambda code: (place[code], code))) for place in told if len(place) > 1)
