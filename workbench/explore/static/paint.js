// What the canvas draws besides its points: SVG elements, the path of a curve, grid and axes.

const NS = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, parent = null) {
  const el = document.createElementNS(NS, tag);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  parent?.append(el);
  return el;
}

// SVG path of the curve through points; where it is bent on the screen, a point for every second pixel.
function pathOf(s, pairs, smooth) {
  if (pairs.length < 2) return "";
  const value = curve(pairs, smooth), last = Math.min(pairs.at(-1)[0], s.total);
  const steps = [...pairs.map((p) => p[0]), last].filter((step) => step <= last);
  if (smooth || s.log) for (let px = PAD.left; px < s.x(last); px += 2) steps.push(s.step(px));
  steps.sort((a, b) => a - b);
  return "M" + steps.map((step) => `${s.x(step).toFixed(1)},${s.y(value(step)).toFixed(1)}`).join("L");
}

// Grid, ticks with their numbers, and the names of both axes with their units.
function drawAxes(s, snap, { grid, labels, frame }) {
  const lines = [], texts = [];
  const text = (x, y, anchor, content, more = "") => texts.push(`<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${content}</text>`);
  for (const t of stepTicks(s)) {
    lines.push(`<line x1="${s.x(t)}" x2="${s.x(t)}" y1="${PAD.top}" y2="${s.bottom + 4}"/>`);
    text(s.x(t), s.bottom + 17, "middle", short(t));
  }
  if (snap) for (const r of gridRates(s)) if (s.log || r > s.top / 12) lines.push(`<line class="fine" x1="${PAD.left}" x2="${s.right}" y1="${s.y(r)}" y2="${s.y(r)}"/>`);
  for (const t of rateTicks(s)) {
    lines.push(`<line x1="${PAD.left - 4}" x2="${s.right}" y1="${s.y(t)}" y2="${s.y(t)}"/>`);
    text(PAD.left - 8, s.y(t) + 4, "end", short(t));
  }
  text(PAD.left + s.w / 2, s.bottom + 35, "middle", "step (updates)");
  text(0, 0, "middle", "learning rate", `transform="translate(13,${PAD.top + s.h / 2}) rotate(-90)"`);
  grid.innerHTML = lines.join("");
  labels.innerHTML = texts.join("");
  for (const [k, v] of Object.entries({ x: PAD.left, y: PAD.top, width: s.w, height: s.h })) frame.setAttribute(k, v);
}
