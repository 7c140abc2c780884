-- Boxes, picture files and drill-down marks as each format wants them; the words are pandoc's business.
local typst = {
  warning = '#panel([', box = '#panel([', facts = '#panel([', note = '#block(above: 0.7em, below: 1.4em)[#set text(font: sans, size: 7.8pt, fill: rgb("#55616e"))',
}
local closing = {
  warning = '], rgb("#fff1d6"), rgb("#b45309"))', box = '], rgb("#e9f1f8"), accent)', facts = '], rgb("#f3f6f9"), rule)', note = ']',
}
local word = { warning = 'Warning', box = 'Notice', facts = 'Facts', note = 'Table Note' }

function Div(div)
  local name = div.classes[1]
  if FORMAT == 'typst' and typst[name] then
    local blocks = { pandoc.RawBlock('typst', typst[name]) }
    for _, block in ipairs(div.content) do table.insert(blocks, block) end
    table.insert(blocks, pandoc.RawBlock('typst', closing[name]))
    return blocks
  end
  if FORMAT == 'docx' and word[name] then
    div.attributes['custom-style'] = word[name]
    return div
  end
end

function Image(image)
  if FORMAT == 'docx' then
    image.src = image.src:gsub('%.svg$', '.png')
    image.attributes.width = '16cm'
    return image
  end
end

function Span(span)
  if FORMAT ~= 'html' and span.classes:includes('cases') then return span.content end
end
