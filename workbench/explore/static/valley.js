// The valley: walkers on a map and on a surface, with a player. Python trains them, this shows them.

const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
const TRAIL = 48, SECONDS = 9;

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lrw-valley";
  const scenes = div("lrw-scenes"), bar = div("lrw-player");
  const panes = ["map of the valley: walkers, river and contours of the loss", "surface of the valley; dragging it or arrow keys turn it"].map((label) => {
    const pane = div("lrw-scene"), ground = document.createElement("canvas"), front = document.createElement("canvas");
    front.setAttribute("role", "img");
    front.setAttribute("aria-label", label);
    pane.append(ground, front);
    scenes.append(pane);
    return { pane, ground, front, label, width: 0, height: 0 };
  });
  const [map, hill] = panes;
  const play = document.createElement("button"), scrub = document.createElement("input"), said = div("lrw-said");
  Object.assign(play, { type: "button" });
  Object.assign(scrub, { type: "range", min: 0, step: 1, value: 0 });
  scrub.setAttribute("aria-label", "step");
  for (const each of [play, scrub]) each.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys are not meant here
  const speed = document.createElement("select");
  speed.setAttribute("aria-label", "speed");
  for (const [text, value] of [["slow", 0.25], ["normal", 1], ["fast", 3]]) speed.add(new Option(text, value, value === 1, value === 1));
  const legend = div("lrw-flocks");
  bar.append(play, scrub, speed, said);
  root.append(scenes, bar, legend);
  el.append(root);

  let scene = null, flocks = [], look = null, step = 1, total = 1, playing = false, last = 0, told = 0, yaw = -0.62, tilt = 0.62;
  let at = null, scales = null, stale = true, queued = false, frames = 0, grab = null;

  function div(name) { const made = document.createElement("div"); made.className = name; return made; }
  function context(canvas, { width, height }) {
    const k = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * k) || canvas.height !== Math.round(height * k)) {
      canvas.width = Math.round(width * k);
      canvas.height = Math.round(height * k);
    }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(k, 0, 0, k, 0, 0);
    return ctx;
  }
  const frameAt = (flock) => {
    let low = 0, high = flock.steps.length - 1;
    while (high - low > 1) { const mid = (low + high) >> 1; if (flock.steps[mid] <= step) low = mid; else high = mid; }
    return flock.steps[high] <= step ? high : low;
  };

  function draw() {
    queued = false;
    if (!scene || !map.width) return;
    if (stale) {
      look = palette(root);
      scales = drawMap(context(map.ground, map), scene, map.width, map.height, look);
      at = camera(scene, hill.width, hill.height, yaw, tilt);
      drawSurface(context(hill.ground, hill), scene, hill.width, hill.height, look, at);
      stale = false;
    }
    const onMap = (x, y) => [scales.x(x), scales.y(y)];
    const { land, span } = scene;
    // Higher than the surface is cut off there: nothing stands in the air beside it.
    const onHill = (x, y) => (Math.abs(y - middleOf(land, x)) <= span.u * 1.02 && x <= span.x[1] ? at(x, y, riverOf(land, x) + hillOf(land, x, y)) : null);
    const ctx = context(map.front, map);
    ctx.clearRect(0, 0, map.width, map.height);
    ctx.save();
    ctx.beginPath();
    ctx.rect(scales.left, scales.top, scales.w, scales.h);
    ctx.clip();
    for (const flock of flocks) walkers(ctx, flock, onMap);
    ctx.restore();
    const front = context(hill.front, hill);
    front.clearRect(0, 0, hill.width, hill.height);
    for (const flock of flocks) walkers(front, flock, onHill);
    tell();
    frames += 1;
    root.dataset.draws = frames;
    root.dataset.step = Math.round(step);
  }

  function walkers(ctx, flock, place) {
    const now = frameAt(flock), n = flock.walkers, first = Math.max(0, now - TRAIL);
    ctx.lineJoin = "round";
    const path = (walker, from, to) => {
      ctx.beginPath();
      let open = false;
      for (let k = from; k <= to; k++) {
        const p = place(flock.x[k * n + walker], flock.y[k * n + walker]);
        if (!p || !Number.isFinite(p[0])) { open = false; continue; }
        open ? ctx.lineTo(p[0], p[1]) : ctx.moveTo(p[0], p[1]);
        open = true;
      }
      ctx.stroke();
    };
    ctx.strokeStyle = flock.color;
    ctx.lineWidth = 1;
    ctx.globalAlpha = 0.45;
    path(0, 0, now);
    ctx.globalAlpha = 0.16;
    for (let walker = 1; walker < Math.min(n, 24); walker++) path(walker, first, now);
    ctx.globalAlpha = 1;
    ctx.fillStyle = flock.color;
    ctx.strokeStyle = look.paper;
    ctx.lineWidth = 1.2;
    for (let walker = n - 1; walker >= 0; walker--) {
      const p = place(flock.x[now * n + walker], flock.y[now * n + walker]);
      if (!p || !Number.isFinite(p[0])) continue;
      ctx.beginPath();
      ctx.arc(p[0], p[1], walker ? 4.2 : 6.5, 0, 7);
      ctx.fill();
      ctx.stroke();
    }
  }

  function tell() {
    scrub.value = Math.round(step);
    const words = flocks.map((f) => {
      const k = frameAt(f);
      return { f, text: `${f.name}: rate ${short(+f.rate[k].toPrecision(3))}, hill ${f.hill[k].toFixed(3)} nats, river x ${f.place[k].toFixed(2)}` };
    });
    said.textContent = `step ${short(Math.round(step))}`;
    scrub.setAttribute("aria-valuetext", [said.textContent, ...words.map((w) => w.text)].join(", "));
    legend.replaceChildren(...words.map(({ f, text }) => {
      const row = document.createElement("span"), dot = document.createElement("i");
      dot.style.background = f.color;
      row.append(dot, text);
      return row;
    }));
    play.textContent = playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(playing));
  }
  function queue() { if (!queued) { queued = true; requestAnimationFrame(draw); } }
  function report(always) {
    const now = performance.now();
    if (!always && now - told < 120) return;
    told = now;
    model.set("step", Math.round(step));
    model.set("playing", playing);
    model.save_changes();
  }
  function tick(now) {
    if (!playing) return;
    step = Math.min(total, step + ((now - last) / 1000) * (total / SECONDS) * speed.value);
    last = now;
    if (step >= total) playing = false;
    report(!playing);
    queue();
    if (playing) requestAnimationFrame(tick);
  }
  function start(on) {
    if (on === playing) return;
    playing = on;
    if (on) {
      if (step >= total) step = 0;
      last = performance.now();
      requestAnimationFrame(tick);
    }
    report(true);
    queue();
  }
  play.onclick = () => start(!playing);
  scrub.oninput = () => { playing = false; step = +scrub.value; report(false); queue(); };
  scrub.onchange = () => report(true);

  hill.front.addEventListener("pointerdown", (event) => { grab = [event.clientX, event.clientY, yaw, tilt]; hill.front.setPointerCapture(event.pointerId); });
  function turn(side, up) {
    yaw = side;
    tilt = Math.min(1.5, Math.max(0.12, up));
    stale = true;
    queue();
  }
  hill.front.addEventListener("pointermove", (event) => {
    if (grab) turn(grab[2] + (event.clientX - grab[0]) / 140, grab[3] + (event.clientY - grab[1]) / 160);
  });
  hill.front.tabIndex = 0;
  hill.front.setAttribute("role", "application");
  hill.front.dataset.lmSuppressShortcuts = "true";
  hill.front.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    turn(yaw + 0.08 * way[0], tilt + 0.08 * way[1]);
  });
  for (const name of ["pointerup", "pointercancel"]) hill.front.addEventListener(name, () => (grab = null));
  map.front.addEventListener("pointermove", (event) => {
    if (!scales || !scene) return;
    const box = map.front.getBoundingClientRect(), x = scales.ofX(event.clientX - box.left), y = scales.ofY(event.clientY - box.top);
    const high = hillOf(scene.land, x, y), bed = riverOf(scene.land, x);
    map.front.title = `x ${x.toFixed(2)}, y ${y.toFixed(2)}: hill ${short(+high.toPrecision(3))}, loss ${short(+(high + bed).toPrecision(3))} nats`;
  });

  function receive() {
    const message = model.get("scene");
    if (!message.land) return;
    let b = 0;
    const next = () => floats(message.columns[b++]);
    const atEnd = step >= total;
    const seen = { land: message.land, span: message.span };
    // The ground is drawn again only where it is another one: it costs more than all walkers.
    stale ||= JSON.stringify(seen) !== JSON.stringify(scene);
    scene = seen;
    flocks = message.flocks.map((flock) => ({ ...flock, steps: next(), x: next(), y: next(), rate: next(), hill: next(), place: next() }));
    total = Math.max(...flocks.map((f) => f.steps.at(-1)));
    // A player that stood at the end stays there, so that a slider always shows where the run ends.
    if (atEnd || step > total) step = total;
    scrub.max = total;
    root.dataset.walkers = flocks.map((f) => f.walkers).join(",");
    queue();
  }
  const onStep = () => { if (!playing && !document.activeElement?.isSameNode(scrub)) { step = Math.min(model.get("step"), total); queue(); } };
  const onPlaying = () => start(model.get("playing"));
  model.on("change:scene", receive);
  model.on("change:step", onStep);
  model.on("change:playing", onPlaying);
  const observer = new ResizeObserver(() => {
    for (const each of panes) {
      each.width = Math.floor(each.pane.clientWidth);
      each.height = Math.floor(each.pane.clientHeight);
    }
    stale = true;
    queue();
  });
  for (const each of panes) observer.observe(each.pane);
  const themes = new MutationObserver(() => { stale = true; queue(); });
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  receive();
  return () => {
    playing = false;
    model.off("change:scene", receive);
    model.off("change:step", onStep);
    model.off("change:playing", onPlaying);
    observer.disconnect();
    themes.disconnect();
  };
}

export default { render };
