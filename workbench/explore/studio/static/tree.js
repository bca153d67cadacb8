// The tree of branches: a row for each, a line over its steps. Python knows the rows, this knows pixels.

const ROW = 24, PAD = 10, SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, parent = null) {
  const el = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  if (parent) parent.append(el);
  return el;
}

function cut(text, room) {
  const most = Math.max(3, Math.floor(room / 7.2));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lrw-tree";
  const svg = make("svg");
  const edges = make("g", { "aria-hidden": "true" }, svg);
  const body = make("g", { role: "tree", "aria-label": "branches over steps", "aria-multiselectable": "true" }, svg);
  root.append(svg);
  el.append(root);
  const parts = new Map();
  let rows = [], width = 0, active = "";

  const put = (keys) => { model.set("chosen", keys); model.save_changes(); };
  const others = (key) => model.get("chosen").filter((each) => each !== key);
  function choose(key, more) {
    active = key;
    const on = model.get("chosen");
    put(!more ? [key] : on.includes(key) && on.length > 1 ? others(key) : [key, ...others(key)]);
    draw();
    parts.get(key)?.g.focus();
  }
  function walk(event, key) {
    const at = rows.findIndex((row) => row.key === key), row = rows[at];
    const child = rows.find((each) => each.parent === at);
    const to = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1], Home: rows[0], End: rows[rows.length - 1],
      ArrowLeft: rows[row.parent], ArrowRight: child }[event.key];
    const pressed = event.key === " " || event.key === "Enter";
    if (pressed) choose(key, event.ctrlKey || event.metaKey || event.shiftKey);
    else if (to) choose(to.key, event.shiftKey);
    else if (!["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  function part(key) {
    const g = make("g", { class: "row", role: "treeitem", tabindex: "-1", "data-key": key }, body);
    g.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys are not meant here
    const found = { g, back: make("rect", { class: "back", rx: 3 }, g), swatch: make("rect", { rx: 2, height: 4, width: 14 }, g),
      name: make("text", {}, g), plan: make("line", { class: "plan", "stroke-width": 2 }, g),
      line: make("line", { "stroke-width": 4, "stroke-linecap": "round" }, g), dot: make("circle", { r: 4.5 }, g), said: make("text", { class: "faint", "text-anchor": "end" }, g) };
    g.addEventListener("click", (event) => choose(key, event.ctrlKey || event.metaKey || event.shiftKey));
    g.addEventListener("keydown", (event) => walk(event, key));
    g.addEventListener("focus", () => { active = key; });
    parts.set(key, found);
    return found;
  }

  function draw() {
    if (!width) return;
    const chosen = model.get("chosen");
    const names = Math.min(230, width * 0.34), tail = width < 560 ? 70 : 140;
    const total = Math.max(1, ...rows.map((row) => row.total));
    const x = (step) => names + PAD + (step / total) * (width - names - tail - 3 * PAD);
    const y = (i) => ROW * i + ROW / 2 + 2;
    const there = new Set(rows.map((row) => row.key));
    for (const [key, each] of parts) if (!there.has(key)) { each.g.remove(); parts.delete(key); }
    if (!there.has(active)) active = chosen.find((key) => there.has(key)) || rows[0]?.key || "";
    svg.setAttribute("height", ROW * rows.length + 4);
    svg.setAttribute("viewBox", `0 0 ${width} ${ROW * rows.length + 4}`);
    edges.replaceChildren();
    rows.forEach((row, i) => {
      const p = parts.get(row.key) || part(row.key);
      if (body.children[i] !== p.g) body.insertBefore(p.g, body.children[i] || null);
      const indent = 8 + 14 * Math.min(row.level - 1, 6), mid = y(i);
      const set = (node, attributes) => { for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v); };
      set(p.g, { "aria-level": row.level, "aria-selected": chosen.includes(row.key), tabindex: row.key === active ? 0 : -1,
        "aria-label": `${row.name}, ${row.status}, update ${row.to} of ${row.total}${row.level > 1 ? `, left at ${row.from}` : ""}${row.loss ? `, loss ${row.loss}` : ""}` });
      set(p.back, { x: 1, y: mid - ROW / 2 + 1, width: Math.max(width - 2, 1), height: ROW - 2 });
      set(p.swatch, { x: indent, y: mid - 2, fill: row.color });
      set(p.name, { x: indent + 20, y: mid });
      p.name.textContent = cut(row.name, names - indent - 20);
      set(p.plan, { x1: x(row.from), x2: x(row.total), y1: mid, y2: mid, stroke: row.color });
      set(p.line, { x1: x(row.from), x2: Math.max(x(row.to), x(row.from) + 0.01), y1: mid, y2: mid, stroke: row.color });
      set(p.dot, { cx: x(row.to), cy: mid, fill: row.color, class: row.status === "running" ? "running" : "" });
      set(p.said, { x: width - PAD, y: mid });
      p.said.textContent = width < 560 ? row.loss || row.status : [row.status, row.loss].filter(Boolean).join("  ");
      if (row.parent >= 0) {
        const a = x(row.from), top = y(row.parent);
        make("path", { class: "edge", d: `M${a - 6} ${top}V${mid - 6}Q${a - 6} ${mid} ${a} ${mid}` }, edges);
      }
    });
    root.dataset.rows = rows.length;
  }
  function update() { rows = model.get("rows"); draw(); }
  model.on("change:rows", update);
  model.on("change:chosen", draw);
  const observer = new ResizeObserver(() => {
    const next = Math.floor(root.clientWidth);
    if (next && next !== width) { width = next; draw(); }
  });
  observer.observe(root);
  update();
  return () => {
    model.off("change:rows", update);
    model.off("change:chosen", draw);
    observer.disconnect();
  };
}

export default { render };
