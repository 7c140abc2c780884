"""`kamen new-source`: write the skeleton of a source and of its fixture page; the tests fail until both are real."""

from __future__ import annotations

import re
from pathlib import Path

from kamen_analysis import sources
from kamen_analysis.errors import KamenError
from kamen_analysis.paths import atomic_write

_MODULE = '''"""<来源全名>: what its pages are, when they were captured, what is known of them only from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from kamen_analysis.captures.page import Page
from kamen_analysis.sources import audit
from kamen_analysis.sources.base import RawPost, Reject
from kamen_analysis.sources.reading import json_object, list_in

KEY = "{key}"
NAME_ZH = "{key}"  # the name readers know
HOME = "https://{key}.example"
TERMS = "来源的使用条款，一句话"
HOSTS = ("{key}.example",)  # hosts a fetch may ask; nothing else is ever asked
PAUSE_S = 5.0
EXPECT = (1, 100_000)  # posts one run holds: a run with fewer is withheld, one with more warned of
FILL = {{"title": 0.9}}  # share of a run's posts that have the column at least; below, the run is withheld
SYNTHETIC = False
FIELDS = {{"id": "id", "title": "title", "content": "body", "time": "posted", "state": "status"}}  # field of the site → key of RawPost
IGNORED = frozenset({{"user"}})  # left out on purpose; any other field is a loud warning
STATUS = {{"处理中": "assigned"}}  # status as written → the event it proves, or None
STEPS: dict[str, str | None] = {{}}  # start of a step (regular expression) → its event, or None
SITE = "(?!)"  # who speaks for the site itself in the steps


def pages(base: str = HOME) -> list[str]:
    """Return the addresses a fetch begins with."""
    return [f"{{base}}/list?page=1"]


def links(page: Page) -> list[str]:
    """Return the addresses a list page leads to."""
    return []


def parse(page: Page) -> Iterator[RawPost | Reject]:
    """Yield the posts of a page, strings exactly as it has them."""
    for record in list_in(json_object(page), "list"):
        yield _post(record) if isinstance(record, dict) else Reject("not_a_post", "列表项不是记录")


def _post(record: dict[str, Any]) -> RawPost:
    taken, notes = audit.take(record, FIELDS, IGNORED)
    return cast(RawPost, {{**{{name: audit.as_text(value) for name, value in taken.items()}}, "notes": notes}})
'''
# Not JSON, so that the test of the fixture fails until it is replaced by a page of the real form.
_PAGE = "把一页真实形式、内容自编的页面放在这里（page.html、page.json…），删去本文件，再运行 pytest tests/sources\n"


def new_source(key: str, root: Path) -> list[Path]:
    """Write `kamen_analysis/sources/<key>.py` and `tests/sources/<key>/page.todo` under `root`; return their paths.

    Raises KamenError if the key is no module name or is taken, or if `root` is not the project's folder. Overwrites nothing.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", key) or key in sources.NOT_SOURCES:
        raise KamenError(f"来源键只用小写字母、数字和下划线，字母开头：{key[:40]}")
    folder = root / "kamen_analysis" / "sources"
    if not folder.is_dir():
        raise KamenError("请在项目根目录运行（那里有 kamen_analysis/sources/）")
    module, page = folder / f"{key}.py", root / "tests" / "sources" / key / "page.todo"
    for path in (module, page.parent):
        if path.exists():
            raise KamenError(f"已经有了：{path.relative_to(root)}")
    for path, content in ((module, _MODULE.format(key=key)), (page, _PAGE)):
        with atomic_write(path) as file:
            file.write(content)
    return [module, page]
