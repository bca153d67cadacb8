"""The live figure in JupyterLab in headless Chromium: sliders and live points while a training runs.

`python -m benchmarks figure` takes about four minutes, and wants a machine with nothing else to do.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import nbformat

from benchmarks.rows import Row, at_most
from workbench import doctor

LANES = (1, 8, 64)
_BEFORE = """import asyncio, threading, time
import ipywidgets as widgets
import numpy as np
import workbench as wb
from workbench import train
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import COALESCE, later
from workbench.explore.pins import COLORS
from workbench.train import tasks

loop = asyncio.get_running_loop()
panels = [{"height": 170, "short": "rate"}, {"height": 300, "short": "loss", "xLabel": "step"}]
task, schedule = tasks.gpt(preset="0.1M"), wb.schedules.wsd(100_000, 5e-3)

def events():
    with train.spare_a_core():
        yield from train.events(task, [schedule], seed=0)"""

# Every event of the slider draws all eight curves anew, while a small GPT trains.
_SLIDER = """x = np.arange(2_000.0)
figure = LiveFigure(panels)
slider = widgets.FloatSlider(value=1, min=0.5, max=1.5, step=0.01, description="slow")

def draw():
    global pending
    pending = None
    curves = [2 + i / 8 + 3 * np.exp(-slider.value * x / 500) for i in range(8)]
    figure.update([Line(f"{i}", 1, x, y, f"{i}", COLORS[i], legend=f"{i}") for i, y in enumerate(curves)])

def on_slider(_):
    global pending
    pending = pending or later(COALESCE, draw)

pending = None
slider.observe(on_slider, "value")
figure.update(panels=[{"xRange": [0, 2_000]}, {"yRange": [2, 7]}])
draw()
counts = [0]
threading.Thread(target=lambda: [counts.append(event.step) for event in events()], daemon=True).start()
widgets.VBox([slider, figure])"""

_SLIDE = """async () => {
  const figure = document.querySelector('.lrw-figure'), handle = document.querySelector('.noUi-handle');
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const drawn = [], painted = [];
  for (let i = 0; i < 85; i++) {
    const draws = figure.dataset.draws, was = figure.dataset.painted, start = performance.now();
    const key = i % 2 ? 'ArrowLeft' : 'ArrowRight';
    handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (figure.dataset.draws === draws && performance.now() - start < 5000) await pause(1);
    drawn.push(performance.now() - start);
    while (figure.dataset.painted === was && performance.now() - start < 5000) await pause(1);
    painted.push(Number(figure.dataset.painted) - performance.timeOrigin - start);
    await pause(120);
  }
  return { drawn: drawn.slice(5), painted: painted.slice(5) };
}"""

# A thread feeds 50 steps a second to every lane; x is the time of the step, so that a picture tells its age.
_FEED = """base = time.time()
figure = LiveFigure(panels)
old = np.linspace(-200, 0, 20_000)
figure.update([Line(f"{i}", 1, old, 3 + i / 20 + 0.1 * np.sin(9 * old), f"{i}", COLORS[i % 8], legend=f"{i}")
               for i in range(lanes)], panels=[{"xRange": [-200, 100]}, {"yRange": [2, 8]}])
figure.summary = f"{base}"

def feed():
    while time.time() - base < 90:
        now = time.time() - base
        new = {f"{i}": (now, 3 + i / 20 + 0.1 * np.sin(9 * now)) for i in range(lanes)}
        loop.call_soon_threadsafe(figure.append, new)
        time.sleep(0.02)

threading.Thread(target=feed, daemon=True).start()
figure"""

# Of each picture, the age of its oldest new step: everything later was on the screen sooner.
_AGES = """async () => {
  const figure = document.querySelector('.lrw-figure'), base = Number(figure.getAttribute('aria-label'));
  const ages = [];
  let last = NaN;
  const observer = new MutationObserver(() => {
    const x = Number(figure.dataset.paintedX);
    if (!(x > last) && last === last) return;
    if (last === last) ages.push(Number(figure.dataset.painted) - 1000 * (base + last));
    last = x;
  });
  observer.observe(figure, { attributes: true, attributeFilter: ['data-painted'] });
  await new Promise((done) => setTimeout(done, 8000));
  return ages.slice(3);
}"""

# The same training, watched and not watched in turns of two seconds.
_WATCHED = """figure = LiveFigure(panels)
none = np.empty(0)
figure.update([Line("0", 1, none, none, points=True)], panels=[{"xRange": [0, 10_000]}, {"yRange": [3, 4]}])
watched, speeds = [True], {True: [], False: []}

