// Lines of a figure: columns that grow, the points of a view as a path with its extremes, the nearest point.

const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

function lineOf(row, columns) {
  const line = { ...row, columns, n: columns[0].length, sorted: true, version: 0, paths: {} };
  line.sorted = rises(line, 1);
  return line;
}

function rises(line, from) {
  const x = line.columns[0];
  for (let i = Math.max(from, 1); i < line.n; i++) if (x[i] < x[i - 1]) return false;
  return true;
}

// Room doubles, so that a line of any length is copied only now and then.
function extend(line, more) {
  const was = line.n, n = was + more[0].length;
  line.columns = line.columns.map((column, k) => {
    if (column.length < n) {
      const roomy = new Float32Array(Math.max(2 * column.length, n, 256));
      roomy.set(column.subarray(0, was));
      column = roomy;
    }
    column.set(more[k], was);
    return column;
  });
  line.n = n;
  line.sorted = line.sorted && rises(line, was);
  line.version += 1;
}

// First place whose x is at least v.
function place(line, v) {
  const x = line.columns[0];
  let low = 0, high = line.n;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (x[mid] < v) low = mid + 1; else high = mid;
  }
  return low;
}

// Places that a view shows, with one more on either side so that lines run to its edges.
function visible(line, range) {
  if (!line.sorted) return [0, line.n];
  return [Math.max(place(line, range[0]) - 1, 0), Math.min(place(line, range[1]) + 1, line.n)];
}

// Pixels of a column over the view, handed to `to(px, py, begins)`: of each column of pixels with many points
// the lowest and the highest, so that no spike is lost. From place `start` on, where what is before is drawn.
function walk(line, column, scale, to, start = 0) {
  const x = line.columns[0], y = line.columns[column], [first, until] = visible(line, scale.xr), from = Math.max(first, start);
  let begins = true;
  const put = (i) => { to(scale.x(x[i]), scale.y(y[i]), begins); begins = false; };
  if (!line.sorted || until - from <= 3 * scale.w) {
    for (let i = from; i < until; i++) if (Number.isFinite(y[i])) put(i); else begins = true;
    return;
  }
  const k = scale.w / (scale.xr[1] - scale.xr[0]), x0 = scale.xr[0];
  let here = NaN, open = false, low = 0, high = 0;
  const end = () => {
    if (!open) return;
    const [a, b] = low < high ? [low, high] : [high, low];
    put(a);
    if (b !== a) put(b);
    open = false;
  };
  for (let i = from; i < until; i++) {
    const v = y[i];
    if (!(v - v === 0)) { end(); begins = true; here = NaN; continue; }
    const at = Math.floor((x[i] - x0) * k);
    if (at !== here) { end(); here = at; open = true; low = high = i; }
    else if (v < y[low]) low = i;
    else if (v > y[high]) high = i;
  }
  end();
}

// Leaves out points that lie, to a fifth of a pixel, on the straight way between their neighbours: of a smooth curve most.
const STRAIGHT = 0.2;
function straightened(draw) {
  let ax = 0, ay = 0, bx = 0, by = 0, low = -Infinity, high = Infinity, held = false;
  const end = () => { if (held) draw(bx, by, false); held = false; };
  const anchor = (x, y) => { ax = x; ay = y; low = -Infinity; high = Infinity; };
  const put = (x, y, begins) => {
    const slope = (y - ay) / (x - ax);
    if (begins || !(x > bx) || slope < low || slope > high) {
      end();
      anchor(bx, by);
    }
    if (begins || !(x > ax)) {
      draw(x, y, begins);
      anchor(x, y);
    } else {
      low = Math.max(low, (y - STRAIGHT - ay) / (x - ax));
      high = Math.min(high, (y + STRAIGHT - ay) / (x - ax));
      held = true;
    }
    bx = x;
    by = y;
  };
  return { put, end };
}

