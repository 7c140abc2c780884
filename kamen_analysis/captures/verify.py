"""Verify the digests of everything from captures to reports, and name every broken link."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kamen_analysis.captures import shelf, sidecar
from kamen_analysis.captures.members import Torn
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import Home, demo_home, sha256

Digests = dict[str, set[str]]
# What a sidecar repeats from inside its capture: this protects even the last sidecar, whose digest no other one holds yet.
_REPEATED = ("source", "command", "tool", "created", "licence", "terms", "keep_until", "records", "inputs", "robots")


@dataclass(frozen=True)
class Inputs:
    """The folder of the captures, and by name every digest that a capture had before an erasure or purge (`earlier`)."""

    raw: Path
    earlier: Digests


@dataclass
class Verification:
    """How much was checked (files, records, erased records), every broken link, from captures to reports, and notes."""

    files: int = 0
    records: int = 0
    erased: int = 0
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every link holds."""
        return not self.broken

    def explain(self) -> str:
        """Return in Chinese what was found, and what success proves and does not prove."""
        head = [f"核对 {self.files} 个文件、{self.records} 条存档记录（其中 {self.erased} 条已按撤回要求抹去，留有存根）。"]
        if self.broken:
            head += [f"第一处断裂：{self.broken[0]}", *(f"另有：{line}" for line in self.broken[1:])]
        else:
            head += ["全部相符。"]
        return "\n".join([*head, *self.notes,
                          "相符能证明：存档自抓取（导入）并写下摘要之后没有改动；表由这些存档生成，报告由这些表生成。",
                          "相符不能证明：网站当时确实如此显示，帖子内容属实，或抓取之前没有改动。摘要由本工具自己计算，"
                          "能改动整个目录的人也能重算全部摘要；要防这一点，请把最后一份旁注的摘要另存于第三方（如可信时间戳）。"])


def verify(home: Home) -> Verification:
    """Verify captures, sidecar chains, processed tables and reports of `home` and of its demonstration.

    Changes nothing, and raises nothing for a broken link.
    """
    result = Verification()
    demo = demo_home(home)
    for one in (home, demo):
        earlier: Digests = {}
        for folder in sorted(path for path in one.raw.glob("*") if path.is_dir()):
            _source(folder, result, earlier)
        _listed(one.processed / "manifest.json", "处理结果", Inputs(one.raw, earlier), result)
        for path in sorted(home.reports.glob("*/provenance.json")):
            if _is_of(path, demo.raw) == (one is demo):
                _listed(path, f"报告 {path.parent.name}", Inputs(one.raw, earlier), result)
    return result


def _is_of(listing: Path, raw: Path) -> bool:
    """Return whether a report (its list of inputs) was made from captures in `raw`, judging by their sidecars."""
    listed = _read(listing)
    return bool(listed) and any((raw / name.replace(".warc.gz", ".json")).exists() for name in listed["inputs"])


def _read(listing: Path) -> dict[str, dict[str, str]]:
    """Return the digests by name of the `outputs` and `inputs` a manifest or provenance file lists; empty if it is none."""
    try:
        listed = json.loads(listing.read_text(encoding="utf-8"))
        return {key: {name: str(digest) for name, digest in listed.get(key, {}).items()} for key in ("outputs", "inputs")}
    except (ValueError, AttributeError):
        return {}


def _source(folder: Path, result: Verification, earlier: Digests) -> None:
    try:
        chain = sidecar.entries(folder)
        states = sidecar.states(chain)
    except KamenError as error:
        result.broken.append(f"{folder.name}：{error}")
        return
    previous = None
    for path, entry in chain:
        result.files += 1
        if entry.get("previous") != previous:
            result.broken.append(f"{folder.name}/{path.name} 与前一份旁注不相接（前一份被改动、删除或插入）")
        previous = sidecar.digest(path)
        gone = {"erasure": "was", "purge": "sha256"}.get(entry["kind"])
        if gone:
            earlier.setdefault(f"{folder.name}/{entry['warc']}", set()).add(entry[gone])
    for name, state in states.items():
        result.broken += list(_capture(folder / name, state, result))
    loose = {path.name for path in folder.glob("*.warc.gz")} - set(states)
    result.broken += [f"{folder.name}/{name} 没有旁注" for name in sorted(loose)]
    result.notes += [f"{folder.name}/{path.name} 尚未收尾（正在写入，或上次中断；下次抓取或导入时收尾）" for path in folder.glob("*.open")]


def _capture(path: Path, state: sidecar.State, result: Verification) -> Iterator[str]:
    """Yield what is wrong with one WARC file: its digest, the root over all its records, or what its sidecar repeats from it."""
    name = f"{path.parent.name}/{path.name}"
    if state.purged:
        if path.exists():
            yield f"{name} 应已到期清除，却仍在"
        return
    if not path.exists():
        # The sidecar is written before the file is renamed: after a kill between the two, a complete file still has its open name.
        path = path.with_name(f"{path.name}.open")
    if not path.exists():
        yield f"{name} 不见了"
        return
    result.files += 1
    if sha256(path) != state.sha256:
        yield f"{name} 的摘要与旁注不符（文件被改动）"
        return
    try:
        found = shelf.describe(path)
    except Torn as torn:
        yield f"{path.parent.name}：{torn}"
        return
    result.records += found["records"] + 1
    result.erased += found["erased"]
    if found["root"] != state.capture["root"]:
        yield f"{name} 的记录与抓取时不同（抹除之外还有改动）"
    elif any(found[key] != state.capture.get(key) for key in _REPEATED):
        yield f"{name} 的旁注与存档里写的不一致（旁注被改动）"


def _listed(listing: Path, what: str, inputs: Inputs, result: Verification) -> None:
    """Check the digests a manifest or provenance file lists: outputs beside it, inputs below data/raw."""
    if not listing.exists():
        return
    listed = _read(listing)
    if not listed:
        result.broken.append(f"{what}：{listing.name} 不是完好的清单")
        return
    result.files += 1
    for name, digest in listed["outputs"].items():
        result.broken += list(_file(listing.parent / name, digest, f"{what}的 {name}", result))
    for name, digest in listed["inputs"].items():
        path = inputs.raw / name
        if digest in inputs.earlier.get(name, ()):
            result.notes.append(f"{what}所依据的 {name} 此后按撤回要求抹除过记录或到期清除（链上有记载）")
        else:
            result.broken += list(_file(path, digest, f"{what}所依据的 {name}", result))


def _file(path: Path, digest: str, what: str, result: Verification) -> Iterator[str]:
    result.files += 1
    if not path.is_file():
        yield f"{what} 不见了"
    elif sha256(path) != digest:
        yield f"{what} 已改动"
