"""From a slider's event to the drawn figure, in JupyterLab in headless Chromium, with eight pinned curves."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

import nbformat

from benchmarks.rows import Row
from workbench import doctor

_PINS = """explorer = wb.explore.start("wsd", points=2000)
for decay in (0.1, 0.15, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
    explorer.panel.sliders.controls["decay"].value = decay
    explorer._dials._slide()
    explorer.pin()
explorer"""

# An arrow key changes the slider; `data-draws` counts what was drawn, and two frames later it is painted.
_MEASURE = """async () => {
  const figure = document.querySelector('.lrw-figure');
  const row = [...document.querySelectorAll('.widget-slider')].find((e) => e.innerText.startsWith('peak'));
  const handle = row.querySelector('.noUi-handle');
  const frame = () => new Promise(requestAnimationFrame);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const drawn = [], painted = [];
  for (let i = 0; i < 60; i++) {
    const before = figure.dataset.draws;
    const start = performance.now();
    const key = i % 2 ? 'ArrowLeft' : 'ArrowRight';
    handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (figure.dataset.draws === before && performance.now() - start < 5000) await pause(1);
    drawn.push(performance.now() - start);
    await frame(); await frame();
    painted.push(performance.now() - start);
    await pause(120);
  }
  return { drawn: drawn.slice(5), painted: painted.slice(5) };
}"""


def rows() -> list[Row]:
    """Median and 95th percentile over 55 events; nothing where there is no browser."""
    chromium = doctor.browser()
    if chromium is None:
        return []
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from lab import page, run_all, server

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with server(folder) as address:
            _pinned(folder / "notebooks" / "start.ipynb")
            with page(chromium, address) as opened:
                run_all(opened)
                opened.wait_for_timeout(4_000)
                times = opened.evaluate(_MEASURE)
    out = []
    for what, target in (("drawn", 100), ("painted", None)):
        middle, tail = median(times[what]), quantiles(times[what], n=20)[-1]
        limit = f"at most {target}" if target else ""
        title = f"slider event to {what}, 8 pins of 2,000 points"
        out.append(Row(f"{title}, median", middle, "ms", limit, middle <= target if target else None))
        out.append(Row(f"{title}, 95th percentile", tail, "ms"))
    return out


def _pinned(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.source.startswith("explorer = "):
            cell.source = _PINS
    nbformat.write(notebook, path)
