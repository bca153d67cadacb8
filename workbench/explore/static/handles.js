// Handles of a curve's future: dragged with pointer or finger, moved with arrow keys; Python decides what becomes of it.

const EVERY = 50; // least milliseconds between two messages of a drag

const pastOf = (fig, point) => fig.state.mark !== null && point[0] <= fig.state.mark;
const pointsOf = (fig) => (fig.drag ? fig.drag.points : fig.state.handles.points);

function placeHandles(fig, panel, index) {
  const { handles } = fig.state, group = panel.over.handles;
  if (!handles || handles.panel !== index) return void group.replaceChildren();
  const points = pointsOf(fig), { scale } = panel;
  if (group.children.length !== points.length + 1) {
    group.replaceChildren(svg("polyline", { class: "lrw-guide" }), ...points.map((_, i) => handleOf(fig, i)));
  }
  const line = fig.lines.get(handles.key), color = seen(line ? line.color : "ink", fig.look);
  const guide = group.firstChild;
  guide.style.display = fig.drag ? "" : "none";
  set(guide, { points: points.map(([x, y]) => `${scale.x(x).toFixed(1)},${scale.y(y).toFixed(1)}`).join(" ") });
  guide.style.stroke = color;
  points.forEach(([x, y], i) => {
    const node = group.children[i + 1], past = pastOf(fig, handles.points[i] || [x, y]), px = scale.x(x);
    node.style.display = px >= scale.left - 1 && px <= scale.right + 1 ? "" : "none";
    set(node, { transform: `translate(${px.toFixed(1)} ${Math.min(Math.max(scale.y(y), scale.top), scale.foot).toFixed(1)})` });
    node.lastChild.style.fill = past ? "none" : color;
    node.style.color = color;
    const said = `${fig.xName()} ${exact(x)}, ${panel.short || "value"} ${exact(y)}`;
    const words = { "aria-valuenow": y, "aria-valuemin": 0, "aria-valuemax": Math.max(scale.yr[1], y), "aria-valuetext": said,
      "aria-disabled": String(past), "aria-label": `point ${i + 1} of ${points.length}${past ? ", has happened" : ""}`, tabindex: past ? -1 : 0 };
    set(node, words);
  });
}

function handleOf(fig, i) {
  const node = svg("g", { class: "lrw-handle", role: "slider", "data-lm-suppress-shortcuts": "true" });
  svg("circle", { r: 16, class: "lrw-reach" }, node);
  svg("circle", { r: 6.5 }, node);
  const panelOf = () => fig.panels[fig.state.handles.panel];
  const may = () => fig.state.handles && !pastOf(fig, fig.state.handles.points[i]);
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !may()) return;
    event.preventDefault();
    event.stopPropagation();
    node.setPointerCapture(event.pointerId);
    node.focus();
    const { scale } = panelOf(), [x, y] = pointsOf(fig)[i], [px, py] = inPanel(fig, fig.state.handles.panel, event);
    take(fig, i);
    fig.drag.grip = [scale.x(x) - px, scale.y(y) - py];
    fig.drag.pointer = event.pointerId;
  });
  node.addEventListener("pointermove", (event) => {
    if (fig.drag?.pointer !== event.pointerId) return;
    const { scale } = panelOf(), [px, py] = inPanel(fig, fig.state.handles.panel, event), [gx, gy] = fig.drag.grip;
    moveTo(fig, i, scale.toX(px + gx), scale.toY(Math.min(Math.max(py + gy, scale.top), scale.foot)));
    tell(fig, false);
  });
  const drop = (event) => { if (fig.drag?.pointer === event.pointerId) tell(fig, true); };
  node.addEventListener("pointerup", drop);
  node.addEventListener("pointercancel", drop);
  node.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key !== "Tab" && !event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (!way || !may()) return;
    event.preventDefault();
    const { scale } = panelOf(), much = event.shiftKey ? 10 : 1;
    if (!fig.drag) take(fig, i);
    const [x, y] = fig.drag.points[i];
    const up = scale.log ? scale.toY(scale.y(y) - 2 * much * way[1]) : y + (way[1] * much * (scale.yr[1] - scale.yr[0])) / 100;
    moveTo(fig, i, x + (way[0] * much * (scale.xr[1] - scale.xr[0])) / 100, Math.min(up, scale.yr[1]));
    tell(fig, false);
  });
  const rest = (event) => { if (fig.drag && fig.drag.i === i && fig.drag.pointer === undefined && (event.type === "blur" || event.key.startsWith("Arrow"))) tell(fig, true); };
  node.addEventListener("keyup", rest);
  node.addEventListener("blur", rest);
  return node;
}

function take(fig, i) {
  fig.drag = { i, points: fig.state.handles.points.map((point) => [...point]), told: 0, timer: 0 };
  fig.at = null;
}

// A point stays between its neighbours, in the future, and not below 0; a locked one keeps its x.
function moveTo(fig, i, x, y) {
  const { points } = fig.drag, { handles, mark } = fig.state, { scale } = fig.panels[handles.panel];
  // A little into the future: a point on the mark itself has happened and could not be moved again.
  const after = mark === null ? -Infinity : mark + (scale.xr[1] - scale.xr[0]) / 400;
  const low = Math.max(points[i - 1]?.[0] ?? -Infinity, Math.min(after, points[i][0]), fig.whole()[0]);
  const high = Math.min(points[i + 1]?.[0] ?? Infinity, Math.max(fig.whole()[1], points[i][0]));
  points[i] = [handles.lock.includes(i) ? points[i][0] : Math.min(Math.max(x, low), high), Math.max(y, 0)];
  const where = fig.panels[handles.panel];
  fig.tip.hidden = false;
  fig.tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: `${fig.xName()} ${exact(points[i][0])}` }),
    Object.assign(document.createElement("div"), { textContent: `${where.short || ""} ${exact(points[i][1])}` }));
  settle(fig, scale.x(points[i][0]), where.el.offsetTop + scale.y(points[i][1]) - 34);
  placeHandles(fig, where, handles.panel);
}

// The newest place is told, a few times a second; the end always.
function tell(fig, done) {
  const { drag } = fig;
  const send = () => {
    drag.timer = 0;
    drag.told = performance.now();
    fig.send({ type: "drag", points: drag.points, done });
  };
  clearTimeout(drag.timer);
  if (!done) {
    drag.timer = setTimeout(send, Math.max(0, EVERY - (performance.now() - drag.told)));
    return;
  }
  send();
  // Until Python answers, the handles stay where they were left.
  fig.state.handles = { ...fig.state.handles, points: drag.points };
  fig.drag = null;
  overlay(fig);
}
