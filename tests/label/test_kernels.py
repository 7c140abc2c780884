"""The compiled loops of labelling: each against a plain twin, whether kept on disk, damaged there, or not kept at all."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kamen_analysis import kept
from kamen_analysis.kernels import SOURCES
from kamen_analysis.label import chains, context, exclusions, lanes, matches, model, reasons, senses, text, tries
from kamen_analysis.label.features import BUCKETS, features, placed, summed
from kamen_analysis.label.posts import label_posts
from kamen_analysis.label.trie import Trie
from kamen_analysis.world import draw

ROOM = Path(senses.__file__).parent
KERNEL = """
from kamen_analysis.kernels import compiled
@compiled
def twice(n):
    return n + n
if __name__ == "__main__":
    print(twice(21), len(twice.stats.cache_hits))
"""


@settings(max_examples=100, deadline=None)
@given(st.sets(st.text("退款不了a🙂", min_size=1, max_size=5)), st.lists(st.text("退款不了a🙂。", max_size=30), min_size=1, max_size=5))
def test_trie(words: set[str], bodies: list[str]) -> None:
    """The trie finds every place of every word, in text order, as looking for each word does."""
    trie, texts = Trie(ordered := sorted(words)), text.fold([""] * len(bodies), bodies)
    whole = "".join(map(chr, texts.codes.tolist()))
    slow = sorted((i, len(word), number) for number, word in enumerate(ordered) for i in range(len(whole)) if whole.startswith(word, i))
    found = trie.walk(texts)
    assert [*zip(found.at.tolist(), found.word.tolist(), strict=True)] == [(i, number) for i, _, number in slow]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 20), st.integers(1, 9), st.integers(0, 600))
def test_sums_of_weights(data: st.DataObject, columns: int, breadth: int, many: int) -> None:
    """Sums are exact for any weights of eight bits, however many columns there are and however long a stretch."""
    weights = data.draw(arrays(np.int8, (7, columns), elements=st.sampled_from([-128, -127, -1, 0, 1, 127])))
    seed = np.random.default_rng(data.draw(st.integers(0, 99)))
    at, rows = np.sort(seed.integers(3, 40, many)).astype(np.int32), seed.integers(0, 8, (many, breadth)).astype(np.int32)
    starts = np.unique(np.append(3, seed.integers(3, 40, 4))).astype(np.int32)
    padded = np.vstack([weights, np.zeros((1, columns), np.int8)]).astype(int)
    slow = [padded[rows[(at >= low) & (at < high)].ravel()].sum(axis=0) for low, high in zip(starts, [*starts[1:], 99], strict=True)]
    fast = lanes.totals([(at, rows), (at, rows)], starts, [lanes.pack(padded)] * 2)
    assert np.array_equal(fast[:, :columns], 2 * np.array(slow)) and not fast[:, columns:].any()


def test_model_sums_are_those_of_the_features() -> None:
    """What the model adds up over the clauses of generated posts equals the matrix of features it is trained on times its weights."""
    table = draw.tables(draw.world(posts=200))["posts"]
    heard, learned = reasons.hear(table["title"].to_list(), table["body"].to_list()), model.load()
    clauses = heard.texts.clauses.starts
    slow = sum(features(heard, clauses))[:, :BUCKETS] @ learned.weights.astype(np.int64)
    fast = lanes.totals(placed(heard), clauses, [lanes.pack(summed(learned.weights))] * 3)
    assert np.array_equal(fast[:, :len(learned.codes)], slow) and fast.any()


def test_words_touched_by_longer_words() -> None:
    """A word is barred by a longer one it overlaps at either end or lies in, and by itself, not by one that lies in it or beside it."""
    def barred(start: int, end: int, low: int, high: int) -> bool:
        rows = [senses.Rows(np.array([0, k, 1], np.uint32), np.array([5], np.uint32)) for k in (1, 0)]
        order = sorted([(start, end, 1), (low, high, 0)]) if (start, end) != (low, high) else [(start, end, 1), (low, high, 0)]
        table, word = np.zeros((8, 2), np.int32), np.array([number for *_, number in order], np.int32)
        table[[senses.START, senses.END]] = np.transpose(order)[:2]
        senses.barred(word, table, 9, *rows, np.zeros(2, np.uint32), *[np.arange(2, dtype=np.int32)] * 2)
        return bool(table[senses.KIND, order.index((start, end, 1))])
    assert [barred(4, 6, *longer) for longer in ((3, 6), (4, 7), (3, 5), (5, 8), (4, 6))] == [True] * 5
    assert [barred(4, 8, *longer) for longer in ((5, 7), (4, 6), (6, 8), (2, 4), (8, 9))] == [False] * 5


def test_each_kernel_is_compiled_for_one_kind_of_arrays() -> None:
    """Posts in large batches and alone, odd characters among them, ask for no other machine code than two short posts do."""
    label_posts([{"id": "1", "title": "卡盟", "body": "客服说已激活不能退。"}, {"id": "2", "title": "", "body": ""}])
    modules = (chains, context, exclusions, lanes, matches, senses, tries)
    every = [kernel for module in modules for kernel in vars(module).values() if hasattr(kernel, "signatures")]
    before = [kernel.signatures for kernel in every]
    label_posts([{"id": "3", "title": "🙂", "body": "等了很久，还是 拒绝退款，ΣΑΣ"}] * 50)
    label_posts([{"id": "4", "title": "", "body": "好"}])
    assert len(every) > 20 and [kernel.signatures for kernel in every] == before


def test_kernels_stand_by_themselves() -> None:
    """A file with kernels imports from the package only the decorators, types, and constants that no kernel uses."""
    for path in (path for path in ROOM.parent.rglob("*.py") if "kamen_analysis.kernels import" in path.read_text(encoding="utf-8")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        foreign = {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                   and str(node.module).startswith("kamen_analysis") for alias in node.names}
        kernels = [node for node in tree.body if isinstance(node, ast.FunctionDef)
                   and {"compiled", "lean"} & {*map(ast.unparse, node.decorator_list)}]
        used = {node.id for kernel in kernels for part in kernel.body for node in ast.walk(part) if isinstance(node, ast.Name)}
        assert not used & foreign, path.name


def test_every_file_with_kernels_counts() -> None:
    """Each file that has kernels is among the sources that the folder of the machine code is named by."""
    counted = {path for source in SOURCES.sources for path in ROOM.parent.glob(source)}
    assert {path for path in ROOM.parent.rglob("*.py") if "kamen_analysis.kernels import" in path.read_text(encoding="utf-8")} <= counted


def _run(folder: Path, cache: Path, **more: str) -> str:
    (folder / "kernel.py").write_text(KERNEL, encoding="utf-8")
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), **more}
    return subprocess.run([sys.executable, "kernel.py"], cwd=folder, env=env, capture_output=True, text=True, check=True).stdout.strip()


def test_machine_code_is_kept(tmp_path: Path) -> None:
    """What one run compiles the next one finds in the user's cache folder; damaged there, it is compiled anew."""
    assert [_run(tmp_path, tmp_path / "cache") for _ in range(2)] == ["42 0", "42 1"]
    files = list((tmp_path / "cache" / "kamen_analysis").rglob("*.nb?"))
    assert len(files) == 2
    for path in files:
        path.write_bytes(b"")
    assert [_run(tmp_path, tmp_path / "cache") for _ in range(2)] == ["42 0", "42 1"]


