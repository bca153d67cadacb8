// The canvas: points on an SVG, moved with pointer or keys. Python has the state and checks it; while a point
// is dragged this draws by itself, so that nothing waits for the kernel.

const HELP = "Drag a point. Press on the line to add one, double-click to add or delete. Keys: Tab, arrows (Shift: coarse), n adds, Delete, Ctrl+Z, Ctrl+Shift+Z. A point left at the upper edge gives more room.";

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lrw-canvas";
  const svg = make("svg", { role: "group", "aria-label": "learning rate over steps, drawn with points" });
  const grid = make("g", { class: "lrw-grid", "aria-hidden": "true" }, svg);
  const labels = make("g", { "aria-hidden": "true" }, svg);
  const frame = make("rect", { class: "lrw-frame" }, svg);
  const ghost = make("path", { class: "lrw-ghost" }, svg);
  const line = make("path", { class: "lrw-line" }, svg);
  const touch = make("path", { class: "lrw-catch" }, svg);
  const cross = make("line", { class: "lrw-cross", visibility: "hidden" }, svg);
  const spot = make("circle", { class: "lrw-spot", r: 4, visibility: "hidden" }, svg);
  const dots = make("g", {}, svg);
  const said = document.createElement("div");
  said.className = "lrw-said";
  const keys = document.createElement("div");
  keys.className = "lrw-keys";
  keys.setAttribute("role", "status");

  let points = model.get("points"), width = 0, s = null, queued = false, chosen = -1, grab = null, added = 0, held = false;
  const say = (text) => { keys.textContent = text || model.get("problem") || HELP; };
  const words = (step, rate) => `step ${short(Math.round(step))}  ·  rate ${short(+rate.toPrecision(3))}`;
  const ends = (i) => i === 0 || i === points.length - 1;
  const tools = toolbar(model, { history, remove: () => remove(chosen) });
  root.append(tools.box, svg, said, keys);
  el.append(root);

  function change(next, dragging) {
    points = next;
    model.set("points", next);
    model.set("dragging", dragging);
    model.save_changes();
    queue();
  }
  function finish() {
    if (model.get("dragging")) { model.set("dragging", false); model.save_changes(); }
  }
  function history(what) {
    finish();
    model.send({ type: what });
  }
  // Where point i may go: between its neighbours, the first and the last on their step, snapped if asked for.
  function move(i, step, rate, dragging) {
    const next = points.map((p) => [...p]);
    if (model.get("snap")) { const g = gridStep(s); step = Math.round(step / g) * g; }
    if (!ends(i)) next[i][0] = clamp(Math.round(step), points[i - 1][0] + 1, points[i + 1][0] - 1);
    rate = clamp(rate, 0, s.top);
    if (model.get("snap")) rate = snapRate(s, rate);
    const ruled = model.get("monotone") ? allowed(next, i, rate) : rate;
    next[i][1] = +ruled.toPrecision(6);
    if (model.get("monotone") && !fallsFrom(next, peakOf(next))) next[i][1] = ruled; // rounded up above another
    say(ruled === rate ? "" : "Monotone: the rate does not rise after the peak.");
    change(next, dragging);
  }
  function add(step, rate, dragging) {
    step = Math.round(step);
    const i = points.findIndex((p) => p[0] >= step);
    if (i < 1 || points[i][0] === step || points.length >= 200) return -1;
    const next = [...points.slice(0, i), [step, rate], ...points.slice(i)];
    added = performance.now();
    chosen = i;
    points = next;
    move(i, step, rate, dragging);
    draw();
    return i;
  }
  function remove(i) {
    if (i < 0 || i >= points.length) return;
    if (ends(i)) return say("The first and the last point stay: they are the ends of the run.");
    const next = points.filter((_, k) => k !== i);
    chosen = Math.min(i, next.length - 1);
    say("");
    change(model.get("monotone") ? level(next) : next, false);
    draw();
    dots.children[chosen]?.focus();
  }

  const at = (event) => { const box = svg.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const away = ([step, rate], [px, py]) => Math.hypot(s.x(step) - px, s.y(rate) - py);
  const nearest = (place, i) => points.reduce((best, p, k) => (away(p, place) < away(points[best], place) ? k : best), i);
  function start(event, i) {
    if (event.button > 0) return;
    event.preventDefault();
    const [px, py] = at(event);
    chosen = i;
    // The point keeps its distance to the pointer: a press alone moves nothing.
    grab = { i, dx: s.x(points[i][0]) - px, dy: s.y(points[i][1]) - py, before: points, moved: false };
    svg.setPointerCapture(event.pointerId);
    root.classList.add("dragging");
    for (const mark of [cross, spot]) mark.setAttribute("visibility", "hidden");
    dots.children[i].focus({ preventScroll: true });
    queue();
  }
  function drag(event) {
    const [px, py] = at(event);
    if (grab) {
      grab.moved = true;
      return move(grab.i, s.step(px + grab.dx), s.rate(py + grab.dy), true);
    }
    const inside = px >= PAD.left && px <= s.right && py >= PAD.top && py <= s.bottom + 4;
    for (const mark of [cross, spot]) mark.setAttribute("visibility", inside ? "visible" : "hidden");
    if (!inside) return rest();
    const step = s.step(px), rate = curve(points, model.get("smooth"))(step);
    for (const [k, v] of [["x1", px], ["x2", px], ["y1", PAD.top], ["y2", s.bottom]]) cross.setAttribute(k, v);
    spot.setAttribute("cx", px);
    spot.setAttribute("cy", s.y(rate));
    said.textContent = words(step, rate);
  }
  function drop(event) {
    if (!grab) return;
    if (event.type === "pointercancel") change(grab.before, false);
    grab = null;
    root.classList.remove("dragging");
    finish();
    queue();
  }
  function rest() {
    said.textContent = chosen >= 0 && chosen < points.length ? `point ${chosen + 1} of ${points.length}:  ${words(...points[chosen])}` : `${points.length} points`;
  }
  touch.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    const step = s.step(at(event)[0]), i = add(step, curve(points, model.get("smooth"))(Math.round(step)), true);
    if (i >= 0) start(event, i);
  });
  svg.addEventListener("pointermove", drag);
  // Chromium takes no touch-action from parts of an SVG: without this a finger scrolls the page instead.
  svg.addEventListener("touchmove", (event) => { if (grab) event.preventDefault(); }, { passive: false });
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", drop);
  svg.addEventListener("pointerleave", () => {
    for (const mark of [cross, spot]) mark.setAttribute("visibility", "hidden");
    if (!grab) rest();
  });
  svg.addEventListener("dblclick", (event) => {
    // The first press of a double click on the line has added the point under the second.
    if (performance.now() - added < 600) return;
    const [px, py] = at(event);
    const near = nearest([px, py], 0);
    if (away(points[near], [px, py]) < 15) return remove(near);
    if (px < PAD.left || px > s.right) return;
    const i = add(s.step(px), s.rate(py), false);
    if (i >= 0) dots.children[i].focus({ preventScroll: true });
  });

  function key(event, i) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const [step, rate] = points[i];
    if (way) {
      held = true;
      const snap = model.get("snap"), fine = snap ? gridStep(s) : Math.max(1, Math.round(s.total / 500));
      move(i, step + way[0] * fine * (event.shiftKey ? 10 : 1), way[1] ? raised(rate, way[1], event.shiftKey, snap) : rate, true);
    } else if (event.key === "Delete" || event.key === "Backspace") remove(i);
    else if (event.key.toLowerCase() === "n" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const a = points[Math.min(i, points.length - 2)], b = points[Math.min(i, points.length - 2) + 1];
      const middle = Math.round((a[0] + b[0]) / 2), made = add(middle, curve(points, model.get("smooth"))(middle), false);
      if (made < 0) say("There is no step between these two points.");
      else dots.children[made].focus();
    } else if (event.key === "Escape" && grab) { change(grab.before, false); grab = null; root.classList.remove("dragging"); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  function raised(rate, way, coarse, snap) {
    if (snap) {
      const grid = gridRates(s), here = grid.indexOf(snapRate(s, rate));
      return grid[clamp(here + way * (coarse ? 5 : 1), 0, grid.length - 1)];
    }
    if (!s.log) return rate + (way * s.top) / (coarse ? 20 : 200);
    const next = rate * 10 ** (way / (coarse ? 8 : 40));
    return way > 0 ? Math.max(next, s.low) : next < s.low ? 0 : next;
  }
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const letter = event.key.toLowerCase();
    if (letter !== "z" && letter !== "y") return;
    event.preventDefault();
    history(letter === "y" || event.shiftKey ? "redo" : "undo");
  });
  // A held arrow key is one step of the history.
  const release = () => { if (held) { held = false; finish(); } };
  root.addEventListener("keyup", release);
  root.addEventListener("focusout", release);

  function dot(i) {
    // JupyterLab asks the focused element itself whether its own keys (x cuts the cell!) are not meant.
    const quiet = { "data-lm-suppress-shortcuts": "true" };
    const g = make("g", { class: "lrw-point", tabindex: 0, role: "slider", "aria-orientation": "vertical", ...quiet });
    make("circle", { class: "hit", r: 15 }, g);
    make("circle", { class: "ring", r: 10 }, g);
    make("rect", { class: "dot", x: -5.5, y: -5.5, width: 11, height: 11, rx: 5.5 }, g);
    // Where points lie close together, the one under the pointer is meant and not the one drawn last.
    g.addEventListener("pointerdown", (event) => start(event, nearest(at(event), i)));
    g.addEventListener("keydown", (event) => key(event, i));
    g.addEventListener("focus", () => { chosen = i; queue(); });
    return g;
  }
  function drawPoints() {
    while (dots.children.length > points.length) dots.lastChild.remove();
    while (dots.children.length < points.length) dots.append(dot(dots.children.length));
    points.forEach(([step, rate], i) => {
      const g = dots.children[i];
      g.setAttribute("transform", `translate(${s.x(step).toFixed(1)},${s.y(rate).toFixed(1)})`);
      g.classList.toggle("end", ends(i));
      g.classList.toggle("chosen", i === chosen);
      const said = { "aria-label": `point ${i + 1} of ${points.length}`, "aria-valuetext": words(step, rate), "aria-valuenow": rate, "aria-valuemin": 0, "aria-valuemax": s.top };
      for (const [k, v] of Object.entries(said)) g.setAttribute(k, v);
    });
  }
  function draw() {
    queued = false;
    if (!width || !points.length) return;
    const height = model.get("height");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    root.style.setProperty("--lrw-drawn", model.get("color"));
    s = scales(width, height, points.at(-1)[0], model.get("top"), model.get("log"));
    drawAxes(s, model.get("snap"), { grid, labels, frame });
    drawPoints();
    const d = pathOf(s, points, model.get("smooth"));
    line.setAttribute("d", d);
    touch.setAttribute("d", d);
    ghost.setAttribute("d", pathOf(s, model.get("ghost"), false));
    tools.update(chosen > 0 && chosen < points.length - 1);
    rest();
    root.dataset.points = JSON.stringify(points);
  }
  function queue() {
    if (!queued) { queued = true; requestAnimationFrame(draw); }
  }
  const heard = () => {
    if (!grab && !held) points = model.get("points");
    if (chosen >= points.length) chosen = -1;
    queue();
  };
  const names = ["points", "ghost", "top", "height", "color", "can_undo", "can_redo", ...Object.keys(TOGGLES)];
  for (const name of names) model.on(`change:${name}`, heard);
  const complain = () => say("");
  model.on("change:problem", complain);
  const observer = new ResizeObserver(() => {
    const next = Math.floor(root.clientWidth);
    if (next && next !== width) { width = next; queue(); }
  });
  observer.observe(root);
  say("");
  return () => {
    for (const name of names) model.off(`change:${name}`, heard);
    model.off("change:problem", complain);
    observer.disconnect();
  };
}

export default { render };
