// A page of a table of runs: heads sort, boxes choose, a field searches. Sorting and searching happen in Python.

function element(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) key === "class" ? (el.className = value) : el.setAttribute(key, value);
  // The notebook's own keys are not meant here; JupyterLab asks the focused element itself.
  if (["button", "input"].includes(tag)) el.dataset.lmSuppressShortcuts = "true";
  el.append(...children);
  return el;
}

function render({ model, el }) {
  const root = element("div", { class: "lrw-sheet lrw-runs" });
  const bar = element("div", { class: "lrw-runs-bar" });
  const search = element("input", { type: "search", placeholder: "search: wsd 0.001 good ...", "aria-label": "search runs" });
  const count = element("span", { class: "lrw-runs-count", role: "status" });
  const [none, back, next] = ["Choose none", "‹", "›"].map((text) => element("button", { type: "button" }, text));
  back.title = "page before";
  next.title = "next page";
  const scroll = element("div", { class: "lrw-sheet-scroll" });
  const table = element("table", { class: "lrw-table" });
  bar.append(search, count, none, back, next);
  scroll.append(table);
  root.append(bar, scroll);
  el.append(root);

  const ask = (changes) => {
    model.set("wish", { ...model.get("wish"), ...changes });
    model.save_changes();
  };
  const choose = (ids) => {
    model.set("selected", ids);
    model.save_changes();
  };
  let typed;
  search.oninput = () => {
    clearTimeout(typed);
    typed = setTimeout(() => ask({ search: search.value, page: 0 }), 150);
  };
  none.onclick = () => choose([]);
  back.onclick = () => ask({ page: model.get("sheet").page - 1 });
  next.onclick = () => ask({ page: model.get("sheet").page + 1 });

  function head(sheet) {
    const line = element("tr", {}, element("th", { scope: "col", "aria-label": "chosen" }));
    for (const { name, number } of sheet.columns) {
      const sorted = name === sheet.sort;
      const mark = sorted ? (sheet.descending ? " ▾" : " ▴") : "";
      const button = element("button", { type: "button", title: `sort by ${name}` }, name.replace(/^(schedule|task)\./, "") + mark);
      button.onclick = () => ask({ sort: name, descending: sorted && !sheet.descending, page: 0 });
      const order = sorted ? (sheet.descending ? "descending" : "ascending") : "none";
      line.append(element("th", { scope: "col", "aria-sort": order, class: number ? "number" : "" }, button));
    }
    return element("thead", {}, line);
  }

  function row({ id, cells }, sheet) {
    const box = element("input", { type: "checkbox", "aria-label": `choose ${id}` });
    box.checked = model.get("selected").includes(id);
    box.onchange = () => {
      const others = model.get("selected").filter((each) => each !== id);
      choose(box.checked ? [...others, id] : others);
    };
    const line = element("tr", { "data-id": id, "aria-selected": String(box.checked) }, element("td", {}, box));
    cells.forEach((cell, i) => line.append(element("td", { class: sheet.columns[i].number ? "number" : "", title: cell }, cell)));
    return line;
  }

  function draw() {
    const sheet = model.get("sheet");
    if (!sheet.columns) return;
    const focused = document.activeElement?.title;
    table.replaceChildren(head(sheet), element("tbody", {}, ...sheet.rows.map((each) => row(each, sheet))));
    if (focused && !document.activeElement?.title) [...table.querySelectorAll("button")].find((b) => b.title === focused)?.focus();
    back.disabled = sheet.page === 0;
    next.disabled = sheet.page + 1 >= sheet.pages;
    say();
  }
  function say() {
    const { count: shown, total, page, pages } = model.get("sheet");
    const chosen = model.get("selected").length;
    const of = shown === total ? `${total.toLocaleString("en")} runs` : `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} runs`;
    count.textContent = `${of}, ${chosen} chosen, page ${page + 1} of ${pages}`;
    none.disabled = !chosen;
  }
  function tick() {
    const chosen = new Set(model.get("selected"));
    for (const line of table.querySelectorAll("tbody tr")) {
      const on = chosen.has(line.dataset.id);
      line.querySelector("input").checked = on;
      line.setAttribute("aria-selected", String(on));
    }
    say();
  }

  draw();
  model.on("change:sheet", draw);
  model.on("change:selected", tick);
}

export default { render };
