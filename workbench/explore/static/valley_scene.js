// The two pictures of the valley: a map with contours, and the same as a surface that can be turned.
// L(x, y) = hill + river with hill = 1/2 curvature (y - width sin(bends x))^2, so contours have a formula.

const FONT = "13px";
const middleOf = (land, x) => land.width * Math.sin(land.bends * x);
const riverOf = (land, x) => (land.bed === "bowl" ? 0.5 * land.slope * (x - land.length) ** 2 : -land.slope * x);
const hillOf = (land, x, y) => 0.5 * land.curvature * (y - middleOf(land, x)) ** 2;

function palette(el) {
  const css = getComputedStyle(el), pick = (name, other) => css.getPropertyValue(name).trim() || other;
  const [r, g, b] = (css.color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  const dark = 0.3 * r + 0.6 * g + 0.1 * b > 140;
  return {
    dark,
    ink: pick("--jp-ui-font-color1", css.color),
    paper: dark ? "#111" : "#fff",
    family: pick("--jp-ui-font-family", "system-ui, sans-serif"),
    floor: dark ? [22, 40, 50] : [226, 239, 246],
    slope: dark ? [70, 66, 56] : [226, 214, 190],
    ridge: dark ? [128, 108, 80] : [170, 142, 104],
    contour: dark ? "rgba(255,255,255,.30)" : "rgba(60,40,10,.34)",
    river: dark ? "#56B4E9" : "#2b8cc4",
  };
}

const mixed = (a, b, u) => a.map((v, i) => v + (b[i] - v) * u);
// Colour of a place by its height over the river, 1 being the top of the picture.
function earth(look, high, light = 1) {
  const u = Math.min(Math.sqrt(Math.max(high, 0)), 1);
  const c = u < 0.5 ? mixed(look.floor, look.slope, 2 * u) : mixed(look.slope, look.ridge, 2 * u - 1);
  return `rgb(${c.map((v) => Math.round(Math.min(v * light, 255))).join(",")})`;
}

function ticksOf(low, high, count) {
  const raw = (high - low) / count, grain = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * grain).find((n) => n >= raw * 0.999);
  const out = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step) out.push(+v.toPrecision(10));
  return out;
}

// Scales of the map, and the map itself without walkers.
function mapScales(span, width, height) {
  const left = 46, top = 8, w = width - left - 10, h = height - top - 38;
  const [x0, x1] = span.x, [y0, y1] = span.y;
  return {
    left, top, w, h,
    x: (x) => left + ((x - x0) / (x1 - x0)) * w, y: (y) => top + h - ((y - y0) / (y1 - y0)) * h,
    ofX: (px) => x0 + ((px - left) / w) * (x1 - x0), ofY: (py) => y0 + ((top + h - py) / h) * (y1 - y0),
  };
}

function drawMap(ctx, scene, width, height, look) {
  const { land, span } = scene, s = mapScales(span, width, height);
  ctx.clearRect(0, 0, width, height);
  ctx.save();
  ctx.beginPath();
  ctx.rect(s.left, s.top, s.w, s.h);
  ctx.clip();
  // Bands of equal height over the river: each is a strip beside it, so a few wide strokes paint them.
  const top = hillOf(land, 0, middleOf(land, 0) + (span.y[1] - span.y[0]) / 2);
  ctx.fillStyle = earth(look, 1);
  ctx.fillRect(s.left, s.top, s.w, s.h);
  const xs = Array.from({ length: 161 }, (_, i) => span.x[0] + (i / 160) * (span.x[1] - span.x[0]));
  for (let k = 13; k >= 0; k--) {
    const away = Math.sqrt((2 * top * ((k + 1) / 14) ** 2) / land.curvature);
    ctx.fillStyle = earth(look, (k / 13) ** 2);
    ctx.beginPath();
    xs.forEach((x) => ctx.lineTo(s.x(x), s.y(middleOf(land, x) + away)));
    [...xs].reverse().forEach((x) => ctx.lineTo(s.x(x), s.y(middleOf(land, x) - away)));
    ctx.fill();
  }
  contours(ctx, s, land, xs, span, look);
  ctx.strokeStyle = look.river;
  ctx.lineWidth = 3;
  ctx.beginPath();
  xs.forEach((x) => ctx.lineTo(s.x(x), s.y(middleOf(land, x))));
  ctx.stroke();
  ctx.restore();
  frameOf(ctx, s, span, look);
  return s;
}

function contours(ctx, s, land, xs, span, look) {
  const beds = xs.map((x) => riverOf(land, x)), low = Math.min(...beds), high = Math.max(...beds);
  ctx.strokeStyle = look.contour;
  ctx.lineWidth = 1;
  for (const level of [...ticksOf(low, high, 9), ...[1, 2, 4, 8, 16].map((n) => high + n * Math.max(high - low, 0.2))]) {
    for (const side of [1, -1]) {
      ctx.beginPath();
      xs.forEach((x, i) => {
        if (level < beds[i]) return;
        ctx.lineTo(s.x(x), s.y(middleOf(land, x) + side * Math.sqrt((2 * (level - beds[i])) / land.curvature)));
      });
      ctx.stroke();
    }
  }
}

