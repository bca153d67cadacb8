// The live figure: stacked uPlot panels over one step axis. Python knows the state, this knows pixels.
// uPlot (MIT, see uplot.LICENSE) is put before this file, so `uPlot` is in scope.

const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

// Of a log axis only the powers of ten: uPlot's nine lines for each are too many for a low panel.
function decades(u, index, low, high) {
  const first = Math.ceil(Math.log10(low)), count = Math.floor(Math.log10(high)) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, i) => 10 ** (first + i));
}

function theme(el) {
  const css = getComputedStyle(el);
  const pick = (name, other) => css.getPropertyValue(name).trim() || other;
  return {
    ink: pick("--jp-ui-font-color1", css.color),
    faint: pick("--jp-border-color2", "rgba(128,128,128,.3)"),
    font: `12px ${pick("--jp-ui-font-family", "system-ui, sans-serif")}`,
  };
}

function build(panel, lines, size, look, sync, onHover) {
  const series = [{}];
  const bands = [];
  const tables = [];
  for (const line of lines) {
    const stroke = line.color === "ink" ? look.ink : line.color;
    const table = [line.x, line.y];
    series.push({
      label: line.label, stroke, width: line.width, dash: line.dash ? [6, 4] : [], spanGaps: true,
      show: !line.hidden, points: { show: line.points, size: 5, fill: stroke }, key: line.key, pxAlign: 0,
    });
    if (line.low) {
      const at = series.length;
      const edge = { stroke: "transparent", width: 0, spanGaps: true, pxAlign: 0, show: !line.hidden, points: { show: false }, key: line.key };
      table.push(line.high, line.low);
      series.push({ ...edge }, { ...edge });
      bands.push({ series: [at, at + 1], fill: stroke + "2e" });
    }
    tables.push(table);
  }
  const same = tables.every((t) => t[0].length === tables[0][0].length && t[0].every((v, i) => v === tables[0][0][i]));
  const data = !tables.length ? [[0, 1]] : same ? [tables[0][0], ...tables.flatMap((t) => t.slice(1))] : uPlot.join(tables);
  const axis = { stroke: look.ink, font: look.font, labelFont: look.font, grid: { stroke: look.faint, width: 1 }, ticks: { stroke: look.faint } };
  const options = {
    ...size, series, bands,
    legend: { show: false },
    cursor: { sync: { key: sync.key }, drag: { x: true, y: false } },
    scales: {
      x: { time: false, range: () => panel.xRange },
      y: panel.log
        ? { distr: 3, range: () => panel.yRange }
        : { range: (u, low, high) => panel.yRange ?? [low, high] },
    },
    axes: [
      { ...axis, label: panel.xLabel || undefined, labelSize: 20, size: panel.xLabel ? 34 : 26, values: (u, vs) => vs.map(short) },
      { ...axis, label: panel.yLabel, labelSize: 20, size: 66, ...(panel.log ? { splits: decades } : {}), values: (u, vs) => vs.map((v) => (v === null ? "" : short(v))) },
    ],
    hooks: {
      drawClear: [(u) => shade(u, panel, look)],
      setCursor: [onHover],
    },
  };
  return { options, data };
}

