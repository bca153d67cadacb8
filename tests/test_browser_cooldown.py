"""The cooldown page in a real browser: a slider redraws every part, and Train measures eight cooldowns."""

from __future__ import annotations

import json

import nbformat
import pytest
from lab import page, server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
READOUT = "[...document.querySelectorAll('.lrw-readout')]"
TABLES = "[...document.querySelectorAll('.lrw-sheet')].map((each) => each.innerText).join(' ')"


def test_a_slider_redraws_bias_and_variance_and_train_measures(tmp_path, chromium) -> None:
    with server(tmp_path) as address:
        path = tmp_path / "notebooks" / "cooldown.ipynb"
        notebook = nbformat.read(path, 4)
        # What follows is read, and run by the tests of notebooks; here it would keep the kernel.
        last = next(i for i, cell in enumerate(notebook.cells) if "page.race(trial)" in cell.source)
        notebook.cells = notebook.cells[: last + 1]
        notebook.cells[1].source = notebook.cells[1].source.replace("quick = False", "quick = True")
        nbformat.write(notebook, path)
        with page(chromium, address.replace("start.ipynb", "cooldown.ipynb")) as opened:
            opened.get_by_role("menuitem", name="Run", exact=True).click()
            opened.get_by_text("Run All Cells", exact=True).click()
            script = "document.querySelectorAll('.lrw-figure[data-draws]').length >= 2"
            opened.wait_for_function(script, timeout=120_000)
            opened.wait_for_function(f"{TABLES}.includes('mirror_cosine')", timeout=60_000)
            opened.wait_for_function(f"{READOUT}[0].textContent.startsWith('sqrt: bias')", timeout=60_000)
            opened.wait_for_function(f"{READOUT}[1].textContent.includes('is best over')", timeout=60_000)
            before = opened.evaluate(f"{READOUT}.map((each) => each.textContent)")
            row = opened.locator(".widget-slider, .widget-hslider").filter(has_text="decay").first
            row.locator(".noUi-handle").focus()
            for _ in range(6):
                opened.keyboard.press("ArrowRight")
            opened.wait_for_function(f"{READOUT}[0].textContent !== {json.dumps(before[0])}", timeout=60_000)
            opened.get_by_label("shape", exact=True).select_option(label="linear")
            opened.wait_for_function(f"{READOUT}[0].textContent.startsWith('linear: bias')", timeout=60_000)
            opened.wait_for_function(f"{READOUT}[1].textContent.startsWith('linear is best')", timeout=60_000)
            train = opened.get_by_role("button", name="Train", exact=True)
            train.wait_for(timeout=60_000)
            train.click()
            opened.wait_for_function(f"{TABLES}.includes('said before')", timeout=60_000)
            opened.wait_for_function(f"{TABLES}.includes('lowered_linear')", timeout=60_000)
            assert opened.locator(ERROR).count() == 0, "no traceback on the page"
