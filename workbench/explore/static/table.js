// A table that people read, and copy with one button: tab-separated, with all digits, for a spreadsheet.

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lrw-sheet";
  el.append(root);

  const put = (parent, tag, text) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };

  const copy = async (button) => {
    const text = model.get("text");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without the right to the clipboard (plain http from another machine) the old way still works.
      const area = put(root, "textarea");
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };

  const draw = () => {
    root.replaceChildren();
    const { title, columns, rows, notes } = model.get("sheet");
    if (!columns?.length) return;
    const head = put(root, "div");
    head.className = "lrw-sheet-title";
    put(head, "span", title);
    const button = put(head, "button", "Copy");
    button.type = "button";
    button.title = "the table as text, a tab between columns";
    button.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys are not meant here
    button.onclick = () => copy(button);
    const scroll = put(root, "div");
    scroll.className = "lrw-sheet-scroll";
    // What scrolls must be within reach of Tab.
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", title || "table");
    scroll.dataset.lmSuppressShortcuts = "true";
    const table = put(scroll, "table");
    table.className = "lrw-table";
    const first = put(put(table, "thead"), "tr");
    for (const name of columns) put(first, "th", name).scope = "col";
    const body = put(table, "tbody");
    for (const row of rows) {
      const line = put(body, "tr");
      for (const cell of row) put(line, "td", cell);
    }
    if (notes.length) {
      const list = put(root, "ul");
      list.className = "lrw-note lrw-words";
      for (const note of notes) put(list, "li", note);
    }
  };

  draw();
  model.on("change:sheet", draw);
}

export default { render };
