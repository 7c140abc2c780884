"""The text of the report: Jinja templates, escaped by default, that give one Markdown source for all formats."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kamen_analysis.charts import numbers
from kamen_analysis.report.cases import Cases
from kamen_analysis.report.figures import Figure
from kamen_analysis.report.marks import Md, escape, link
from kamen_analysis.report.tables import Opener, Table, markdown

FRONT = ("cover", "summary")
BODY = ("data", "trend", "refusal", "platform", "outcome", "money", "paths", "law", "advice", "appendix")


class Numbering:
    """Numbers tables and figures in the order in which the text uses them, and makes links to tables."""

    def __init__(self, tables: dict[str, Table], figures: dict[str, Figure], opens: Opener) -> None:
        self._tables, self._figures, self._opens = tables, figures, opens
        self._numbers: dict[str, str] = {}

    @property
    def numbers(self) -> dict[str, str]:
        """The numbers given to tables so far, by key."""
        return {key: number for key, number in self._numbers.items() if key in self._tables}

    def table(self, key: str) -> Md:
        """Return table `key` as Markdown, numbered unless it is empty."""
        table = self._tables[key]
        if not table.frame.empty:
            self._numbers[key] = f"表 {sum(text.startswith('表') for text in self._numbers.values()) + 1}"
        return markdown(table, self._numbers.get(key, ""), self._opens)

    def figure(self, key: str) -> Md:
        """Return figure `key` as Markdown, numbered; "" if there was too little data to draw it."""
        if key not in self._figures:
            return Md("")
        drawn = self._figures[key]
        number = f"图 {sum(text.startswith('图') for text in self._numbers.values()) + 1}"
        self._numbers[f"figure:{key}"] = number
        alt = escape(drawn.alt).replace('"', "”").replace("\\", "")
        return Md(f'![{escape(f"{number} {drawn.title}")}](figures/{key}.svg){{#fig-{key} alt="{alt}"}}\n')

    def ref(self, key: str) -> Md:
        """Return a link to a table that has been numbered, else its title."""
        return link(self._numbers[key], self._tables[key].anchor) if key in self._numbers else escape(self._tables[key].title)


def environment() -> Environment:
    """Return the Jinja environment, in which every value that is not `Md` is escaped for Markdown."""
    return Environment(loader=PackageLoader("kamen_analysis.report", "templates"), undefined=StrictUndefined, finalize=escape,
                       trim_blocks=True, lstrip_blocks=True, autoescape=False, comment_start_string="{=#", comment_end_string="#=}")


def page(name: str, tables: dict[str, Table], **given: Any) -> str:
    """Render template `name` with `tables`, numbered, but without figures and drill-down; return Markdown."""
    numbering = Numbering(tables, {}, lambda wanted, count: None)
    words = {**given, "table": numbering.table, "has": lambda key: key in tables and not tables[key].frame.empty}
    return environment().get_template(f"{name}.md.jinja").render(words) + "\n"


def render(tables: dict[str, Table], figures: dict[str, Figure], cases: Cases, **given: Any) -> tuple[str, dict[str, str]]:
    """Render the whole report; return its Markdown, and the number ("表 3") of each table in it by key.

    The body is rendered first, so that the summary can link to numbered tables.
    """
    numbering, env = Numbering(tables, figures, cases.key), environment()
    words = {**given, "table": numbering.table, "figure": numbering.figure, "ref": numbering.ref, "n": numbers,
             "has": lambda key: not tables[key].frame.empty,
             "anchor": lambda code: Md(code.replace("_", "-"))}
    body = [env.get_template(f"{name}.md.jinja").render(words) for name in BODY]
    front = [env.get_template(f"{name}.md.jinja").render(words) for name in FRONT]
    return "\n\n".join([*front, *body]) + "\n", numbering.numbers
