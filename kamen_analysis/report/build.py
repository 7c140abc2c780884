"""Builds a report folder from the tables: content first (text, figures, tables), then each format; the folder is written atomically."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from kamen_analysis.data import Data, load
from kamen_analysis.errors import KamenError
from kamen_analysis.heap import give_back, keeping, uncollected
from kamen_analysis.metrics import reason_names
from kamen_analysis.paths import Home, atomic_folder, sha256
from kamen_analysis.records import ZONE
from kamen_analysis.redact.door import refuse_if_personal
from kamen_analysis.report import exports, pastbuilds, provenance, publication, record, reply, runs, text
from kamen_analysis.report.advice import advice
from kamen_analysis.report.aside import begin, ended
from kamen_analysis.report.cases import Cases
from kamen_analysis.report.facts import SCOPES_ZH, Facts, facts
from kamen_analysis.report.figures import Drawing
from kamen_analysis.report.findings import findings
from kamen_analysis.report.gate import refuse_unfit
from kamen_analysis.report.legal import applied, law
from kamen_analysis.report.measures import Measures
from kamen_analysis.report.output import TITLE, Content, Progress, write, write_tables
from kamen_analysis.report.period import Period, before, key_before, parse, select
from kamen_analysis.report.quotes import quotes, typical
from kamen_analysis.report.rules import defined
from kamen_analysis.report.sections import tables as make_tables
from kamen_analysis.report.tables import Table

FORMATS = ("html", "pdf", "docx", "xlsx")


@dataclass(frozen=True)
class ReportResult:
    """A report that was written: its folder, the files in it and its findings, one line each.

    counted: complaints counted in its figures; outside: complaints of the period that are left out because of the scope.
    """

    folder: Path
    files: list[Path]
    headlines: list[str]
    counted: int
    outside: int
    is_synthetic: bool


@keeping()
def report(home: Home, period: str | None = None, formats: Sequence[str] = FORMATS, scope: str = "virtual", out: Path | None = None,
           progress: Progress | None = None) -> ReportResult:
    """Write the report on `period` (2026, 2026-H1, 2026-Q3, 2026-08; None: everything) from data/processed.

    It goes to `out`, by default reports/<period> (reports/<period>-scope-<scope> for a scope other than "virtual"). Raises KamenError on
    unusable arguments or data; an earlier report in that folder then stays as it was.
    """
    _refuse(formats, scope)
    span, tell = parse(period), progress or (lambda stage, done, total: None)
    # Arrow's default pool allocates huge pages, and clearing those takes longer than reading the tables.
    pa.set_memory_pool(pa.system_memory_pool())
    data = load(home, is_compact=True, worded=pastbuilds.MOST)
    target = out or home.reports / _folder(span.key, scope)
    with uncollected(), atomic_folder(target) as folder, ended():
        names = [target.name, *(_folder(key, scope) for key in (key_before(span),) if key)]
        earlier = [figures for name in names if (figures := record.read(target.parent / name))]
        content = compose(data, span, scope, folder, formats, tell, earlier)
        outside = int(select(data, span).posts["is_used"].sum()) - content.facts.used
        # The posts are not needed from here on, and a million of them take much memory.
        data = pastbuilds.worth_keeping(data)
        give_back()
        write(content, formats, folder, tell)
        record.write(content.figures, folder)
        pastbuilds.remember(data, content.figures["manifest"], target)
        given = {"period": span.key, "scope": scope, "title": TITLE, "created": pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
                 "manifest": sha256(data.home.processed / "manifest.json"), "inputs": data.manifest.get("inputs", {})}
        provenance.write_provenance(folder, content.facts, given)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    return ReportResult(target, files, content.headlines, content.facts.used, outside, content.facts.is_synthetic)


def _folder(key: str, scope: str) -> str:
    """Return the name of the folder of the report on the period `key`."""
    return key if scope == "virtual" else f"{key}-scope-{scope}"


def _refuse(formats: Sequence[str], scope: str) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise KamenError(f"没有这种格式：{'、'.join(unknown) or '（空）'}，可选 {'、'.join(FORMATS)}")
    if scope not in SCOPES_ZH:
        raise KamenError(f"scope 只能是 {'、'.join(SCOPES_ZH)}，不是 {scope!r}")


def compose(whole: Data, span: Period, scope: str, folder: Path, formats: Sequence[str], tell: Progress,
            reports: Sequence[dict[str, Any]] = ()) -> Content:
    """Return the content of the report on the posts of `whole` in `span`; write figures (SVG, for Word also PNG) and tables to `folder`.

    `reports`: figures.json of earlier reports to compare with.
    """
    measures, known = _measured(whole, span, scope)
    tell("计算指标", 0, 1)
    measures.share()
    from_texts = begin(lambda: (quotes(measures), typical(measures), reply.examples(measures)))
    place, png = folder / "figures", "docx" in formats
    place.mkdir(parents=True)
    drawing = Drawing(measures, place, png)
    tables = make_tables(measures, drawing.begin_known)
    figures = drawing.begin_others()
    cases, figured = Cases(measures), record.figures(measures, known, span.key)
    steps = runs.steps(figured, reports, whole, span)
    tables |= runs.tables(figured, reports) | {"steps_run": steps}
    summary = findings(measures)
    tell("计算指标", 1, 1)
    figures |= exports.figures(measures, place, place if png else None)
    quoted, whole_cases, examples = from_texts()
    source, numbered = text.render(tables, figures, cases, facts=known, findings=summary, quotes=quoted, typical=whole_cases,
                                   untold=runs.untold(figured, reports, steps, len(whole.posts)), **_words(measures))
    lines, data_set = [finding.text for finding in summary], publication.aggregate(measures)
    content = Content(source, _in_order(tables, numbered), numbered, known, lines, dict, {}, data_set, figured)
    listed = begin(partial(write_tables, content, formats, folder))
    drill = begin(cases.payload) if "html" in formats else dict
    sheets = reply.sheets(measures, known, examples)
    tell("作图", 0, 1)
    listed()
    drawing.wait()
    tell("作图", 1, 1)
    return replace(content, drill=lambda: {**drill(), "rules": defined()}, sheets=sheets)


def _measured(whole: Data, span: Period, scope: str) -> tuple[Measures, Facts]:
    """Return the measures and the facts of a period; refuse data that no report may show."""
    # The names stand in most tables and figures; the texts shown are checked where they are chosen.
    refuse_unfit(whole)
    refuse_if_personal("posts", {"platform": whole.posts["platform"].dropna().unique()}, whole.home.processed)
    data, earlier = select(whole, span), before(span)
    measures = Measures(data, scope, (earlier.name_zh, select(whole, earlier)) if earlier else None)
    return measures, facts(data, measures, span.name_zh, pd.Timestamp.now(ZONE))


def _words(measures: Measures) -> dict[str, Any]:
    """Return what the text says besides findings, quotes, tables and figures."""
    return {"advice": advice(measures), "names": reason_names(), "law": law(), "provisions": applied(law(), measures.posted_by_code),
            "order": list(measures.reasons["code"]), "exports": exports.read(measures.home), **reply.words(measures, measures.home),
            "manifest_digest": sha256(measures.home.processed / "manifest.json")}


def _in_order(tables: dict[str, Table], numbered: dict[str, str]) -> dict[str, Table]:
    """Return the tables that the text numbers first, in its order, also in Excel and in the list of files."""
    return {key: tables[key] for key in [*numbered, *(key for key in tables if key not in numbered)]}
