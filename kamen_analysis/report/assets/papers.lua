-- Short Word papers, one after the other: what report.pandoc.convert does for one, without a process for each.
local asked = pandoc.json.decode(io.read('a'), false)
local environment = setmetatable({ FORMAT = 'docx' }, { __index = _G })

for _, paper in ipairs(asked.papers) do
  local doc = pandoc.read(paper.text, asked.reader, { columns = 100000 })
  doc.meta.title, doc.meta.lang = paper.title, 'zh-CN'
  doc = pandoc.utils.run_lua_filter(doc, asked.filter, environment)
  local file = assert(io.open(paper.path, 'wb'))
  file:write(pandoc.write(doc, 'docx', { reference_doc = asked.reference, wrap_text = 'none', columns = 100000 }))
  file:close()
end
