// Pointer and keys on the panels: hover, zoom by dragging, clicks on lines, a cursor that walks along a line.

const CLICK = 14; // pixels from a line up to which a click means it
const DRAG = 5; // pixels from which a press is a drag

function indexAt(fig, event) {
  return fig.panels.findIndex(({ el }) => { const box = el.getBoundingClientRect(); return event.clientY >= box.top && event.clientY < box.bottom; });
}

function inPanel(fig, index, event) {
  const box = fig.panels[index].canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function pointing(fig) {
  const { plots } = fig;
  let press = null, moved = null, clicks = 0, last = { time: -Infinity, px: 0, py: 0 };

  const look = () => {
    const event = moved;
    moved = null;
    if (!event || press?.drags || fig.drag) return;
    const index = indexAt(fig, event);
    if (index < 0 || !fig.panels[index].scale) return;
    const [px, py] = inPanel(fig, index, event), { scale } = fig.panels[index];
    const inside = px >= scale.left - 4 && px <= scale.right + 4 && py <= scale.foot + 4;
    fig.at = inside ? closest(fig, index, px, py) : null;
    fig.quiet = false;
    plots.classList.toggle("lrw-clickable", Boolean(fig.state.label && fig.at && fig.at.away <= CLICK));
    overlay(fig);
  };
  plots.addEventListener("pointermove", (event) => {
    fig.check();
    if (press) return drags(event);
    if (!moved) requestAnimationFrame(look);
    moved = event;
  });
  plots.addEventListener("pointerleave", () => { if (!press) { moved = null; fig.at = null; overlay(fig); } });
  plots.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".lrw-handle, button")) return;
    const index = indexAt(fig, event);
    if (index < 0) return;
    const [px, py] = inPanel(fig, index, event);
    press = { index, px, py, id: event.pointerId, drags: false, found: meant(index, px, py) };
  });
  // What a press is on, there and then: points that come in move lines and axes before the button is up again.
  // Where a line has moved away since the hover box told of it, that is what was meant.
  function meant(index, px, py) {
    const under = closest(fig, index, px, py), told = fig.at && fig.at.index === index && fig.at.away <= CLICK ? fig.at : null;
    return pinned(fig, under && under.away <= CLICK ? under : told);
  }
  function drags(event) {
    if (event.pointerId !== press.id) return;
    const { scale, over } = fig.panels[press.index];
    const [x, y] = inPanel(fig, press.index, event);
    if (!press.drags && Math.hypot(x - press.px, y - press.py) < DRAG) return;
    if (!press.drags) { press.drags = true; plots.setPointerCapture(press.id); fig.at = null; overlay(fig); }
    press.box = boxOf(scale, press, x, y);
    const [a, b, c, d] = press.box;
    over.select.style.display = "inline";
    set(over.select, { x: a, width: b - a, y: c, height: d - c });
  }
  const ends = (event, take) => {
    if (!press || event.pointerId !== press.id) return;
    const { index, drags: dragged, box, px, py, found } = press;
    fig.panels[index].over.select.style.display = "none";
    press = null;
    if (!take) return;
    if (dragged) zoomTo(fig, index, box);
    else click(event, found, px, py);
  };
  plots.addEventListener("pointerup", (event) => ends(event, true));
  plots.addEventListener("pointercancel", (event) => ends(event, false));
  plots.addEventListener("dblclick", (event) => { if (!event.target.closest(".lrw-handle, button")) { clearTimeout(clicks); unzoom(fig); } });

  function click(event, found, px, py) {
    if (event.pointerType === "touch") { fig.at = found; overlay(fig); }
    const again = event.timeStamp - last.time < 400 && Math.hypot(px - last.px, py - last.py) < 8;
    last = { time: event.timeStamp, px, py };
    if (!fig.state.label || !found || again) return;
    clearTimeout(clicks);
    // While zoomed, the first of two clicks must not branch: the two of them show everything again.
    if (zoomed(fig)) clicks = setTimeout(() => clicked(fig, found), 300);
    else clicked(fig, found);
  }
}

// A drag that is nearly level or nearly upright means one axis only.
function boxOf(scale, from, x, y) {
  const clampX = (v) => Math.min(Math.max(v, scale.left), scale.right), clampY = (v) => Math.min(Math.max(v, scale.top), scale.foot);
  const dx = Math.abs(x - from.px), dy = Math.abs(y - from.py), level = dy < 20 || dy < 0.25 * dx, upright = !level && (dx < 20 || dx < 0.25 * dy);
  const [a, b] = upright ? [scale.left, scale.right] : [clampX(Math.min(x, from.px)), clampX(Math.max(x, from.px))];
  const [c, d] = level ? [scale.top, scale.foot] : [clampY(Math.min(y, from.py)), clampY(Math.max(y, from.py))];
  return [a, b, c, d, !upright, !level];
}

function zoomTo(fig, index, [a, b, c, d, alongX, alongY]) {
  const { scale } = fig.panels[index];
  if (alongX && b - a > 3) fig.zoom.x = [scale.toX(a), scale.toX(b)];
  if (alongY && d - c > 3) fig.zoom.y[index] = [scale.toY(d), scale.toY(c)];
  fig.refit();
}

