// The live figure: stacked canvases over one x axis. Python knows the state, this knows pixels.
// The parts stand in the files before this one: lines, scales, draw, tip, legend, pointer, handles.

const QUIET = 10_000; // milliseconds without a message after which a moving pointer asks whether one was lost

function element(name, className, parent, attributes = {}) {
  const node = document.createElement(name);
  node.className = className;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

function skeleton(el) {
  const root = element("div", "lrw-figure", el, { role: "group" });
  const plots = element("div", "lrw-plots", root, { tabindex: 0, role: "application", "aria-roledescription": "curves", "data-lm-suppress-shortcuts": "true" });
  const boxes = element("div", "lrw-boxes", plots);
  const reset = element("button", "lrw-reset", plots, { type: "button", title: "show everything again: double-click, or 0", "data-lm-suppress-shortcuts": "true" });
  reset.textContent = "Reset zoom";
  const tip = element("div", "lrw-tip", plots, { "aria-hidden": "true" });
  const say = element("div", "lrw-say", plots, { role: "status" });
  const voice = element("div", "lrw-voice", root, { "aria-live": "polite" });
  const readout = element("div", "lrw-readout", root);
  const legend = element("div", "lrw-legend", root, { role: "group", "aria-label": "lines that are shown" });
  tip.hidden = say.hidden = reset.hidden = true;
  return { root, plots, boxes, reset, tip, say, voice, readout, legend };
}

function panelOf(spec, boxes) {
  const el = element("div", "lrw-panel", boxes), canvas = element("canvas", "", el, { "aria-hidden": "true" });
  const node = svg("svg", { class: "lrw-over" }, el);
  return Object.assign(spec, { el, canvas, svg: node, over: overlays(node) });
}

function union(ranges) {
  return ranges.reduce(([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)], [Infinity, -Infinity]);
}

// The whole of x: what the caller asks for, or what there is, in round numbers.
function wholeOf(fig) {
  const asked = fig.panels.find((panel) => panel.xRange)?.xRange;
  if (asked && asked[1] > asked[0]) return asked;
  const ends = [...fig.lines.values()].filter((line) => line.n && line.sorted).map((line) => [line.columns[0][0], line.columns[0][line.n - 1]]);
  const [low, high] = union(ends);
  return ends.length ? round(low >= 0 && low < high / 4 ? 0 : low, high, false) : [0, 1];
}

// The range of y: zoomed by hand; or, where x is zoomed, what is seen there; or what the caller asks for.
function rangeOf(fig, panel, index, xr) {
  if (fig.zoom.y[index]) return fig.zoom.y[index];
  const fits = !panel.yRange || (fig.zoom.x && panel.yRange[0] > 0);
  if (!fits) return panel.yRange;
  const lines = shownIn(fig, index), smooth = lines.filter((line) => !line.raw);
  let [low, high] = union((smooth.length ? smooth : lines).map((line) => reach(line, fig.zoom.x ? xr : null)));
  if (!(high >= low)) return panel.yRange || [0, 1];
  if (panel.log && low <= 0) low = Math.max(high, 1e-12) * 1e-4;
  const found = round(low, high, panel.log);
  // It may only widen while the view stays: an axis that comes and goes cannot be read.
  fig.fits[index] = fig.fits[index] ? union([fig.fits[index], found]) : found;
  return fig.fits[index];
}

function render({ model, el }) {
  const fig = {
    ...skeleton(el), model, panels: [], lines: new Map(), hidden: new Set(), zoom: { x: null, y: [] }, fits: [], width: 0,
    state: { rest: "", mark: null, handles: null, spot: null, label: "" }, at: null, hot: null, drag: null, quiet: false, look: null,
  };
  const { root } = fig, view = Math.random().toString(36).slice(2);
  let number = null, heard = performance.now(), asked = -Infinity, dirty = false, busy = false, draws = 0, newest = NaN, hush = 0;
  let said = "", stale = null; // panels that are to be drawn anew; null: all of them
  fig.all = allOrNone(fig);
  root.insertBefore(fig.all, fig.legend);
  fig.send = (message) => { try { model.send({ ...message, view }); } catch { /* the kernel is gone; what is drawn stays */ } };
  fig.whole = () => wholeOf(fig);
  fig.xName = () => (fig.panels.at(-1)?.xLabel || "x").split(/[(,]/)[0].trim();
  fig.refit = () => { fig.fits = []; fig.queue(); };
  fig.queue = () => { stale = null; soon(); };
  // Drawn at once, and at most once in a frame: a burst of messages is one picture.
  function soon() {
    dirty = true;
    if (busy) return;
    busy = true;
    requestAnimationFrame(() => { busy = false; if (dirty) soon(); });
    if (!document.hidden) draw();
  }

  function draw() {
    dirty = false;
    if (!fig.width || !fig.panels.length) return;
    fig.look ??= theme(root);
    const xr = fig.zoom.x || fig.whole(), whole = stale === null;
    fig.panels.forEach((panel, index) => {
      const before = panel.scale?.key, lines = shownIn(fig, index);
      panel.scale = scaleOf(panel, fig.width, xr, rangeOf(fig, panel, index, xr));
      const { scale, canvas } = panel;
      if (!whole && !stale.has(index) && before === scale.key && growsOnly(lines, scale)) return drawTails(canvas, scale, lines, fig.look, fig.state);
      panel.el.style.height = `${panel.height}px`;
      set(panel.svg, { width: fig.width, height: panel.height });
      drawPanel(canvas, panel, scale, lines, fig.look, fig.state);
    });
    if (whole || stale.size) drawLegend(fig);
    stale = new Set();
    fig.reset.hidden = !zoomed(fig);
    overlay(fig);
    report(xr);
  }

  function report(xr) {
    const every = [...fig.lines.values()];
    draws += 1;
    Object.assign(root.dataset, {
      draws, number, newest, zoom: zoomed(fig) ? xr.join() : "",
      measured: every.filter((line) => line.points).reduce((n, line) => n + line.n, 0), held: every.reduce((n, line) => n + line.n, 0),
    });
    // A task behind the frame: by then it has been painted. The newest x of that picture stands beside the time.
    const x = newest;
    requestAnimationFrame(() => setTimeout(() => {
      const now = (performance.timeOrigin + performance.now()).toFixed(1);
      Object.assign(root.dataset, { paintedX: x, painted: now });
    }));
  }

  // A trait of its own: it may come before or after the picture that it speaks of.
  function title() {
    const summary = model.get("summary") || "curves";
    root.setAttribute("aria-label", summary);
    fig.plots.setAttribute("aria-label", `${summary}. Arrow keys walk along the curves, plus and minus zoom, 0 shows everything.`);
  }

  const ask = () => {
    if (performance.now() - asked < 3_000) return;
    asked = performance.now();
    fig.send({ type: "ready" });
  };
  fig.check = (at_once) => {
    if (number === null || (!at_once && performance.now() - heard < QUIET)) return;
    heard = performance.now();
    fig.send({ type: "at", number });
  };

  function receive(message, buffers) {
    if (message.to !== undefined && message.to !== view) return;
    if (!message.reset && message.number !== (number ?? NaN) + 1) return ask();
    number = message.number;
    heard = performance.now();
    if (message.reset) { fig.lines.clear(); asked = -Infinity; }
    const anew = (line) => line && stale?.add(line.panel);
    for (const key of message.remove || []) { anew(fig.lines.get(key)); fig.lines.delete(key); }
    for (const row of message.lines || []) {
      anew(fig.lines.get(row.key));
      fig.lines.set(row.key, lineOf(row, row.at.map((place) => floats(buffers[place]))));
      anew(row);
    }
    for (const { key, at } of message.append || []) {
      const line = fig.lines.get(key), columns = at.map((place) => floats(buffers[place]));
      if (line) { extend(line, columns); newest = columns[0].at(-1); }
    }
    if ((message.panels && panels(message.panels)) || message.reset) stale = null;
    // The line with handles is solid up to the mark.
    if (message.mark !== undefined || message.handles !== undefined) [fig.state.handles, message.handles].forEach(anew);
    for (const name of ["rest", "mark", "handles", "spot", "label"]) if (message[name] !== undefined) fig.state[name] = message[name];
    if (fig.drag && fig.state.handles?.points.length !== fig.drag.points.length) fig.drag = null;
    if (message.rest !== undefined && fig.readout.textContent !== message.rest) fig.readout.textContent = message.rest;
    // What was refused is not dragged on.
    if (message.say) { fig.drag = null; speak(message.say); }
    soon();
  }

  // What the caller says of the panels; whether anything of it is new.
  function panels(specs) {
    const before = fig.xName(), text = JSON.stringify(specs);
    if (text === said && fig.panels.length) return false;
    said = text;
    while (fig.panels.length > specs.length) fig.panels.pop().el.remove();
    const fresh = !fig.panels.length;
    specs.forEach((spec, i) => (fig.panels[i] = fig.panels[i] ? Object.assign(fig.panels[i], spec) : panelOf({ ...spec }, fig.boxes)));
    // Steps are no tokens: a stretch of the one says nothing on the axis of the other.
    if (!fresh && fig.xName() !== before) { fig.zoom = { x: null, y: [] }; fig.at = null; }
    fig.fits = [];
    return true;
  }

  function speak(sentence) {
    clearTimeout(hush);
    fig.say.textContent = sentence;
    fig.say.hidden = false;
    hush = setTimeout(() => { fig.say.hidden = true; }, 8_000);
  }

  model.on("msg:custom", receive);
  model.on("change:summary", title);
  title();
  fig.reset.onclick = () => { unzoom(fig); fig.plots.focus(); };
  pointing(fig);
  keys(fig);
  // In the frame after: what is drawn while the sizes are being told would change them again.
  const observer = new ResizeObserver(() => requestAnimationFrame(() => {
    const next = Math.floor(root.clientWidth);
    if (next && next !== fig.width) { fig.width = next; fig.queue(); }
  }));
  observer.observe(root);
  // Asking for colours makes the browser lay out the page, so it is done when they may have changed; a style sheet
  // may come in some time after the page says that it has another theme.
  const dress = () => { fig.look = null; fig.queue(); };
  const dresses = () => [0, 300, 1_500].forEach((wait) => setTimeout(dress, wait));
  const themes = new MutationObserver(dresses);
  for (const node of [document.documentElement, document.body])
    themes.observe(node, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "data-theme", "class", "style"] });
  const gone = new AbortController(), on = { signal: gone.signal };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dresses, on);
  root.addEventListener("pointerenter", () => { if (fig.look && getComputedStyle(root).color !== fig.look.css) dress(); }, on);
  window.addEventListener("resize", fig.queue, on);
  window.addEventListener("online", () => fig.check(true), on);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { fig.check(true); fig.queue(); } }, on);
  // What stood in the state when the cell ran is drawn before a busy kernel can answer.
  const first = model.get("first");
  if (first.message) { receive(first.message, first.buffers); fig.check(true); } else ask();
  return () => {
    model.off("msg:custom", receive);
    model.off("change:summary", title);
    observer.disconnect();
    themes.disconnect();
    gone.abort();
    clearTimeout(hush);
  };
}

export default { render };
