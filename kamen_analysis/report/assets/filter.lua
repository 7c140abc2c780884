-- Adapts boxes, picture files and drill-down links to each output format; text is left to pandoc.
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

-- PDF only: in a wide table long column headings take two lines, which leaves room for the cells of other columns; a short table stays on
-- the same page as its note.
local WIDE, LONG, SHORT = 7, 6, 16

local function in_two(words)
  local size = utf8.len(words)
  if size <= LONG then return pandoc.Inlines(words) end
  local cut = utf8.offset(words, math.ceil(size / 2) + 1)
  local bracket = words:find('（', 1, true)
  if bracket and utf8.len(words, 1, bracket - 1) <= LONG + 2 then cut = bracket end
  return pandoc.Inlines { pandoc.Str(words:sub(1, cut - 1)), pandoc.LineBreak(), pandoc.Str(words:sub(cut)) }
end

function Table(whole)
  if FORMAT ~= 'typst' then return nil end
  if #whole.colspecs >= WIDE then
    for _, row in ipairs(whole.head.rows) do
      for _, cell in ipairs(row.cells) do
        cell.contents = { pandoc.Plain(in_two(pandoc.utils.stringify(cell.contents))) }
      end
    end
  end
  if #whole.bodies[1].body > SHORT then return whole end
  return { pandoc.RawBlock('typst', '#[#show figure.where(kind: table): set block(sticky: true)'), whole, pandoc.RawBlock('typst', ']') }
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