const zoomed = (fig) => Boolean(fig.zoom.x || fig.zoom.y.some(Boolean));
function unzoom(fig) {
  fig.zoom = { x: null, y: [] };
  fig.refit();
}

// A place on a line with the point that is there now: places move when a line is thinned.
function pinned(fig, at) {
  const line = at && fig.lines.get(at.key);
  return line ? { ...at, x: line.columns[0][at.i], y: line.columns[1][at.i] } : null;
}

function clicked(fig, { key, x, y }) {
  if (!fig.lines.has(key) || !fig.state.label) return;
  fig.state.spot = { key, x, y };
  fig.send({ type: "click", key, x, y });
  overlay(fig);
}

// Keys: arrows walk along a line and change it, Enter clicks, + and - zoom, [ and ] move the view, 0 shows all.
function keys(fig) {
  fig.plots.addEventListener("keydown", (event) => {
    if (event.target !== fig.plots) return;
    const act = {
      ArrowLeft: () => along(fig, -1, event), ArrowRight: () => along(fig, 1, event),
      ArrowUp: () => across(fig, -1), ArrowDown: () => across(fig, 1),
      Home: () => toEnd(fig, 0), End: () => toEnd(fig, 1),
      Enter: () => fig.at && clicked(fig, pinned(fig, fig.at)), "+": () => scaleView(fig, 0.5, 0), "=": () => scaleView(fig, 0.5, 0), "-": () => scaleView(fig, 2, 0),
      "[": () => scaleView(fig, 1, -0.25), "]": () => scaleView(fig, 1, 0.25), 0: () => unzoom(fig),
      Escape: () => (fig.at ? (fig.at = null) : unzoom(fig)),
    }[event.key];
    if (!act || (event.ctrlKey && !event.key.startsWith("Arrow")) || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    overlay(fig);
    if (fig.at) announce(fig);
  });
  fig.plots.addEventListener("blur", () => { fig.at = null; overlay(fig); });
}

function begin(fig) {
  if (fig.at && fig.lines.has(fig.at.key)) return false;
  // The last panel holds what is asked about; its first line is where the cursor starts, in the middle of the view.
  for (let index = fig.panels.length - 1; index >= 0; index--) {
    const [line] = shownIn(fig, index).filter((each) => !each.raw), { xr } = fig.panels[index].scale;
    if (line) { fig.at = { index, key: line.key, i: nearest(line, (xr[0] + xr[1]) / 2), away: 0 }; return true; }
  }
  return true;
}

function along(fig, way, event) {
  if (begin(fig)) return;
  const line = fig.lines.get(fig.at.key), [from, until] = visible(line, fig.panels[fig.at.index].scale.xr);
  const one = event.ctrlKey ? 1 : Math.max(1, Math.floor((until - from) / 200)), y = line.columns[1];
  let i = Math.min(Math.max(fig.at.i + way * one * (event.shiftKey ? 10 : 1), from), until - 1);
  while (i > from && i < until - 1 && !Number.isFinite(y[i])) i += way;
  if (Number.isFinite(y[i])) fig.at.i = i;
}

function across(fig, way) {
  if (begin(fig)) return;
  const line = fig.lines.get(fig.at.key), x = line.columns[0][fig.at.i];
  const every = fig.panels.flatMap(({ scale }, index) => shownIn(fig, index).filter((each) => !each.raw)
    .map((each) => ({ index, key: each.key, i: nearest(each, x), away: 0, scale, line: each })).filter(({ i }) => i >= 0)
    .sort((a, b) => scale.y(a.line.columns[1][a.i]) - scale.y(b.line.columns[1][b.i])));
  const here = every.findIndex(({ key }) => key === fig.at.key);
  fig.at = every[(here + way + every.length) % every.length];
}

function toEnd(fig, end) {
  if (begin(fig)) return;
  const line = fig.lines.get(fig.at.key), { xr } = fig.panels[fig.at.index].scale;
  fig.at.i = nearest(line, xr[end]);
}

function scaleView(fig, factor, move) {
  const { scale } = fig.panels[fig.panels.length - 1], [low, high] = scale.xr, line = fig.at && fig.lines.get(fig.at.key);
  const middle = (line ? line.columns[0][fig.at.i] : (low + high) / 2), [first, last] = fig.whole();
  const a = middle - (middle - low) * factor + move * (high - low), b = middle + (high - middle) * factor + move * (high - low);
  const span = Math.min(b - a, last - first), from = Math.min(Math.max(a, first), last - span);
  if (!(span > 0)) return;
  fig.zoom.x = span >= last - first ? null : [from, from + span];
  fig.refit();
}

function announce(fig) {
  const line = fig.lines.get(fig.at.key);
  fig.voice.textContent = `${nameOf(line)}, ${fig.xName()} ${exact(line.columns[0][fig.at.i])}, ${fig.panels[fig.at.index].short || ""} ${valueAt(line, fig.at.i)}`;
}
