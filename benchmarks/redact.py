"""Posts a second the redactor reads on one core: invented sentences with personal data in every fourth post, the codebook's posts
(none), and the posts of the synthetic world at real length with two identifiers in three posts.

Run: python benchmarks/redact.py. Prints processor-bound posts a second as they are and scaled to 150 characters, and the same work
counted in foldings of a post (`zh.fold`), which depends less on how busy the machine is. The posts prove speed only.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made

import kamen_analysis
from kamen_analysis import zh
from kamen_analysis.redact import redact_many

_SAID = ["3月12日在这家店买了张{n}元的点卡，付款后一直没有到账", "客服先说系统维护，让我等24小时", "后来又说卡密已经使用，概不退换",
         "我要求退款他们不同意", "页面上写的是充值成功", "第二天再联系就没有人理我了", "平台让我找商家，商家让我找平台",
         "这已经是第{n}次了，希望尽快处理", "聊天记录和付款截图我都有", "2025-03-1{d} 14:2{d} 付的款", "微信和QQ都不回", "店铺现在也打不开",
         "要求退还{n}元", "本人在校学生，没有收入", "账号还被封了，说我违规"]
_PERSONAL = ["订单号NG2025031{n}8817", "我的手机号138{n}5566{d}", "加他微信kami_{n}{d}转的", "收款人王小明，卡号6222020200{n}445{d}",
             "寄到浙江省杭州市西湖区文三路{n}号"]


def posts(n: int, rng: random.Random) -> list[str]:
    """Return n invented posts of about 150 characters."""
    made = []
    for _ in range(n):
        parts = rng.choices(_SAID, k=11) + rng.sample(_PERSONAL, rng.random() < 0.25)
        made.append("，".join(parts).replace("{n}", str(rng.randint(100, 999))).replace("{d}", str(rng.randint(0, 9))))
    return made


def best(work: Callable[[], Any]) -> float:
    """Return the least processor seconds of five runs of `work`."""
    times = []
    for _ in range(5):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def clean() -> list[str]:
    """Return the bodies of the codebook's posts."""
    folder = Path(kamen_analysis.__file__).parent / "codebook" / "posts"
    return [json.loads(line)["body"] for path in sorted(folder.glob("*.jsonl")) for line in path.open(encoding="utf-8")]


def _folded(texts: list[str]) -> list[str]:
    return [zh.fold(text) for text in texts]


def main() -> None:
    """Print for each kind of posts how many a second, and the cost of a post in foldings."""
    world = [post["body"] for post in itertools.islice(made.posts(4000), 4000)]
    for name, texts in (("sentences", posts(4000, random.Random(7))), ("codebook", clean()), ("world", world)):
        redact_many(texts[:300])
        mean = sum(map(len, texts)) / len(texts)
        seconds, folding = best(functools.partial(redact_many, texts)), best(functools.partial(_folded, texts))
        rate = len(texts) / seconds
        print(f"{name}: {len(texts)} posts of {mean:.0f} characters, {rate:,.0f} a second, {rate * mean / 150:,.0f} at 150 characters; "
              f"one post costs {seconds / folding:.1f} foldings")


if __name__ == "__main__":
    main()
