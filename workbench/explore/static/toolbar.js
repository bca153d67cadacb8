// Buttons over the canvas: history, deletion, and the four ways of drawing that are switched on and off.

const TOGGLES = { log: ["Log axis", "rates on a logarithmic axis, 0 at its foot"], snap: ["Snap", "points keep to round rates, ten in a decade, and to hundredths of the total"], monotone: ["Monotone", "no rise after the peak"], smooth: ["Smooth", "a smooth curve instead of straight lines"] };

function toolbar(model, act) {
  const box = document.createElement("div");
  box.className = "lrw-tools";
  box.setAttribute("role", "toolbar");
  box.setAttribute("aria-label", "drawing");
  const button = (text, tip, onclick) => {
    const el = document.createElement("button");
    Object.assign(el, { type: "button", textContent: text, title: tip, onclick });
    el.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys are not meant here
    box.append(el);
    return el;
  };
  const undo = button("Undo", "Ctrl+Z", () => act.history("undo"));
  const redo = button("Redo", "Ctrl+Shift+Z", () => act.history("redo"));
  const remove = button("Delete", "the chosen point (Delete)", () => act.remove());
  box.append(document.createElement("i"));
  const toggles = Object.entries(TOGGLES).map(([name, [text, tip]]) => [name, button(text, tip, () => {
    model.set(name, !model.get(name));
    model.save_changes();
  })]);
  const update = (removable) => {
    undo.disabled = !model.get("can_undo");
    redo.disabled = !model.get("can_redo");
    remove.disabled = !removable;
    for (const [name, el] of toggles) el.setAttribute("aria-pressed", String(model.get(name)));
  };
  return { box, update };
}