function shade(u, panel, look) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = look.font.replace("12px", `${Math.round(11 * devicePixelRatio)}px`);
  ctx.textAlign = "center";
  (panel.shades || []).forEach((s, i) => {
    const a = u.valToPos(s.from, "x", true), b = u.valToPos(s.to, "x", true);
    ctx.fillStyle = i % 2 ? "rgba(128,128,128,.05)" : "rgba(128,128,128,.14)";
    ctx.fillRect(a, bbox.top, b - a, bbox.height);
    ctx.fillStyle = look.ink;
    ctx.globalAlpha = 0.75;
    if (panel.names && ctx.measureText(s.name).width < b - a - 6) ctx.fillText(s.name, (a + b) / 2, bbox.top + 13 * devicePixelRatio);
    ctx.globalAlpha = 1;
  });
  ctx.restore();
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lrw-figure";
  root.setAttribute("role", "img");
  const boxes = document.createElement("div");
  const readout = document.createElement("div");
  readout.className = "lrw-readout";
  const legend = document.createElement("div");
  legend.className = "lrw-legend";
  root.append(boxes, readout, legend);
  el.append(root);

  const lines = new Map();
  const hidden = new Set();
  const sync = uPlot.sync(`lrw-${Math.random()}`);
  let panels = [];
  let charts = [];
  let shape = "";
  let width = 0;
  let queued = false;
  let draws = 0;

  const ofPanel = (i) => [...lines.values()].filter((l) => l.panel === i).map((l) => ({ ...l, hidden: hidden.has(l.group) }));
  const hover = (u) => {
    const at = u.cursor.idx;
    if (at == null || u.cursor.left < 0) return void (readout.textContent = readout.dataset.rest || "");
    const step = u.data[0][at];
    const parts = [`step ${short(Math.round(step))}`];
    charts.forEach((chart, i) => {
      const name = panels[i].short;
      for (const line of ofPanel(i)) {
        if (line.hidden) continue;
        const k = nearest(line.x, step);
        const band = line.low ? ` [${short(line.low[k])}, ${short(line.high[k])}]` : "";
        parts.push(`${line.label} ${name} ${short(line.y[k])}${band}`);
      }
    });
    readout.textContent = parts.slice(0, 9).join("  ·  ");
  };

  function draw() {
    queued = false;
    if (!width || !panels.length) return;
    const look = theme(root);
    const now = JSON.stringify([panels.map((p) => [p.log, p.yLabel, p.height]), [...lines.values()].map((l) => [l.key, l.color, l.points, !!l.low, l.panel]), [...hidden], look]);
    const made = panels.map((panel, i) => build(panel, ofPanel(i), { width, height: panel.height }, look, sync, hover));
    if (now !== shape) {
      shape = now;
      charts.forEach((chart) => chart.destroy());
      boxes.replaceChildren();
      charts = made.map(({ options, data }) => new uPlot(options, data, boxes));
      charts.forEach((chart) => sync.sub(chart));
    } else {
      charts.forEach((chart, i) => {
        // The panel object is read by the chart's own hooks: update it in place.
        const zoomed = chart.scales.x.min > chart.lrwRange[0] || chart.scales.x.max < chart.lrwRange[1];
        chart.setSize({ width, height: panels[i].height });
        chart.setData(made[i].data, !zoomed);
        if (zoomed) chart.redraw();
      });
    }
    charts.forEach((chart, i) => (chart.lrwRange = panels[i].xRange));
    draws += 1;
    root.dataset.draws = draws;
    root.dataset.measured = [...lines.values()].filter((l) => l.points).reduce((n, l) => n + l.x.length, 0);
    root.setAttribute("aria-label", model.get("summary"));
    drawLegend(look);
  }
  function drawLegend(look) {
    const groups = new Map();
    for (const line of lines.values()) if (line.legend && !groups.has(line.group)) groups.set(line.group, line);
    legend.replaceChildren(...[...groups].map(([group, line]) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.setAttribute("aria-pressed", String(!hidden.has(group)));
      chip.title = "show or hide";
      chip.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys are not meant here
      const swatch = document.createElement("span");
      swatch.style.background = line.color === "ink" ? look.ink : line.color;
      chip.append(swatch, line.legend);
      chip.onclick = () => { hidden.has(group) ? hidden.delete(group) : hidden.add(group); queue(); };
      return chip;
    }));
  }
  function queue() {
    if (!queued) { queued = true; requestAnimationFrame(draw); }
  }

  function receive(message, buffers) {
    if (message.reset) lines.clear();
    for (const key of message.remove || []) lines.delete(key);
    let b = 0;
    for (const line of message.lines || []) {
      const next = () => floats(buffers[b++]);
      const full = { ...line, x: next(), y: next() };
      if (line.band) { full.low = next(); full.high = next(); }
      lines.set(line.key, full);
    }
    if (message.panels) {
      message.panels.forEach((panel, i) => (panels[i] = Object.assign(panels[i] || {}, panel)));
      panels.length = message.panels.length;
    }
    if (message.rest !== undefined) { readout.dataset.rest = message.rest; readout.textContent = message.rest; }
    queue();
  }
  model.on("msg:custom", receive);

  const observer = new ResizeObserver(() => {
    const next = Math.floor(root.clientWidth);
    if (next && next !== width) { width = next; queue(); }
  });
  observer.observe(root);
  const themes = new MutationObserver(queue);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  model.send({ type: "ready" });
  return () => {
    model.off("msg:custom", receive);
    observer.disconnect();
    themes.disconnect();
    charts.forEach((chart) => chart.destroy());
  };
}

function nearest(xs, x) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (xs[mid] <= x) low = mid; else high = mid;
  }
  return x - xs[low] < xs[high] - x ? low : high;
}

export default { render };
