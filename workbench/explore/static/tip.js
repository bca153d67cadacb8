// What lies under the pointer or the keyboard's cursor: the nearest line, drawn stronger, and a box that tells all.

const NEAR = 60; // pixels around the pointer in which the nearest line is looked for along its whole path
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

// An attribute that is what it was is not touched: the browser would lay things out again.
function set(node, values) {
  for (const [name, value] of Object.entries(values)) if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

const shownIn = (fig, index) => [...fig.lines.values()].filter((line) => line.panel === index && !fig.hidden.has(line.group) && line.n);
const nameOf = (line) => line.label || line.legend || line.key;

// The line nearest to a place on a panel and its point there; a raw one only where nothing smooths it.
function closest(fig, index, px, py) {
  const { scale } = fig.panels[index], x = scale.toX(px), lines = shownIn(fig, index);
  const smooth = new Set(lines.filter((line) => !line.raw).map((line) => line.group));
  let best = null;
  for (const line of lines) {
    if (line.raw && smooth.has(line.group)) continue;
    const i = nearest(line, x);
    if (i < 0) continue;
    let away = distance(line, scale, px, py, NEAR);
    if (away === Infinity) away = NEAR + Math.hypot(scale.x(line.columns[0][i]) - px, scale.y(line.columns[1][i]) - py);
    away += line.dash ? 2 : 0;
    if (!best || away < best.away) best = { away, index, key: line.key, i };
  }
  return best;
}

const valueAt = (line, i) => {
  const [, y, low, high] = line.columns;
  return exact(y[i]) + (line.band ? ` [${exact(low[i])} to ${exact(high[i])}]` : "");
};

// Rows of the box: the nearest line first, the others of its panel by how near they are, then its own elsewhere.
function told(fig, at) {
  const line = fig.lines.get(at.key), { scale } = fig.panels[at.index];
  const x = line.columns[0][at.i], py = scale.y(line.columns[1][at.i]), slack = (scale.xr[1] - scale.xr[0]) / 100;
  const near = (other) => { const i = nearest(other, x); return i >= 0 && Math.abs(other.columns[0][i] - x) <= slack ? i : -1; };
  const others = shownIn(fig, at.index).filter((other) => other !== line && !other.raw)
    .map((other) => ({ line: other, i: near(other) })).filter(({ i }) => i >= 0)
    .sort((a, b) => Math.abs(scale.y(a.line.columns[1][a.i]) - py) - Math.abs(scale.y(b.line.columns[1][b.i]) - py));
  const beside = fig.panels.flatMap((panel, index) => shownIn(fig, index)
    .filter((other) => other.group === line.group && other !== line && (index === at.index ? other.raw : !other.raw))
    .map((other) => ({ line: other, i: near(other), name: index === at.index ? "raw" : panel.short })).filter(({ i }) => i >= 0));
  return { x, rows: [{ line, i: at.i }, ...beside, ...others] };
}

function fill(fig, at) {
  const { x, rows } = told(fig, at), tip = fig.tip;
  const most = Math.max(2, Math.min(10, Math.floor((fig.plots.clientHeight - 46) / 19), fig.width < 480 ? 5 : 10));
  const head = document.createElement("b");
  head.textContent = `${fig.xName()} ${exact(x)}`;
  const body = rows.slice(0, most).map(({ line, i, name }, k) => {
    const row = document.createElement("div"), swatch = document.createElement("span"), value = document.createElement("em");
    row.className = k ? "" : "lrw-nearest";
    swatch.style.background = seen(line.color, fig.look);
    swatch.className = line.dash ? "lrw-dashed" : "";
    const label = document.createElement("span");
    label.textContent = name ? `${nameOf(line)}, ${name}` : nameOf(line);
    value.textContent = valueAt(line, i);
    row.append(swatch, label, value);
    return row;
  });
  if (rows.length > most) {
    const more = document.createElement("div");
    more.textContent = `and ${rows.length - most} more`;
    body.push(more);
  }
  tip.replaceChildren(head, ...body);
}

// The box stands beside its point and inside of the figure; the other side is taken where there is no room.
function settle(fig, px, py) {
  const tip = fig.tip, wide = fig.width, high = fig.plots.clientHeight;
  tip.style.maxWidth = `${Math.max(wide - 8, 60)}px`;
  const w = tip.offsetWidth, h = tip.offsetHeight;
  const left = px + 16 + w <= wide - 4 ? px + 16 : px - 16 - w;
  tip.style.left = `${Math.max(4, Math.min(left, wide - w - 4))}px`;
  tip.style.top = `${Math.max(2, Math.min(py - h / 2, high - h - 2))}px`;
}

// Everything that lies over the canvases, put where the view now has it.
function overlay(fig) {
  const line = fig.at && fig.lines.get(fig.at.key);
  if (fig.at && (!line || fig.hidden.has(line.group) || fig.at.i >= line.n || !fig.panels[fig.at.index])) fig.at = null;
  const at = fig.at, hot = at ? line : fig.hot && [...fig.lines.values()].find((each) => each.group === fig.hot);
  fig.root.dataset.near = at ? at.key : "";
  fig.panels.forEach((panel, index) => {
    const { scale, over } = panel;
    const strong = hot && [...fig.lines.values()].find((each) => each.panel === index && !each.raw && !fig.hidden.has(each.group)
      && (at && index === at.index ? each.key === at.key : each.group === hot.group));
    let d = "";
    if (strong) walk(strong, 1, scale, (x, y, begins) => { d += `${begins ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`; });
    for (const node of [over.halo, over.strong]) set(node, { d });
    set(over.clip, { x: scale.left, y: scale.top - 1, width: scale.w, height: scale.h + 2 });
    if (strong) {
      over.strong.style.stroke = seen(strong.color, fig.look);
      over.strong.style.strokeWidth = strong.width + 1.6;
      over.strong.style.strokeDasharray = strong.dash ? "6 4" : "";
      over.halo.style.strokeWidth = strong.width + 4;
    }
    const x = at ? scale.x(line.columns[0][at.i]) : -10;
    over.cross.style.display = at && x >= scale.left - 1 && x <= scale.right + 1 ? "" : "none";
    set(over.cross, { x1: x, x2: x, y1: scale.top, y2: scale.foot });
    const dot = at && index === at.index;
    over.dot.style.display = dot ? "" : "none";
    if (dot) {
      set(over.dot, { cx: x, cy: scale.y(line.columns[1][at.i]) });
      over.dot.style.fill = seen(line.color, fig.look);
    }
    now(fig, panel, index);
    spot(fig, panel, index);
    placeHandles(fig, panel, index);
  });
  fig.tip.hidden = !at || fig.quiet;
  if (!fig.tip.hidden) {
    const panel = fig.panels[at.index];
    fill(fig, at);
    settle(fig, panel.scale.x(line.columns[0][at.i]), panel.el.offsetTop + panel.scale.y(line.columns[1][at.i]));
  }
}

// What is left of the mark has happened; the word stands where it does not leave the panel.
function now(fig, panel, index) {
  const { mark } = fig.state, { scale, over } = panel, x = mark === null ? -10 : scale.x(mark);
  const there = x >= scale.left && x <= scale.right, right = x < scale.right - 40, [line, words] = over.now.children;
  over.now.style.display = there ? "" : "none";
  if (!there) return;
  set(over.now, { transform: `translate(${x.toFixed(1)} 0)` });
  set(line, { y1: scale.top, y2: scale.foot });
  set(words, { x: right ? 5 : -5, y: scale.foot - 6, "text-anchor": right ? "start" : "end" });
  words.textContent = index ? "" : "now";
}

// The marker of the last click, with the word for what a click does.
function spot(fig, panel, index) {
  const { spot: where, label } = fig.state, line = where && fig.lines.get(where.key), { over, scale } = panel;
  const there = line && line.panel === index && !fig.hidden.has(line.group);
  const x = there ? scale.x(where.x) : 0, inside = there && x >= scale.left - 1 && x <= scale.right + 1;
  over.spot.style.display = inside ? "" : "none";
  if (!inside) return;
  set(over.spot, { transform: `translate(${x} ${scale.y(where.y)})` });
  over.spot.firstChild.style.stroke = seen(line.color, fig.look);
  const words = over.spot.lastChild, right = x < scale.right - 110;
  words.textContent = label;
  set(words, { x: right ? 11 : -11, y: scale.y(where.y) < scale.top + 26 ? 22 : -10, "text-anchor": right ? "start" : "end" });
}

function overlays(svgNode) {
  const id = `lrw-clip-${Math.random().toString(36).slice(2)}`, clip = svg("rect", {}, svg("clipPath", { id }, svgNode));
  const inside = svg("g", { "clip-path": `url(#${id})` }, svgNode);
  const halo = svg("path", { class: "lrw-halo" }, inside), strong = svg("path", { class: "lrw-strong" }, inside);
  const now = svg("g", { class: "lrw-now" }, svgNode), cross = svg("line", { class: "lrw-cross" }, svgNode), dot = svg("circle", { class: "lrw-dot", r: 4.5 }, svgNode);
  const mark = svg("g", { class: "lrw-spot" }, svgNode);
  svg("line", {}, now);
  svg("text", {}, now);
  svg("circle", { r: 7 }, mark);
  svg("text", {}, mark);
  const select = svg("rect", { class: "lrw-select" }, svgNode), handles = svg("g", { class: "lrw-handles" }, svgNode);
  return { clip, halo, strong, now, cross, dot, spot: mark, select, handles };
}
