// The gallery: one SVG path for each schedule. Filtering happens here, so that it waits for nothing.

function element(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) key === "class" ? (el.className = value) : el.setAttribute(key, value);
  // The notebook's own keys are not meant here; JupyterLab asks the focused element itself.
  if (["button", "input", "a"].includes(tag)) el.dataset.lmSuppressShortcuts = "true";
  el.append(...children);
  return el;
}

function picture(cell) {
  if (!cell.path) return element("div", { class: "lrw-why" }, cell.problem);
  const holder = element("div");
  holder.innerHTML = '<svg viewBox="0 0 132 52" fill="none" stroke="currentColor" aria-hidden="true"><path d="M3 49H129" opacity=".3"/><path stroke-width="1.5" stroke-linejoin="round"/></svg>';
  holder.querySelectorAll("path")[1].setAttribute("d", cell.path);
  return holder.firstChild;
}

function render({ model, el }) {
  const root = element("div", { class: "lrw-gallery" });
  const bar = element("div", { class: "lrw-bar", role: "toolbar", "aria-label": "filter" });
  const grid = element("div", { class: "lrw-cells" });
  const count = element("span", { class: "lrw-count", role: "status" });
  const input = element("input", { type: "search", placeholder: "search title, paper, use ...", "aria-label": "search schedules" });
  const nothing = element("div", { hidden: "" }, "Nothing has all these words: take one away, or choose all families.");
  root.append(bar, grid);
  el.append(root);
  let cells = [], boxes = new Map(), groups = [], chips = [];

  const put = (name, value) => { model.set(name, value); model.save_changes(); };

  function build() {
    cells = model.get("cells");
    boxes = new Map();
    const families = [...new Set(cells.map((cell) => cell.family))];
    chips = ["", ...families].map((family) => {
      const n = family ? cells.filter((cell) => cell.family === family).length : cells.length;
      const chip = element("button", { type: "button", "data-family": family }, `${family || "all"} ${n}`);
      chip.onclick = () => {
        const on = model.get("families");
        put("families", !family ? [] : on.includes(family) ? on.filter((f) => f !== family) : [...on, family]);
      };
      return chip;
    });
    bar.replaceChildren(...chips, input, count);
    groups = families.map((family) => {
      const heading = element("div", { class: "lrw-family", role: "heading", "aria-level": "3" }, family);
      const group = element("div", { class: "lrw-group" });
      for (const cell of cells.filter((each) => each.family === family)) group.append(box(cell));
      return { family, heading, group };
    });
    grid.replaceChildren(...groups.flatMap(({ heading, group }) => [heading, group]), nothing);
    filter();
    choose();
  }
  function box(cell) {
    const button = element("button", { type: "button", title: cell.summary, "data-name": cell.name }, picture(cell), element("span", { class: "lrw-title" }, cell.title));
    button.onclick = () => put("selected", cell.name);
    button.onkeydown = walk;
    const links = cell.papers.map(([text, address]) => (address ? element("a", { href: address, target: "_blank", rel: "noopener" }, text) : element("a", {}, text)));
    const made = element("div", { class: "lrw-cell" }, button, element("div", { class: "lrw-papers" }, ...links));
    boxes.set(cell.name, { made, button });
    return made;
  }
  // Arrow keys go through what is shown; Tab leaves the gallery instead of stopping at every cell.
  function walk(event) {
    const all = visible().map((cell) => boxes.get(cell.name).button), i = all.indexOf(event.target);
    const near = (sign) => {
      const here = event.target.getBoundingClientRect(), middle = (r) => r.left + r.width / 2;
      const rows = all.map((b) => b.getBoundingClientRect()).map((r, k) => [k, r]).filter(([, r]) => sign * (r.top - here.top) > 8);
      const next = Math.min(...rows.map(([, r]) => sign * r.top));
      const there = rows.filter(([, r]) => sign * r.top < next + 4);
      return there.sort(([, a], [, b]) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)))[0]?.[0] ?? i;
    };
    const to = { ArrowRight: () => i + 1, ArrowLeft: () => i - 1, Home: () => 0, End: () => all.length - 1, ArrowDown: () => near(1), ArrowUp: () => near(-1) }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = all[to()];
    if (!next) return;
    reach(next);
    next.focus();
  }
  const visible = () => cells.filter((cell) => !boxes.get(cell.name).made.hidden);
  function reach(button) {
    for (const each of boxes.values()) each.button.tabIndex = each.button === button ? 0 : -1;
  }
  function filter() {
    const families = model.get("families"), words = model.get("search").toLowerCase().split(/\s+/).filter(Boolean);
    if (document.activeElement !== input) input.value = model.get("search");
    for (const cell of cells) {
      const fits = (!families.length || families.includes(cell.family)) && words.every((word) => cell.words.includes(word));
      boxes.get(cell.name).made.hidden = !fits;
    }
    for (const { heading, group } of groups) heading.hidden = group.hidden = ![...group.children].some((each) => !each.hidden);
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.family ? families.includes(chip.dataset.family) : !families.length));
    const left = visible();
    count.textContent = `${left.length} of ${cells.length}`;
    nothing.hidden = left.length > 0;
    const first = left.find((cell) => cell.name === model.get("selected")) ?? left[0];
    if (first) reach(boxes.get(first.name).button);
    root.dataset.shown = left.length;
  }
  function choose() {
    for (const [name, { made, button }] of boxes) {
      const on = name === model.get("selected");
      made.classList.toggle("chosen", on);
      button.setAttribute("aria-pressed", String(on));
      if (on) reach(button);
    }
  }
  const size = () => { grid.style.maxHeight = model.get("height") ? `${model.get("height")}px` : ""; };
  input.oninput = () => put("search", input.value);
  const heard = { "change:cells": build, "change:families": filter, "change:search": filter, "change:selected": choose, "change:height": size };
  for (const [name, what] of Object.entries(heard)) model.on(name, what);
  size();
  build();
  return () => { for (const [name, what] of Object.entries(heard)) model.off(name, what); };
}

export default { render };
