"""The report as Word file: real headings, captions and tables, filled-in contents and lists, page numbers; fonts are not embedded."""

from __future__ import annotations

import functools
import subprocess
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import pypandoc
from lxml import etree

from kamen_analysis.report import word_lists
from kamen_analysis.report.pandoc import ASSETS, convert, convert_all

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PAGE_TWIPS, TWIPS_A_CHARACTER, MOST_CHARACTERS = 9638, 95, 44
Edit = Callable[[etree._Element], None]
_PART = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:{{kind}} xmlns:w="{W}">{{body}}</w:{{kind}}>'
_HEADER = '<w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:t></w:t></w:r><w:r><w:tab/><w:t>{mark}</w:t></w:r></w:p>'
_FOOTER = ('<w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:t>公开投诉不是统计样本，未经核实</w:t></w:r>'
           '<w:r><w:tab/><w:t xml:space="preserve">第 </w:t></w:r>'
           '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple><w:r><w:t xml:space="preserve"> 页，共 </w:t></w:r>'
           '<w:fldSimple w:instr=" NUMPAGES "><w:r><w:t>1</w:t></w:r></w:fldSimple><w:r><w:t xml:space="preserve"> 页</w:t></w:r></w:p>')


def write(text: str, path: Path, pictures: Path, title: str, subtitle: str, mark: str) -> Path:
    """Write `text` (Markdown) as the Word file `path`, with the PNG figures in `pictures`/figures; `mark` is in every page's header."""
    contents = ["--toc", "--toc-depth=2", "--metadata=toc-title:目录", f"--metadata=subtitle:{subtitle}"]
    with tempfile.TemporaryDirectory() as scratch:
        reference, raw = Path(scratch) / "reference.docx", Path(scratch) / "raw.docx"
        _reference(reference, mark)
        convert(text, "docx", f"--reference-doc={reference}", f"--resource-path={pictures}", f"--output={raw}", f"--metadata=title:{title}",
                "--metadata=lang:zh-CN", *contents)
        _edit(raw, path, {"word/document.xml": _finish, "word/header1.xml": partial(_head, title)})
    return path


def write_papers(papers: dict[Path, tuple[str, str]], mark: str) -> list[Path]:
    """Write each of `papers` (path: title, text) as a Word file without contents and pictures; `mark` as in `write`."""
    with tempfile.TemporaryDirectory() as scratch:
        reference, raw = Path(scratch) / "reference.docx", {path: Path(scratch) / f"{i}.docx" for i, path in enumerate(papers)}
        _reference(reference, mark)
        convert_all([{"title": title, "text": text, "path": str(raw[path])} for path, (title, text) in papers.items()], reference)
        for path, (title, _) in papers.items():
            _edit(raw[path], path, {"word/document.xml": _finish, "word/header1.xml": partial(_head, title)})
    return [*papers]


@functools.cache
def _stock() -> bytes:
    """Return pandoc's own reference document."""
    command = [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _reference(path: Path, mark: str) -> None:
    """Write pandoc's reference document with the report's styles, A4 page, header (without the title, see `_head`) and footer."""
    raw = path.with_name("stock.docx")
    raw.write_bytes(_stock())
    header = _PART.format(kind="hdr", body=_HEADER.format(mark=escape(mark)))
    edits: dict[str, Edit] = {"word/styles.xml": _restyle, "word/document.xml": _page, "word/_rels/document.xml.rels": _relate,
                              "[Content_Types].xml": _declare}
    _edit(raw, path, edits, {"word/header1.xml": header, "word/footer1.xml": _PART.format(kind="ftr", body=_FOOTER)})


def _edit(source: Path, target: Path, edits: dict[str, Edit], extra: dict[str, str] | None = None) -> None:
    """Copy a Word file, with the XML parts in `edits` changed by their functions and the files in `extra` added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename in edits:
                tree = etree.fromstring(content)
                edits[item.filename](tree)
                content = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
            new.writestr(zipfile.ZipInfo(item.filename), content, zipfile.ZIP_DEFLATED)
        for name, text in (extra or {}).items():
            new.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def _restyle(styles: etree._Element) -> None:
    ours = etree.parse(ASSETS / "word_styles.xml").getroot()
    for style in ours:
        name = style.get(f"{{{W}}}styleId")
        same = f"w:style[@w:styleId='{name}']" if name else "w:docDefaults"
        for old in styles.xpath(same, namespaces={"w": W}):
            styles.remove(old)
        styles.insert(0, style) if not name else styles.append(style)


def _page(document: etree._Element) -> None:
    section = document.find(f".//{{{W}}}sectPr")
    section.clear()
    for kind in ("header", "footer"):
        etree.SubElement(section, f"{{{W}}}{kind}Reference", {f"{{{W}}}type": "default", f"{{{R}}}id": f"rIdKamen{kind}"})
    etree.SubElement(section, f"{{{W}}}pgSz", {f"{{{W}}}w": "11906", f"{{{W}}}h": "16838"})
    margins = {"top": "1304", "bottom": "1247", "left": "1134", "right": "1134", "header": "680", "footer": "624", "gutter": "0"}
    etree.SubElement(section, f"{{{W}}}pgMar", {f"{{{W}}}{side}": size for side, size in margins.items()})


def _head(title: str, header: etree._Element) -> None:
    header.find(f".//{{{W}}}t").text = title


def _relate(relations: etree._Element) -> None:
    for kind in ("header", "footer"):
        etree.SubElement(relations, relations[0].tag, Id=f"rIdKamen{kind}", Type=f"{R}/{kind}", Target=f"{kind}1.xml")


def _declare(types: etree._Element) -> None:
    form = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
    for kind in ("header", "footer"):
        etree.SubElement(types, types[-1].tag, PartName=f"/word/{kind}1.xml", ContentType=form.format(kind))


def _finish(document: etree._Element) -> None:
    word_lists.fill(document)
    for table in document.iter(f"{{{W}}}tbl"):
        _fit(table)


def _fit(table: etree._Element) -> None:
    """Give each column the width that its text needs, within the width of the page, so that Word and other programs lay it out alike."""
    rows = [["".join(cell.itertext()) for cell in row.findall(f"{{{W}}}tc")] for row in table.findall(f"{{{W}}}tr")]
    columns = list(zip(*rows, strict=True))
    needs = [_need(column, zh_width(column[0])) for column in columns]
    if sum(needs) * TWIPS_A_CHARACTER > PAGE_TWIPS:
        # Too wide: let headings take two lines rather than cells.
        needs = [_need(column, zh_width(column[0]) // 2 + 1) for column in columns]
    scale = min(PAGE_TWIPS / sum(needs), TWIPS_A_CHARACTER)
    for column, need in zip(table.iter(f"{{{W}}}gridCol"), needs, strict=True):
        column.set(f"{{{W}}}w", str(int(need * scale)))
    whole = table.find(f"{{{W}}}tblPr/{{{W}}}tblW")
    whole.set(f"{{{W}}}type", "dxa")
    whole.set(f"{{{W}}}w", str(int(sum(needs) * scale)))


def _need(column: tuple[str, ...], head: int) -> int:
    """Return the width of a column in characters; an empty column is there to be filled in by hand and gets the greatest width."""
    cells = [zh_width(cell) for cell in column[1:]]
    return min(max([head, *cells]), MOST_CHARACTERS) + 2 if any(cells) else MOST_CHARACTERS


def zh_width(text: str) -> int:
    """Return the width of `text` in half-width characters."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