def test_damaged_machine_code_is_not_used(tmp_path: Path) -> None:
    """Wherever a byte of a kept file is changed, in its digest, at the beginning, within or at the end, it is compiled anew, and kept."""
    cache = tmp_path / "cache"
    _run(tmp_path, cache)
    for path in list((cache / "kamen_analysis").rglob("*.nb?")):
        for place in (3, 40, path.stat().st_size // 2, path.stat().st_size - 1):
            whole = bytearray(path.read_bytes())
            whole[place] ^= 0xFF
            path.write_bytes(whole)
            assert [_run(tmp_path, cache) for _ in range(2)] == ["42 0", "42 1"]


def test_machine_code_is_of_one_version(tmp_path: Path) -> None:
    """A change to another source that kernels use has all compiled anew; undone, what was kept is found; of many versions few stay."""
    package = tmp_path / "kamen_analysis"
    for path in (path for folder in (ROOM.parent, ROOM, ROOM.parent / "redact") for path in folder.glob("*.py")):
        (copy := package / path.relative_to(ROOM.parent)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    source, cache = package / "redact" / "tables.py", tmp_path / "cache"
    text = source.read_text(encoding="utf-8")
    found = []
    for change in ("", "# 1\n", "", "# 2\n", "# 3\n", "# 4\n"):
        source.write_text(text + change, encoding="utf-8")
        found.append(_run(tmp_path, cache))
    assert found == ["42 0", "42 0", "42 1", "42 0", "42 0", "42 0"]
    assert len(list((cache / "kamen_analysis").glob("kernels-*"))) == kept.VERSIONS


def test_nowhere_to_keep_machine_code(tmp_path: Path) -> None:
    """Where no folder can be written, the kernels work all the same."""
    (tmp_path / "file").write_text("")
    only = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    assert _run(tmp_path, tmp_path / "file", **only) == "42 0"


def test_two_at_once(tmp_path: Path) -> None:
    """Two runs that compile at the same time do not disturb each other."""
    (tmp_path / "kernel.py").write_text(KERNEL, encoding="utf-8")
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    runs = [subprocess.Popen([sys.executable, "kernel.py"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [run.communicate()[0].split()[0] for run in runs] == ["42", "42"]
