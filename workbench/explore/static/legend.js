// The legend: a button for each group of lines that shows and hides them, and keeps its focus while lines change.

const MANY = 8;

function drawLegend(fig) {
  const groups = new Map();
  for (const line of fig.lines.values()) if (line.legend && !groups.has(line.group)) groups.set(line.group, line);
  const old = new Map([...fig.legend.children].map((chip) => [chip.dataset.group, chip]));
  [...groups].forEach(([group, line], i) => {
    const chip = old.get(group) || chipOf(fig, group);
    old.delete(group);
    set(chip, { "aria-pressed": !fig.hidden.has(group) });
    const color = seen(line.color, fig.look);
    if (chip.color !== color) chip.firstChild.style.background = chip.color = color;
    if (chip.lastChild.textContent !== line.legend) chip.lastChild.textContent = line.legend;
    if (fig.legend.children[i] !== chip) fig.legend.insertBefore(chip, fig.legend.children[i] || null);
  });
  for (const chip of old.values()) chip.remove();
  fig.all.hidden = groups.size <= MANY;
  if (!fig.all.hidden) fig.all.firstChild.textContent = `${groups.size - [...fig.hidden].filter((group) => groups.has(group)).length} of ${groups.size} shown`;
}

function chipOf(fig, group) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.dataset.group = group;
  chip.title = "show or hide; with Shift, show only this";
  chip.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys are not meant here
  chip.append(document.createElement("span"), document.createElement("span"));
  chip.onclick = (event) => {
    const every = [...fig.legend.children].map((each) => each.dataset.group);
    const only = every.every((each) => fig.hidden.has(each) === (each !== group));
    if (event.shiftKey) every.forEach((each) => (only || each === group ? fig.hidden.delete(each) : fig.hidden.add(each)));
    else if (!fig.hidden.delete(group)) fig.hidden.add(group);
    fig.queue();
  };
  chip.onpointerenter = chip.onfocus = () => { fig.hot = fig.hidden.has(group) ? null : group; overlay(fig); };
  chip.onpointerleave = chip.onblur = () => { fig.hot = null; overlay(fig); };
  chip.onkeydown = (event) => {
    const to = { ArrowRight: chip.nextElementSibling, ArrowLeft: chip.previousElementSibling }[event.key];
    if (to) { to.focus(); event.preventDefault(); }
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  };
  return chip;
}

// Of many lines: how many are shown, and all or none of them at once.
function allOrNone(fig) {
  const box = document.createElement("div");
  box.className = "lrw-all";
  const act = (text, call) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.dataset.lmSuppressShortcuts = "true";
    button.onclick = () => { [...fig.legend.children].forEach((chip) => call(chip.dataset.group)); fig.queue(); };
    return button;
  };
  box.append(document.createElement("span"), act("Show all", (group) => fig.hidden.delete(group)), act("Hide all", (group) => fig.hidden.add(group)));
  box.hidden = true;
  return box;
}
