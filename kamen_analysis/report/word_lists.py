"""Contents, list of figures and list of tables as filled-in Word fields, and captions numbered by fields, so that Word can update them."""

from __future__ import annotations

import re
from html import escape

from lxml import etree

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SPACE = {"w": W}
CAPTIONS = {"图": "ImageCaption", "表": "TableCaption"}
HINT = "页码由 Word 排定：点一下目录，按 F9 或右键选“更新域”即可补上；点条目可跳到该处。"
_NUMBERED = re.compile(r"^ (\d+)( .*)$", re.DOTALL)
Line = tuple[str, str, str]  # bookmark, style, text of an entry


def fill(document: etree._Element) -> None:
    """Number the captions by fields and, if the document has a contents field, fill it in and add the two lists after it."""
    for kind, style in CAPTIONS.items():
        for caption in _styled(document, style):
            _number(caption, kind)
    field = document.xpath("//w:sdtContent/w:p[w:r/w:fldChar]", namespaces=SPACE)
    if not field:
        return
    holder = field[0].getparent().getparent()
    _put(field[0], _field(r' TOC \o "1-2" \h \z \u ', _headings(document)))
    after = []
    for kind, style in CAPTIONS.items():
        lines = _captions(document, style)
        after += [_paragraph("TOCHeading", f"{kind}目录"), *_field(rf' TOC \h \z \c "{kind}" ', lines)] if lines else []
    at = holder.getparent().index(holder)
    for offset, one in enumerate([*after, _paragraph("TableNote", HINT), _parse('<w:p><w:r><w:br w:type="page"/></w:r></w:p>')], 1):
        holder.getparent().insert(at + offset, one)


def _styled(document: etree._Element, style: str) -> list[etree._Element]:
    found: list[etree._Element] = document.xpath(f"//w:p[w:pPr/w:pStyle[@w:val='{style}']]", namespaces=SPACE)
    return found


def _parse(xml: str) -> etree._Element:
    return etree.fromstring(xml.replace("<w:p>", f'<w:p xmlns:w="{W}">', 1))


def _paragraph(style: str, words: str) -> etree._Element:
    return _parse(f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{escape(words)}</w:t></w:r></w:p>')


def _put(mark: etree._Element, paragraphs: list[etree._Element]) -> None:
    """Replace the element `mark` by `paragraphs`."""
    holder = mark.getparent()
    at = holder.index(mark)
    holder.remove(mark)
    for offset, one in enumerate(paragraphs):
        holder.insert(at + offset, one)


def _number(caption: etree._Element, kind: str) -> None:
    """Turn the number in a caption (runs "表" and " 3 …") into a field that counts the captions of its kind."""
    runs = caption.findall(f"{{{W}}}r")
    words = ["".join(run.itertext()) for run in runs[:2]]
    match = _NUMBERED.match(words[1]) if len(words) == 2 and words[0] == kind else None
    if match is None:
        return
    number = f'<w:fldSimple w:instr=" SEQ {kind} \\* ARABIC "><w:r><w:t>{match[1]}</w:t></w:r></w:fldSimple>'
    tail = f'<w:r><w:t xml:space="preserve">{escape(match[2])}</w:t></w:r>'
    parts = _parse(f'<w:p><w:r><w:t xml:space="preserve"> </w:t></w:r>{number}{tail}</w:p>')
    _put(runs[1], list(parts))


def _field(instruction: str, lines: list[Line]) -> list[etree._Element]:
    """Return the paragraphs of a field with its lines as links, so that it has content before Word updates it for the first time."""
    begin = (f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve">{escape(instruction, quote=False)}'
             '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>')
    paragraphs = []
    for i, (mark, style, words) in enumerate(lines):
        link = f'<w:hyperlink w:anchor="{escape(mark)}"><w:r><w:t>{escape(words)}</w:t></w:r></w:hyperlink>'
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>' if i == len(lines) - 1 else ""
        paragraphs.append(_parse(f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{begin if i == 0 else ""}{link}{end}</w:p>'))
    return paragraphs


def _headings(document: etree._Element) -> list[Line]:
    headings = []
    for level in (1, 2):
        for heading in _styled(document, f"Heading{level}"):
            # pandoc puts a heading's own bookmark right before it.
            mark, order = heading.getprevious(), heading.getparent().index(heading)
            headings.append((order, mark.get(f"{{{W}}}name"), f"TOC{level}", "".join(heading.itertext()).strip()))
    return [line for _, *line in sorted(headings)]  # type: ignore[misc]


def _captions(document: etree._Element, style: str) -> list[Line]:
    """Return the captions of one style, each linked by the nearest bookmark before it, which is that of its table or figure."""
    captions: list[Line] = []
    for caption in _styled(document, style):
        marks = caption.xpath("preceding::w:bookmarkStart[starts-with(@w:name, 'tbl-') or starts-with(@w:name, 'fig-')]", namespaces=SPACE)
        if marks:
            captions.append((marks[-1].get(f"{{{W}}}name"), "TableofFigures", "".join(caption.itertext()).strip()))
    return captions