function frameOf(ctx, s, span, look) {
  ctx.font = `${FONT} ${look.family}`;
  ctx.fillStyle = look.ink;
  ctx.strokeStyle = look.ink;
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = 1;
  ctx.strokeRect(s.left + 0.5, s.top + 0.5, s.w - 1, s.h - 1);
  ctx.globalAlpha = 1;
  ctx.textAlign = "center";
  for (const x of ticksOf(...span.x, 6)) ctx.fillText(short(x), s.x(x), s.top + s.h + 16);
  ctx.fillText("x, along the river", s.left + s.w / 2, s.top + s.h + 33);
  ctx.textAlign = "right";
  for (const y of ticksOf(...span.y, 4)) ctx.fillText(short(y), s.left - 6, s.y(y) + 4);
  ctx.save();
  ctx.translate(12, s.top + s.h / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textAlign = "center";
  ctx.fillText("y", 0, 0);
  ctx.restore();
}

// From a place (x, y, loss) to the picture: turned about the vertical, tilted, a little perspective.
function camera(scene, width, height, yaw, tilt) {
  const { span } = scene, [x0, x1] = span.x, [y0, y1] = span.y, [z0, z1] = span.z;
  const cy = Math.cos(yaw), sy = Math.sin(yaw), ct = Math.cos(tilt), st = Math.sin(tilt);
  const raw = (x, y, z) => {
    const a = ((x - x0) / (x1 - x0)) * 3 - 1.5, b = ((y - y0) / (y1 - y0)) * 1.5 - 0.75, c = ((z - z0) / (z1 - z0)) * 1.05 - 0.5;
    const p = a * cy - b * sy, q = a * sy + b * cy, depth = q * ct - c * st, k = 5 / (5 + depth);
    return [p * k, (q * st + c * ct) * k, depth];
  };
  // It fills the picture with the surface and its axis, whichever way they are turned.
  const seen = [z0, z1].map((z) => raw(x0, y0, z));
  for (let i = 0; i <= 40; i++) {
    const x = x0 + (i / 40) * (x1 - x0), bed = riverOf(scene.land, x), y = middleOf(scene.land, x);
    seen.push(raw(x, y, bed), raw(x, y - span.u, bed + span.top), raw(x, y + span.u, bed + span.top));
  }
  const left = Math.min(...seen.map((c) => c[0])), right = Math.max(...seen.map((c) => c[0]));
  const low = Math.min(...seen.map((c) => c[1])), high = Math.max(...seen.map((c) => c[1]));
  const scale = Math.min((width - 64) / (right - left), (height - 44) / (high - low));
  const ox = width / 2 + 20 - (scale * (left + right)) / 2, oy = height / 2 + 10 + (scale * (low + high)) / 2;
  return (x, y, z) => { const [p, q, d] = raw(x, y, z); return [ox + scale * p, oy - scale * q, d]; };
}

function drawSurface(ctx, scene, width, height, look, at) {
  const { land, span } = scene, along = 110, across = 16, points = [], [z0, z1] = span.z;
  ctx.clearRect(0, 0, width, height);
  for (let i = 0; i <= along; i++) {
    const x = Math.max(span.x[0], 0) + (i / along) * (span.x[1] - Math.max(span.x[0], 0)), bed = riverOf(land, x);
    points.push(Array.from({ length: across + 1 }, (_, j) => {
      const u = ((j / across) * 2 - 1) * span.u, high = (0.5 * land.curvature * u * u) / span.top;
      return [...at(x, middleOf(land, x) + u, bed + high * span.top), high];
    }));
  }
  const quads = [];
  for (let i = 0; i < along; i++)
    for (let j = 0; j < across; j++) {
      const four = [points[i][j], points[i + 1][j], points[i + 1][j + 1], points[i][j + 1]];
      quads.push([four.reduce((sum, p) => sum + p[2], 0), four, (j + 0.5) / across]);
    }
  quads.sort((a, b) => b[0] - a[0]);
  for (const [, four, side] of quads) {
    const high = (four[0][3] + four[2][3]) / 2;
    ctx.fillStyle = ctx.strokeStyle = earth(look, high, 1.06 - 0.3 * side);
    ctx.lineWidth = 0.8;
    ctx.beginPath();
    for (const p of four) ctx.lineTo(p[0], p[1]);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  for (const [j, color, wide] of [[0, look.contour, 1], [across, look.contour, 1], [across / 2, look.river, 2.5]]) {
    ctx.strokeStyle = color;
    ctx.lineWidth = wide;
    ctx.beginPath();
    for (const row of points) ctx.lineTo(row[j][0], row[j][1]);
    ctx.stroke();
  }
  // The axis of the loss stands at the beginning of the river.
  ctx.strokeStyle = ctx.fillStyle = look.ink;
  ctx.lineWidth = 1;
  ctx.font = `${FONT} ${look.family}`;
  const foot = at(span.x[0], span.y[0], z0), head = at(span.x[0], span.y[0], z1);
  ctx.beginPath();
  ctx.moveTo(foot[0], foot[1]);
  ctx.lineTo(head[0], head[1]);
  ctx.stroke();
  ctx.textAlign = "right";
  for (const z of ticksOf(z0, z1, 4)) {
    const p = at(span.x[0], span.y[0], z);
    ctx.fillText(short(z), p[0] - 7, p[1] + 4);
    ctx.fillRect(p[0] - 4, p[1] - 0.5, 4, 1);
  }
  ctx.textAlign = "center";
  ctx.fillText("loss (nats)", Math.max(head[0], 36), head[1] - 12);
}
