"""`kamen build --canaries`: what was planted, what was searched, what survived. One survivor, and nothing is published."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from kamen_analysis.canaries import books
from kamen_analysis.canaries.forms import CONTEXTS, FORMS, Canary, Search
from kamen_analysis.canaries.walk import Progress, Walk, walked
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home

# Without one of these the walk was no whole walk, and finding nothing would mean nothing.
EXPECTED = (".parquet", ".html", ".svg", ".pdf", ".docx", ".xlsx", ".csv", ".json", ".jsonl（日志）", ".parquet（缓存）")


@dataclass
class Found:
    """What a search found: the canaries planted, stream → characters searched, and each survivor with its stream."""

    planted: list[Canary]
    volume: Counter[str] = field(default_factory=Counter)
    survivors: list[tuple[Canary, str]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the tables a person reads: planted and survived by kind and form, then the streams, then each place of a survivor."""
        sown = Counter((canary.kind, canary.form) for canary in self.planted)
        left = Counter((canary.kind, canary.form) for canary in {canary for canary, _ in self.survivors})
        yield "埋下/漏出  " + " ".join(f"{form:　>5}" for form in FORMS)
        for kind in CONTEXTS:
            cells = (f"{sown[kind, form]}/{left[kind, form]}" if sown[kind, form] else "—" for form in FORMS)
            yield f"{kind:10}" + " ".join(f"{cell:>10}" for cell in cells)
        for stream, size in self.volume.most_common():
            yield f"{stream}：查 {size:,} 字，漏出 {sum(place == stream for _, place in self.survivors)}"
        places = Counter((canary.kind, canary.form, canary.field, stream) for canary, stream in self.survivors)
        yield from (f"漏出：{' | '.join(place)} × {n}" for place, n in sorted(places.items()))
        yield f"共埋下 {len(self.planted):,} 个，查了 {len(self.volume)} 类输出，漏出 {len(set(self.survivors))} 处"


def searched(walk: Walk) -> Found:
    """Search everything that came out of a walk; KamenError if some kind of output was not written at all."""
    found, search = Found(walk.plant.planted), Search(walk.plant.planted)
    for stream, text in walk.outputs():
        found.volume[stream] += len(text)
        found.survivors += [(canary, stream) for canary in search(text)]
    missing = [stream for stream in (*EXPECTED, *([".ipynb"] if books.present() else [])) if not found.volume[stream]]
    if missing:
        raise KamenError(f"试建没有写出 {'、'.join(missing)}，不能说各种输出都查过")
    return found


def trial(where: Home, jobs: int | None, progress: Progress) -> Found:
    """Walk a copy of `where` with canaries and return what survived; what its own data say without any is no survivor."""
    if not importlib.util.find_spec("pypdf"):
        raise KamenError("--canaries 要读 PDF 里的文字，需要 pypdf：pip install pypdf")
    with walked(where, jobs, progress) as walk:
        found = searched(walk)
    if found.survivors and any(where.raw.glob("*/*.warc.gz")):
        search = Search([canary for canary, _ in found.survivors])
        with walked(where, jobs, progress, planting=False) as control:
            own = {canary for _, text in control.outputs() for canary in search(text)}
        found.survivors = [pair for pair in found.survivors if pair[0] not in own]
    return found
