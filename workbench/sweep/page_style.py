"""Style and script of a report: inline, so that the page needs nothing from anywhere."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6673; --line: #dde3ea; --back: #fff;
  --card: #f6f8fa; --bad: #b3261e; --link: #1f66b3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #9aa6b4; --line: #333c47;
  --back: #14191f; --card: #1c232b; --bad: #f0857d; --link: #78b4f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 28px 24px 60px; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; } h2 { font-size: 18px; margin: 34px 0 10px; }
p { margin: 6px 0; } .soft { color: var(--soft); } .bad { color: var(--bad); } a { color: var(--link); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px;
  min-width: 120px; }
.tile b { display: block; font-size: 22px; font-weight: 600; }
.tile span { color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; max-height: 560px; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.long { white-space: normal; min-width: 260px; } tr:last-child td { border-bottom: 0; }
th { position: sticky; top: 0; background: var(--card); font-weight: 600; }
th.sorts { cursor: pointer; } th.sorts:hover { color: var(--link); }
.figures { display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fill, minmax(min(400px, 100%), 1fr)); }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: 8px; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 11px; }
svg text.label { fill: var(--ink); font-size: 12px; } svg .grid { stroke: var(--line); }
figcaption { display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 12px; padding: 2px 8px 4px; }
figcaption i { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 5px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
"""

SCRIPT = """
for (const head of document.querySelectorAll("th.sorts")) head.addEventListener("click", () => {
  const table = head.closest("table"), body = table.tBodies[0], column = head.cellIndex;
  const turn = head.dataset.turn === "1" ? -1 : 1;
  for (const other of head.parentNode.cells) delete other.dataset.turn;
  head.dataset.turn = turn;
  const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)], [p, q] = [parseFloat(x), parseFloat(y)];
    return turn * (isNaN(p) || isNaN(q) ? x.localeCompare(y) : p - q);
  });
  body.append(...rows);
});
"""