def work():
    begin, first, turn = time.perf_counter(), 0, 0
    for event in events():
        if watched[0]:
            loop.call_soon_threadsafe(figure.append, {"0": (event.step, 3 + 100 / (100 + event.step))})
        if time.perf_counter() - begin >= 2:
            if turn > 1:
                speeds[watched[0]].append((event.step - first) / (time.perf_counter() - begin))
            turn, watched[0] = turn + 1, not watched[0]
            begin, first = time.perf_counter(), event.step
            slow = [np.median(speeds[key]) if speeds[key] else 1 for key in (True, False)]
            loop.call_soon_threadsafe(setattr, figure, "summary", f"{turn} {slow[0]} {slow[1]}")

threading.Thread(target=work, daemon=True).start()
figure"""

_OPENED = """x, rng = np.arange(100_000.0), np.random.default_rng(0)
figure = LiveFigure(panels)
curves = [3 + i / 20 + 0.1 * rng.standard_normal(len(x)) for i in range(64)]
figure.update([Line(f"{i}", 1, x, y, f"{i}", COLORS[i % 8], legend=f"{i}") for i, y in enumerate(curves)],
              panels=[{"xRange": [0, 100_000]}, {"yRange": [2, 8]}])
send = figure.send

def counted(content, buffers=None):
    figure.summary = str(sum(map(len, buffers or [])))
    send(content, buffers)

figure.send = counted
figure"""


def rows() -> list[Row]:
    """Times of pictures, slowdown of the training, bytes of a reload; nothing where there is no browser."""
    chromium = doctor.browser()
    if chromium is None:
        return []
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from lab import server

    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        server(Path(name)) as address,
    ):
        return [
            row for part in (_slider, _live, _watched, _opened) for row in part(chromium, address, Path(name))
        ]


def _slider(chromium: str, address: str, folder: Path) -> Iterator[Row]:
    with _notebook(chromium, address, folder, "slider", _SLIDER) as opened:
        opened.wait_for_timeout(8_000)
        times = opened.evaluate(_SLIDE)
    for what, limits in (("drawn", (60, 150)), ("painted", (None, None))):
        found = median(times[what]), quantiles(times[what], n=20)[-1]
        for kind, value, limit in zip(("median", "95th percentile"), found, limits, strict=True):
            title = f"slider to {what}, 8 curves of 2,000, training, {kind}"
            yield at_most(title, value, limit, "ms") if limit else Row(title, value, "ms")


def _live(chromium: str, address: str, folder: Path) -> Iterator[Row]:
    for lanes in LANES:
        cell = f"lanes = {lanes}\n{_FEED}"
        with _notebook(chromium, address, folder, f"feed{lanes}", cell) as opened:
            opened.wait_for_timeout(3_000)
            ages = opened.evaluate(_AGES)
        title = f"step to the screen, {lanes} lanes of 20,000"
        yield Row(f"{title}, median of the oldest", median(ages), "ms")
        yield at_most(f"{title}, 95th percentile", quantiles(ages, n=20)[-1], 250, "ms")


def _watched(chromium: str, address: str, folder: Path) -> Iterator[Row]:
    with _notebook(chromium, address, folder, "watched", _WATCHED) as opened:
        said = "document.querySelector('.lrw-figure').getAttribute('aria-label').split(' ').map(Number)"
        opened.wait_for_function(f"{said}[0] >= 16", timeout=90_000)
        _, seen, alone = opened.evaluate(said)
    yield at_most("slowdown of a training by being watched", 100 * (1 - seen / alone), 5, "%")


def _opened(chromium: str, address: str, folder: Path) -> Iterator[Row]:
    # A second view of the figure gets what a reload of the page gets.
    with _notebook(chromium, address, folder, "opened", _OPENED, "figure") as opened:
        figures = opened.locator(".lrw-figure")
        opened.locator(".jp-Notebook .jp-Cell").last.click()
        begin = opened.evaluate("performance.timeOrigin + performance.now()")
        opened.keyboard.press("Shift+Enter")
        opened.wait_for_function(
            "document.querySelectorAll('.lrw-figure')[1]?.dataset.painted", timeout=60_000
        )
        painted = float(figures.nth(1).get_attribute("data-painted"))
        size = int(figures.first.get_attribute("aria-label"))
    yield Row("a second view of 64 lines of 100,000 points gets", size / 1e6, "MB")
    yield Row("the same, from running the cell to painted", painted - begin, "ms")


@contextmanager
def _notebook(chromium: str, address: str, folder: Path, name: str, cell: str, *more: str) -> Iterator[Any]:
    """A notebook of these cells, open and run as far as `cell`."""
    from lab import page

    cells = [nbformat.v4.new_code_cell(source) for source in (_BEFORE, cell, *more)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
    with page(chromium, address.replace("start.ipynb", f"{name}.ipynb")) as opened:
        opened.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(2):
            opened.keyboard.press("Shift+Enter")
        opened.wait_for_selector(".lrw-figure[data-painted]", timeout=120_000, state="attached")
        opened.locator(".lrw-figure").first.scroll_into_view_if_needed()
        yield opened