// The path of a line in a view is kept until points or view change: a slider redraws one of many lines.
function pathOf(line, scale) {
  const key = `${line.version} ${scale.key}`;
  if (line.paths.key !== key) {
    const path = new Path2D(), { put, end } = straightened((px, py, begins) => (begins ? path.moveTo(px, py) : path.lineTo(px, py)));
    let travel = 0, count = 1, was = 0;
    walk(line, 1, scale, (px, py, begins) => {
      if (!begins) { travel += Math.abs(py - was); count += 1; }
      put(px, py, begins);
      was = py;
    });
    end();
    const rough = count > scale.w && travel > 4 * count;
    line.paths = { key, path, rough, band: line.band ? bandOf(line, scale) : null, dots: line.points ? dotsOf(line, scale) : null };
  }
  return line.paths;
}

function bandOf(line, scale) {
  const path = new Path2D(), back = [];
  const upper = straightened((px, py) => path.lineTo(px, py)), lower = straightened((px, py) => back.push([px, py]));
  walk(line, 3, scale, upper.put);
  upper.end();
  walk(line, 2, scale, lower.put);
  lower.end();
  for (const [px, py] of back.reverse()) path.lineTo(px, py);
  path.closePath();
  return path;
}

// Dots only while they do not run into each other.
function dotted(line, scale) {
  const [from, until] = visible(line, scale.xr);
  return line.points && until - from <= scale.w / 5;
}

function dotsOf(line, scale, start = 0) {
  if (!dotted(line, scale)) return null;
  const [x, y] = line.columns, path = new Path2D(), [first, until] = visible(line, scale.xr), from = Math.max(first, start);
  for (let i = from; i < until; i++) {
    if (!Number.isFinite(y[i])) continue;
    const px = scale.x(x[i]), py = scale.y(y[i]);
    path.moveTo(px + 2.5, py);
    path.arc(px, py, 2.5, 0, 2 * Math.PI);
  }
  return path;
}

// Lowest and highest value of a line, its band with it, in a view or of all that there is: added up as it grows.
function reach(line, range) {
  const [from, until] = range ? visible(line, range) : [0, line.n], key = String(range);
  const known = line.reached?.key === key && line.reached.from === from ? line.reached : { until: from, ends: [Infinity, -Infinity] };
  line.reached = { key, from, until, ends: extent(line, known.until, until, known.ends) };
  return line.reached.ends;
}

function extent(line, from, until, [low, high]) {
  for (const y of line.columns.slice(1)) for (let i = from; i < until; i++) {
    if (!Number.isFinite(y[i])) continue;
    if (y[i] < low) low = y[i];
    if (y[i] > high) high = y[i];
  }
  return [low, high];
}

// Place of the point whose x is nearest to v, among those with a finite value.
function nearest(line, v) {
  const [x, y] = line.columns;
  if (!line.n) return -1;
  let best = -1;
  if (line.sorted) {
    const at = place(line, v);
    let left = at - 1, right = at;
    while (left >= 0 && !Number.isFinite(y[left])) left--;
    while (right < line.n && !Number.isFinite(y[right])) right++;
    if (left < 0) return right < line.n ? right : -1;
    return right >= line.n || v - x[left] <= x[right] - v ? left : right;
  }
  for (let i = 0; i < line.n; i++)
    if (Number.isFinite(y[i]) && (best < 0 || Math.abs(x[i] - v) < Math.abs(x[best] - v))) best = i;
  return best;
}

// Distance in pixels from a place on the panel to a line: to the segments around it, up to `most` away.
function distance(line, scale, px, py, most) {
  const [x, y] = line.columns;
  const [from, until] = visible(line, [scale.toX(px - most), scale.toX(px + most)]);
  const jump = Math.max(1, Math.floor((until - from) / 400));
  let best = Infinity, ax = NaN, ay = NaN;
  for (let i = from; i < until; i += jump) {
    if (!Number.isFinite(y[i])) { ax = NaN; continue; }
    const bx = scale.x(x[i]), by = scale.y(y[i]);
    best = Math.min(best, ax === ax ? toSegment(px, py, ax, ay, bx, by) : Math.hypot(px - bx, py - by));
    ax = bx; ay = by;
  }
  return best;
}

function toSegment(px, py, ax, ay, bx, by) {
  const dx = bx - ax, dy = by - ay, long = dx * dx + dy * dy;
  const t = long ? Math.min(Math.max(((px - ax) * dx + (py - ay) * dy) / long, 0), 1) : 0;
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}
