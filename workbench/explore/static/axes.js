// Arithmetic of the canvas: steps and rates to pixels and back, ticks, the grid that points snap to, and the
// curve through points, which is the one that Python makes of them.

const PAD = { left: 64, right: 26, top: 12, bottom: 40 };
const BAND = 16; // of a log axis, the pixels below its lowest decade: they reach down to 0
const DECADES = 4;
const DIGITS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

function scales(width, height, total, top, log) {
  const w = Math.max(width - PAD.left - PAD.right, 60), h = height - PAD.top - PAD.bottom;
  const low = top / 10 ** DECADES;
  const up = (rate) => {
    if (!log) return (rate / top) * h;
    return rate <= low ? (rate / low) * BAND : BAND + (Math.log10(rate / low) / DECADES) * (h - BAND);
  };
  const down = (p) => {
    if (!log) return (p / h) * top;
    return p <= BAND ? (p / BAND) * low : low * 10 ** (((p - BAND) / (h - BAND)) * DECADES);
  };
  return {
    w, h, low, total, top, log, right: PAD.left + w, bottom: PAD.top + h,
    x: (step) => PAD.left + (step / total) * w,
    y: (rate) => PAD.top + h - clamp(up(rate), -4, h + 4),
    step: (px) => clamp((px - PAD.left) / w, 0, 1) * total,
    rate: (py) => Math.min(down(clamp(PAD.top + h - py, 0, h)), top),
  };
}

function even(high, count) {
  const raw = high / Math.max(count, 1), grain = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * grain).find((n) => n >= raw * 0.999);
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, i) => +(i * step).toPrecision(12));
}

const stepTicks = (s) => even(s.total, s.w / 75);

function rateTicks(s) {
  if (!s.log) return even(s.top, s.h / 48);
  const first = Math.ceil(Math.log10(s.low) - 1e-9), last = Math.floor(Math.log10(s.top) + 1e-9);
  return [0, ...Array.from({ length: last - first + 1 }, (_, i) => +`1e${first + i}`)];
}

// Rates that a point snaps to: about ten in each decade, round, and 0.
function gridRates(s) {
  const out = [0];
  for (let d = Math.floor(Math.log10(s.low)); d <= Math.log10(s.top); d++)
    for (const digit of DIGITS) out.push(+`${digit}e${d}`);
  return out.filter((r) => r === 0 || (r >= s.low * 0.999 && r <= s.top * 1.001));
}
const gridStep = (s) => Math.max(1, Math.round(s.total / 100));
const nearestOf = (values, v, measure) => values.reduce((a, b) => (measure(b, v) < measure(a, v) ? b : a));

// In the pixels of the axis, so that the nearest is what the eye takes for it, but never a 0 that is not meant.
const snapRate = (s, rate) => nearestOf(gridRates(s), rate, (a, b) => Math.abs(s.y(a) - s.y(b)));

// Place of the peak: the last point that is highest.
const peakOf = (points) => points.map((p) => p[1]).lastIndexOf(Math.max(...points.map((p) => p[1])));
// Whether nothing rises after point `from`.
const fallsFrom = (points, from) => points.every((p, i) => i <= from || p[1] <= points[i - 1][1]);
// The rate nearest to the wanted one with which nothing rises after the peak, the one that is or the one that
// was (else a peak dragged below its neighbour would make a dip of itself): its own, or another point's.
function allowed(points, i, rate) {
  const others = points.map((p) => p[1]).sort((a, b) => Math.abs(a - rate) - Math.abs(b - rate)), was = peakOf(points);
  const fits = (r) => {
    const next = points.map((p, k) => (k === i ? [p[0], r] : p));
    return fallsFrom(next, was) && fallsFrom(next, peakOf(next));
  };
  return [rate, ...others].find(fits) ?? points[i][1];
}
function level(points) {
  const rates = points.map((p) => p[1]);
  for (let i = peakOf(points) + 1; i < rates.length; i++) rates[i] = Math.min(rates[i], rates[i - 1]);
  return points.map((p, i) => [p[0], rates[i]]);
}

// Rate at a step: straight lines, or the monotone cubic of Fritsch and Carlson with SciPy's end slopes.
function curve(points, smooth) {
  const x = points.map((p) => p[0]), y = points.map((p) => p[1]), n = x.length;
  const h = x.slice(1).map((v, i) => v - x[i]), d = h.map((v, i) => (y[i + 1] - y[i]) / v);
  const slope = new Array(n).fill(0);
  if (smooth && n > 2) {
    for (let k = 1; k < n - 1; k++) {
      if (d[k - 1] * d[k] <= 0) continue;
      const a = 2 * h[k] + h[k - 1], b = h[k] + 2 * h[k - 1];
      slope[k] = (a + b) / (a / d[k - 1] + b / d[k]);
    }
    const end = (h0, h1, d0, d1) => {
      const s = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
      if (s * d0 <= 0) return 0;
      return d0 * d1 < 0 && Math.abs(s) > 3 * Math.abs(d0) ? 3 * d0 : s;
    };
    slope[0] = end(h[0], h[1], d[0], d[1]);
    slope[n - 1] = end(h[n - 2], h[n - 3], d[n - 2], d[n - 3]);
  }
  return (step) => {
    let k = 0;
    while (k < n - 2 && step >= x[k + 1]) k++;
    const u = clamp((step - x[k]) / h[k], 0, 1);
    if (!smooth || n < 3) return y[k] + u * (y[k + 1] - y[k]);
    const v = 1 - u;
    return y[k] * (1 + 2 * u) * v * v + y[k + 1] * (3 - 2 * u) * u * u + h[k] * (slope[k] * u * v * v - slope[k + 1] * u * u * v);
  };
}
