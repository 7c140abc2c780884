"""Posts a second the redactor reads on one core, on synthetic posts of about 150 characters, one in four with personal data.

Run: python benchmarks/redact.py. Prints posts a second, and the same work counted in foldings of a post (`zh.fold`), which does not
depend on how busy the machine is. The posts prove speed only.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

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


def main() -> None:
    """Print posts a second, and the cost of a post in foldings."""
    made = posts(4000, random.Random(7))
    redact_many(made[:10])
    zh.fold("一")
    mean = sum(map(len, made)) / len(made)
    seconds, folding = best(lambda: redact_many(made)), best(lambda: [zh.fold(post) for post in made])
    print(f"{len(made)} posts of {mean:.0f} characters: {len(made) / seconds * mean / 150:,.0f} posts/s a core, at 150 characters")
    print(f"one post costs {seconds / folding:.1f} foldings (zh.fold)")


if __name__ == "__main__":
    main()
