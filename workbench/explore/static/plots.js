// Figures of plotly, one under the other, drawn from the state and updated in place. plotly stands before this.

// Ids of the rows that lie within all ranges that are marked on parallel axes; none where nothing is marked.
function within({ ids, dimensions }) {
  const asked = dimensions.filter((axis) => axis.constraintrange?.length);
  const lies = ({ values, constraintrange: range }, row) =>
    (Array.isArray(range[0]) ? range : [range]).some(([low, high]) => low <= values[row] && values[row] <= high);
  return asked.length ? ids.filter((_, row) => asked.every((axis) => lies(axis, row))) : [];
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lrw-plots";
  el.append(root);
  const { Plotly } = globalThis;
  const config = { responsive: true, displaylogo: false };
  // plotly loses what it is asked for while it draws, so one thing is done after the other.
  let work = Promise.resolve(), due = false;
  const then = (step) => { work = work.then(step).catch((error) => console.error(error)); };
  function soon() {
    if (due) return;
    due = true;
    then(() => { due = false; return draw(); });
  }

  function hear(holder) {
    holder.dataset.heard = "yes";
    holder.on("plotly_restyle", () => {
      const [lines] = holder.data;
      if (lines.type !== "parcoords") return;
      model.set("marked", within(lines));
      model.save_changes();
    });
  }
  function draw() {
    const figures = model.get("figures");
    while (root.children.length > figures.length) {
      Plotly.purge(root.lastChild);
      root.lastChild.remove();
    }
    while (root.children.length < figures.length) root.append(document.createElement("div"));
    return Promise.all(figures.map(async (text, i) => {
      const { data, layout } = JSON.parse(text);
      const holder = root.children[i];
      holder.style.height = `${layout.height}px`;
      await Plotly.react(holder, data, layout, config);
      if (!holder.dataset.heard) hear(holder);
      holder.dataset.draws = Number(holder.dataset.draws ?? 0) + 1;
    }));
  }
  const fit = () => Promise.all([...root.children].map((each) => each.checkVisibility() && Plotly.Plots.resize(each)));

  soon();
  model.on("change:figures", soon);
  // Before the page has given it room, plotly takes a width of its own.
  const watch = new ResizeObserver(() => then(fit));
  watch.observe(root);
  return () => {
    watch.disconnect();
    model.off("change:figures", soon);
    [...root.children].forEach((each) => Plotly.purge(each));
  };
}

export default { render };
