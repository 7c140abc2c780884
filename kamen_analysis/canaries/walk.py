"""The corridor walked with canaries: a copy of a home for the time of the walk, never the home itself, all commands run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kamen_analysis.canaries import books, files, streams
from kamen_analysis.canaries.forms import Planter
from kamen_analysis.errors import KamenError, PublishRefused
from kamen_analysis.paths import Home
from kamen_analysis.pipeline.build import lock

Progress = Callable[[str, int, int], None]
WAYS_IN = (("table", files.tables), ("heimao", files.jsonp), ("board", files.board))
_KEPT = ("data/.cache/parts", "data/.cache/codes", "review", "platforms.yaml", "data/raw/withdrawn.txt")


class Walk:
    """What one walk planted (`plant.planted`), where (`home`), and what its commands printed (`said`)."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.plant, self.said = home, Planter(seed), dict[str, str]()
        self.inbox = home.root / "data" / "inbox"

    def run(self, *arguments: str) -> int:
        """Run `kamen` in a process of its own, keep what it printed, and return its exit code."""
        command = [sys.executable, "-m", "kamen_analysis", "--home", str(self.home.root), *arguments]
        done = subprocess.run(command, capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        self.said[arguments[0]] = self.said.get(arguments[0], "") + said
        return done.returncode

    def outputs(self) -> Iterator[tuple[str, str]]:
        """Yield (stream, text) of all that came out; left out are the captures and what was put in."""
        yield from streams.below(self.home.root, self.home.raw, self.inbox)
        yield from ((f"{name} 的屏幕输出", text) for name, text in self.said.items())

    def corridor(self, jobs: int | None) -> None:
        """Run everything that writes or says something."""
        code = self.run("run", *(("--jobs", str(jobs)) if jobs else ()))
        last = (self.said["run"].strip().splitlines() or [""])[-1].removeprefix("kamen：")
        if code not in (0, 1):
            raise (PublishRefused if code == 3 else KamenError)(f"埋了假号码的试建没有走完：{last}")
        for command in (["check"], ["verify"], ["review", "sample", "--name", "canaries", "--out", str(self.home.root / "sample")],
                        ["review", "redaction", str(self.home.root / "redaction.csv")]):
            self.run(*command)
        books.executed(self.home)

    def mishaps(self) -> None:
        """Give each reading command broken files whose name, header and rows hold canaries: what it says of them is searched too."""
        # `redact` passes on what is no title and no body, as it says: it is given the broken rows alone.
        for rows, readers in ((f'"{self.plant("IDCARD", "原样", "坏文件的行")}\n', ("label", "redact")),
                              (f"{self.plant('IDCARD', '原样', '坏文件的格')},好\n", ("label",))):
            bad = self.inbox / f"{self.plant('PHONE', '原样', '坏文件的文件名')}.csv"
            bad.write_text(f"{self.plant('PHONE', '原样', '坏文件的列名')},甲\n{rows}", "utf-8")
            for command in (["import", "table"], *([reader] for reader in readers)):
                self.run(*command, str(bad), *(["-"] if command[0] in readers else []))


@contextmanager
def walked(where: Home, jobs: int | None = None, progress: Progress = lambda stage, done, total: None, seed: int = 5,
           planting: bool = True) -> Iterator[Walk]:
    """Yield a walk through a copy of `where` below its data folder (captures and cache linked, not copied); the copy is then deleted."""
    root = where.root / "data" / ".canaries"
    with lock(where):
        shutil.rmtree(root, ignore_errors=True)  # of a walk that was killed
        try:
            walk = Walk(Home(root), seed)
            _copy(where, root)
            if planting:
                _planted(walk, progress)
            progress("试建：全程", 0, 1)
            walk.corridor(jobs)
            if planting:
                walk.mishaps()
            progress("试建：全程", 1, 1)
            yield walk
        finally:
            shutil.rmtree(root, ignore_errors=True)


def _planted(walk: Walk, progress: Progress) -> None:
    for done, (source, write) in enumerate(WAYS_IN, 1):
        (walk.inbox / source).mkdir(parents=True)
        write(walk.plant, walk.inbox / source)
        progress("试建：埋假号码", done, len(WAYS_IN))


def _copy(where: Home, root: Path) -> None:
    for path in [*where.raw.glob("*/*.warc.gz"), *where.raw.glob("*/*.json")]:
        _link(path, root / path.relative_to(where.root))
    for name in _KEPT:
        if (where.root / name).is_dir():
            shutil.copytree(where.root / name, root / name, copy_function=_link)
        elif (where.root / name).exists():
            _link(where.root / name, root / name)


def _link(old: Path | str, new: Path | str) -> None:
    # Nothing below writes into a file that is there already: captures never change, the rest is put in place whole.
    Path(new).parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(old, new)
