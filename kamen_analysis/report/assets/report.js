"use strict";
(() => {
  const data = JSON.parse(document.getElementById("cases-data").textContent);
  const make = (name, text, parent) => { const node = document.createElement(name); if (text) node.textContent = text; if (parent) parent.append(node); return node; };
  const number = (text) => { const found = text.replace(/,/g, "").match(/^[+\-]?\d+(\.\d+)?/); return found ? Number(found[0]) : null; };

  const compare = (a, b) => {
    const x = number(a), y = number(b);
    if (x !== null && y !== null) return x - y;
    return a.localeCompare(b, "zh-CN", { numeric: true });
  };
  const empty = (text) => text === "" || text === "—" || text === "\u00a0";

  function sort(table, column, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const text = (row) => row.cells[column].textContent.trim();
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const x = text(a), y = text(b);
      if (empty(x) || empty(y)) return empty(x) - empty(y);
      return down ? compare(y, x) : compare(x, y);
    });
    table.tBodies[0].append(...rows);
  }

  function guarded(text) {
    const plain = text.trim();
    // A cell that is only a number with its unit cannot be a formula; "-2+3" can, though it starts with a number.
    const measured = /^[+\-]?[\d,]+(\.\d+)?\s*(%|个?百分点|元|件|日|天)?$/.test(plain);
    const safe = /^[=+\-@＝＋－＠]/.test(plain) && !measured ? "'" + plain : plain;
    return '"' + safe.replace(/"/g, '""') + '"';
  }

  function download(table, name) {
    const lines = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map((cell) => guarded(cell.textContent)).join(","));
    const link = make("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n")], { type: "text/csv" }));
    link.download = name + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function tools(table) {
    const bar = make("div");
    bar.className = "tools";
    const label = make("label", "筛选 ", bar), input = make("input", "", label), count = make("span", "", bar);
    input.type = "search";
    count.setAttribute("role", "status");
    input.addEventListener("input", () => {
      const rows = [...table.tBodies[0].rows], wanted = input.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      count.textContent = wanted ? `${rows.filter((row) => !row.hidden).length} / ${rows.length} 行` : "";
    });
    const save = make("button", "下载 CSV", bar);
    save.type = "button";
    save.addEventListener("click", () => download(table, table.dataset.file || "table"));
    table.parentNode.before(bar);
  }

  for (const table of document.querySelectorAll("main table")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make("button", head.textContent);
      button.type = "button";
      head.scope = "col";
      head.replaceChildren(button);
      button.addEventListener("click", () => sort(table, column, head));
    });
    if (table.tBodies[0].rows.length > 3) tools(table);
  }

  function marked(pieces, parent) {
    for (const [words, rule] of pieces) {
      if (rule) make("mark", words, parent).title = rule;
      else parent.append(words);
    }
  }

  function show(id) {
    const post = data.posts[id], box = make("article"), title = make("h3", "", box), body = make("p", "", box);
    box.className = "case";
    marked(post.title, title);
    marked(post.body, body);
    const facts = make("dl", "", box);
    const fact = (name, value) => { if (value) { make("dt", name + "：", facts); make("dd", value, facts); } };
    fact("编号", id); fact("来源", post.source); fact("平台", post.platform); fact("发布", post.date);
    for (const [code, rule, by] of post.rules) {
      const reason = data.rules[code] || {};
      fact(reason.name || code, `规则“${rule}”（${by}判定）；定义：${reason.about || ""}`);
    }
    fact("存档", post.capture); fact("存档摘要 SHA-256", post.digest);
    return box;
  }

  const dialog = document.getElementById("cases"), list = document.getElementById("cases-list");
  document.getElementById("cases-close").addEventListener("click", () => dialog.close());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.cases");
    if (!button) return;
    const cell = data.cells[button.dataset.cases];
    const row = button.closest("tr"), heads = row.closest("table").tHead.rows[0].cells;
    const column = heads[button.closest("td").cellIndex].textContent;
    document.getElementById("cases-title").textContent = `${row.cells[0].textContent.trim()} · ${column}：数字背后的投诉`;
    document.getElementById("cases-about").textContent = `共 ${cell.n.toLocaleString("zh-CN")} 件，此处列 ${cell.ids.length} 件（固定次序抽取，非挑选）。文字已脱敏，加底色的是判定依据；投诉内容未经核实。`;
    list.replaceChildren(...cell.ids.map(show));
    dialog.showModal();
    dialog.scrollTop = 0;
  });

  if (matchMedia("(max-width: 60rem)").matches) document.querySelector("nav details").open = false;
})();
