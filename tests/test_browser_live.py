"""The live figure in JupyterLab: points come in, and a page that is loaded again has them."""

from __future__ import annotations

import nbformat
import pytest
from lab import page, run_all, save, server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CELL = """import asyncio, threading, time
import numpy as np
from workbench.explore.figure import Line, LiveFigure

figure = LiveFigure([{"height": 200, "short": "loss", "xLabel": "step"}])
figure.update([Line("loss", 0, np.empty(0), np.empty(0), points=True, legend="loss")])
loop = asyncio.get_running_loop()

def train():
    for step in range(10_000):
        loop.call_soon_threadsafe(figure.append, {"loss": (step, 1 / (1 + step))})
        time.sleep(0.05)

threading.Thread(target=train, daemon=True).start()
figure"""
BUSY = """from pathlib import Path
import ipywidgets as widgets
from workbench.explore.alone import LOCK
from workbench.explore.showing import show

second = LiveFigure([{"height": 100}])
second.update([Line("line", 0, np.arange(3.0), np.arange(3.0))])
show(widgets.VBox([second]))
with LOCK:
    while not Path("go").exists():
        time.sleep(0.05)
print("free")"""
COUNT = "Number(document.querySelector('.lrw-figure')?.dataset.measured || 0)"
PAPER = "getComputedStyle(document.querySelector('.lrw-figure')).getPropertyValue('--lrw-paper')"


def test_a_kernel_may_be_busy_when_a_figure_opens_and_a_reload_finds_the_points(tmp_path, chromium):
    with server(tmp_path) as address:
        cells = [nbformat.v4.new_code_cell(source) for source in (CELL, BUSY)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, tmp_path / "notebooks" / "live.ipynb")
        with page(chromium, address.replace("start.ipynb", "live.ipynb")) as opened:
            run_all(opened)
            # A page that is shown draws what it holds before the kernel can answer.
            opened.locator(".lrw-figure[data-held='3']").wait_for(timeout=60_000)
            assert opened.locator(".jp-OutputArea-output").get_by_text("free").count() == 0
            (tmp_path / "notebooks" / "go").touch()
            opened.locator(".jp-OutputArea-output").get_by_text("free").wait_for(timeout=60_000)
            opened.wait_for_function(f"{COUNT} >= 5", timeout=60_000)
            light = opened.evaluate(PAPER)
            opened.get_by_role("menuitem", name="Settings", exact=True).click()
            opened.get_by_text("Theme", exact=True).hover()
            opened.get_by_text("JupyterLab Dark", exact=True).click()
            opened.wait_for_function(f"{PAPER} !== {light!r}", timeout=60_000)
            save(opened)
            for width in (800, 1360, 800):
                opened.set_viewport_size({"width": width, "height": 900})
                before = opened.evaluate(COUNT)
                opened.reload()
                opened.wait_for_selector(".lrw-figure", timeout=60_000)
                opened.wait_for_function(f"{COUNT} >= {before}", timeout=60_000)
            opened.wait_for_function(f"{PAPER} !== {light!r}", timeout=60_000)
            error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
            assert opened.locator(error).count() == 0
