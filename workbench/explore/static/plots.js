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
    figures.forEach((text, i) => {
      const { data, layout } = JSON.parse(text);
      const holder = root.children[i];
      holder.style.height = `${layout.height}px`;
      Plotly.react(holder, data, layout, config).then(() => {
        if (!holder.dataset.heard) hear(holder);
        holder.dataset.draws = Number(holder.dataset.draws ?? 0) + 1;
      });
    });
  }

  draw();
  model.on("change:figures", draw);
  // Before the page has given it room, plotly takes a width of its own.
  const watch = new ResizeObserver(() => [...root.children].forEach((each) => Plotly.Plots.resize(each)));
  watch.observe(root);
  return () => {
    watch.disconnect();
    [...root.children].forEach((each) => Plotly.purge(each));
  };
}

export default { render };
