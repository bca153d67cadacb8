// Axes of a figure: ranges in round numbers, pixels and back, ticks as people write them, and colours of a theme.

const MARGIN = { left: 66, right: 14, top: 8 };

function scaleOf(panel, width, xr, yr) {
  const bottom = panel.xLabel ? 38 : 24, log = Boolean(panel.log) && yr[0] > 0;
  const w = Math.max(width - MARGIN.left - MARGIN.right, 40), h = Math.max(panel.height - MARGIN.top - bottom, 20);
  const up = log ? Math.log10 : (v) => v;
  const low = up(yr[0]), high = up(yr[1]), kx = w / (xr[1] - xr[0]), ky = h / (high - low);
  const foot = MARGIN.top + h;
  return {
    w, h, xr, yr, log, left: MARGIN.left, right: MARGIN.left + w, top: MARGIN.top, foot,
    x: (v) => MARGIN.left + (v - xr[0]) * kx,
    // Values far outside are drawn just outside: canvases lose their mind over huge numbers.
    y: (v) => Math.min(Math.max(foot - ((log ? (v > 0 ? Math.log10(v) : low - 1) : v) - low) * ky, -2e3), 4e3),
    toX: (px) => xr[0] + (px - MARGIN.left) / kx,
    toY: (py) => { const v = low + (foot - py) / ky; return log ? 10 ** v : v; },
    key: [w, h, xr, yr, log].join(),
  };
}

// Ends in round numbers around low and high: they move seldom while a curve grows.
function round(low, high, log) {
  if (!(high >= low)) return log ? [0.1, 1] : [0, 1];
  if (log && low > 0) {
    const middle = Math.sqrt(low * high), half = Math.max(Math.sqrt(high / low), 1.12) * 1.04;
    const grain = 10 ** (Math.floor(Math.log10(Math.log10(half) * 2)) - 1);
    return [10 ** (Math.floor(Math.log10(middle / half) / grain) * grain), 10 ** (Math.ceil(Math.log10(middle * half) / grain) * grain)];
  }
  const size = Math.max(Math.abs(high), Math.abs(low));
  // Of one value, or of what float32 cannot tell from one, a picture of rounding errors says nothing.
  if (high - low <= 1e-6 * size || !size) return [low - size / 20, size ? high + size / 20 : 1];
  const grain = 10 ** Math.floor(Math.log10(high - low)) / 4;
  return [Math.floor(low / grain) * grain, Math.max(Math.ceil(high / grain), Math.floor(low / grain) + 1) * grain];
}

function ticks(low, high, most) {
  const raw = (high - low) / Math.max(most, 1), grain = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * grain).find((n) => n >= raw * 0.999);
  const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, i) => ({ at: +((first + i) * step).toPrecision(12), step }));
}

// Of a log axis the powers of ten; where it spans less than two, 1, 2 and 5 of each; within half a decade, even steps.
function logTicks(low, high, most) {
  const spans = Math.log10(high / low);
  if (spans < 0.6) return ticks(low, high, most);
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), every = Math.max(1, Math.ceil(spans / most));
  const out = [];
  for (let d = first; d <= last; d += every)
    for (const digit of spans < 2 ? [1, 2, 5] : [1]) {
      const at = +`${digit}e${d}`;
      if (at >= low * 0.9999 && at <= high * 1.0001) out.push({ at, step: at });
    }
  return out;
}

const UNITS = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];
const place10 = (v) => Math.floor(Math.log10(Math.abs(v)) + 1e-9);

// A tick with the digits that its step needs, in the short forms of large numbers.
function tick({ at, step }) {
  if (at === 0) return "0";
  const size = Math.abs(at);
  const unit = UNITS.find(([least]) => size >= least);
  if (unit) return `${at / unit[0] === Math.round(at / unit[0]) ? at / unit[0] : +(at / unit[0]).toPrecision(6)}${unit[1]}`;
  if (size >= 1e3) return at.toLocaleString("en", { maximumFractionDigits: Math.max(0, -place10(step)) });
  if (size < 1e-2) return at.toExponential(Math.max(0, place10(at) - place10(step))).replace(/\.?0+e/, "e");
  return at.toFixed(Math.max(0, -place10(step)));
}

// A value as exact as float32 carries it, for the box under the pointer.
function exact(v) {
  const size = Math.abs(v);
  if (!Number.isFinite(v)) return "not finite";
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-2) return v.toExponential(3).replace(/\.?0+e/, "e");
  if (size >= 1e3) return (+v.toPrecision(7)).toLocaleString("en", { maximumFractionDigits: 2 });
  return String(+v.toPrecision(5));
}

const channels = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
const luminance = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

// The colour that the figure stands on: of the nearest element that has one.
function under(el) {
  for (let node = el; node; node = node.parentElement) {
    const color = getComputedStyle(node).backgroundColor;
    if (!/^(transparent|rgba\(.*, 0\))$/.test(color)) return color;
  }
  return "";
}

// What the page around wears now: JupyterLab's and Voila's variables, or the plain page's own colours.
function theme(el) {
  const css = getComputedStyle(el), ground = under(el);
  const pick = (name, other) => css.getPropertyValue(name).trim() || other;
  const probe = document.createElement("canvas").getContext("2d");
  const hex = (color) => { probe.fillStyle = "#000"; probe.fillStyle = color; return /^#/.test(probe.fillStyle) ? probe.fillStyle : rgb(probe.fillStyle); };
  const rgb = (text) => `#${(text.match(/[\d.]+/g) || [0, 0, 0]).slice(0, 3).map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;
  const ink = hex(css.color), dark = luminance(channels(ink)) > 0.4;
  const paper = hex(ground || (dark ? "#111111" : "#ffffff"));
  // The style sheet has the same two colours wherever the figure stands.
  el.style.setProperty("--lrw-ink", ink);
  el.style.setProperty("--lrw-paper", paper);
  return {
    ink, dark, paper, css: css.color,
    faint: dark ? "rgba(255,255,255,.13)" : "rgba(0,0,0,.1)",
    font: `12px ${pick("--jp-ui-font-family", "system-ui, sans-serif")}`,
    shown: new Map(),
  };
}

// A colour that can be seen on this paper: its own, or moved towards the ink until the contrast is 3 to 1.
function seen(color, look) {
  if (!/^#[0-9a-f]{6}$/i.test(color)) return look.ink;
  if (look.shown.has(color)) return look.shown.get(color);
  const paper = luminance(channels(look.paper)), to = look.dark ? 255 : 0, own = channels(color);
  let mixed = own;
  for (let share = 0; share < 1 && contrast(luminance(mixed), paper) < 3; share += 0.05)
    mixed = own.map((c) => Math.round(c + (to - c) * share));
  const out = `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
  look.shown.set(color, out);
  return out;
}
