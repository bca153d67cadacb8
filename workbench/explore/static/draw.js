// One panel on its canvas: shades, grid, axes, bands, lines, dots; or only what has come to the lines' ends.

function drawPanel(canvas, panel, scale, lines, look, state) {
  const ratio = window.devicePixelRatio || 1, width = scale.right + MARGIN.right;
  const wide = Math.round(width * ratio), high = Math.round(panel.height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${panel.height}px`;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, panel.height);
  ctx.font = look.font;
  ctx.lineJoin = "bevel";
  shade(ctx, panel, scale, look);
  axes(ctx, panel, scale, look);
  inside(ctx, scale, () => {
    for (const line of lines) if (line.band) {
      ctx.globalAlpha = look.dark ? 0.24 : 0.17;
      ctx.fillStyle = seen(line.color, look);
      ctx.fill(pathOf(line, scale).band);
    }
    for (const line of ordered(lines)) {
      stroke(ctx, line, pathOf(line, scale), faintness(line, lines), scale, look, state);
      line.drawn = line.n;
      line.dotted = dotted(line, scale);
    }
  });
}

// New points are drawn over what is there: with many long lines, everything again would take too long.
function drawTails(canvas, scale, lines, look, state) {
  const ctx = canvas.getContext("2d");
  inside(ctx, scale, () => {
    for (const line of ordered(lines)) {
      if (line.n === line.drawn) continue;
      const from = Math.max(line.drawn - 1, 0), path = new Path2D();
      walk(line, 1, scale, (px, py, begins) => (begins ? path.moveTo(px, py) : path.lineTo(px, py)), from);
      stroke(ctx, line, { path, dots: dotsOf(line, scale, from), rough: line.paths.rough }, faintness(line, lines), scale, look, state);
      line.drawn = line.n;
    }
  });
}

// Whether the ends of these lines can be drawn alone.
const growsOnly = (lines, scale) => lines.every((line) => line.n === line.drawn
  || (line.sorted && line.drawn && !line.band && !line.dash && line.dotted === dotted(line, scale)));

const ordered = (lines) => [...lines.filter((line) => line.raw), ...lines.filter((line) => !line.raw)];
// Many raw curves over each other would hide what smooths them: the more, the fainter.
const faintness = (line, lines) => (line.raw ? Math.max(0.35 / Math.sqrt(lines.filter((each) => each.raw).length), 0.07) : 1);

function inside(ctx, scale, call) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(scale.left, scale.top - 1, scale.w, scale.h + 2);
  ctx.clip();
  call();
  ctx.restore();
}

function stroke(ctx, line, { path, dots, rough }, alpha, scale, look, state) {
  ctx.strokeStyle = ctx.fillStyle = seen(line.color, look);
  ctx.globalAlpha = alpha;
  // Where a line fills whole columns, the thinnest stroke looks the same and is drawn four times as fast.
  ctx.lineWidth = rough ? 1 / (window.devicePixelRatio || 1) : line.raw ? Math.min(line.width, 1) : line.width;
  const { handles, mark } = state;
  if (handles && handles.key === line.key && mark !== null) {
    const at = scale.x(mark);
    part(ctx, scale.left, at - scale.left, scale, () => ctx.stroke(path));
    ctx.setLineDash([6, 4]);
    part(ctx, at, scale.right - at, scale, () => ctx.stroke(path));
  } else {
    ctx.setLineDash(line.dash ? [6, 4] : []);
    ctx.stroke(path);
  }
  ctx.setLineDash([]);
  if (dots) ctx.fill(dots);
  ctx.globalAlpha = 1;
}

function part(ctx, left, width, scale, call) {
  if (width <= 0) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, 0, width, scale.foot + 2);
  ctx.clip();
  call();
  ctx.restore();
}

function shade(ctx, panel, scale, look) {
  part(ctx, scale.left, scale.w, scale, () => {
    ctx.textAlign = "center";
    (panel.shades || []).forEach((each, i) => {
      const a = scale.x(each.from), b = scale.x(each.to);
      ctx.fillStyle = `rgba(128,128,128,${i % 2 ? 0.05 : 0.14})`;
      ctx.fillRect(a, scale.top, b - a, scale.h);
      if (!panel.names) return;
      // The name stands in the middle of what is seen of its stretch.
      const from = Math.max(a, scale.left), to = Math.min(b, scale.right);
      ctx.fillStyle = look.ink;
      ctx.globalAlpha = 0.75;
      if (ctx.measureText(each.name).width < to - from - 6) ctx.fillText(each.name, (from + to) / 2, scale.top + 13);
      ctx.globalAlpha = 1;
    });
  });
}

function axes(ctx, panel, scale, look) {
  const across = ticks(scale.xr[0], scale.xr[1], scale.w / 90), yMost = scale.h / 38;
  const up = scale.log ? logTicks(scale.yr[0], scale.yr[1], yMost) : ticks(scale.yr[0], scale.yr[1], yMost);
  ctx.strokeStyle = look.faint;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const { at } of across) { const x = Math.round(scale.x(at)) + 0.5; ctx.moveTo(x, scale.top); ctx.lineTo(x, scale.foot + 4); }
  for (const { at } of up) { const y = Math.round(scale.y(at)) + 0.5; ctx.moveTo(scale.left - 4, y); ctx.lineTo(scale.right, y); }
  ctx.stroke();
  ctx.fillStyle = look.ink;
  ctx.textBaseline = "top";
  let free = -Infinity;
  for (const each of across) {
    const text = tick(each), half = ctx.measureText(text).width / 2, x = Math.min(scale.x(each.at), scale.right + MARGIN.right - half - 1);
    if (x - half < free) continue;
    ctx.textAlign = "center";
    ctx.fillText(text, x, scale.foot + 7);
    free = x + half + 6;
  }
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const each of up) ctx.fillText(tick(each), scale.left - 8, Math.min(Math.max(scale.y(each.at), 6), scale.foot - 1));
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  if (panel.xLabel) ctx.fillText(panel.xLabel, scale.left + scale.w / 2, scale.foot + 34, scale.w);
  if (panel.yLabel) {
    ctx.save();
    ctx.translate(12, scale.top + scale.h / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.fillText(panel.yLabel, 0, 0, panel.height);
    ctx.restore();
  }
}
