"""The page of budgets in a real browser: sliders move costs and losses, and Train measures every way."""

from __future__ import annotations

import json

import nbformat
import pytest
from lab import page, server
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
READOUT = "document.querySelector('.lrw-readout').textContent"
TABLES = "[...document.querySelectorAll('.lrw-sheet')].map((each) => each.innerText).join(' ')"


def test_budgets_move_what_ways_cost_and_train_measures(tmp_path, chromium) -> None:
    with server(tmp_path) as address:
        path = tmp_path / "notebooks" / "wsds.ipynb"
        notebook = nbformat.read(path, 4)
        # What follows is read, and run by the tests of notebooks; here it would keep the kernel.
        last = next(i for i, cell in enumerate(notebook.cells) if "page.race(contest)" in cell.source)
        notebook.cells = notebook.cells[: last + 1]
        notebook.cells[1].source = notebook.cells[1].source.replace("quick = False", "quick = True")
        nbformat.write(notebook, path)
        with page(chromium, address.replace("start.ipynb", "wsds.ipynb")) as opened:
            opened.get_by_role("menuitem", name="Run", exact=True).click()
            opened.get_by_text("Run All Cells", exact=True).click()
            script = "document.querySelectorAll('.lrw-figure[data-draws]').length >= 2"
            opened.wait_for_function(script, timeout=120_000)
            opened.wait_for_function(f"{TABLES}.includes('WSD-S')", timeout=60_000)
            said = f"{READOUT}.includes('updates for all 4 models') && {READOUT}.includes('WSD-S 3,000')"
            opened.wait_for_function(said, timeout=60_000)
            before = opened.evaluate(READOUT)
            row = opened.locator(".widget-slider, .widget-hslider").filter(has_text="decay").first
            row.locator(".noUi-handle").focus()
            for _ in range(4):
                opened.keyboard.press("ArrowRight")
            opened.wait_for_function(f"{READOUT} !== {json.dumps(before)}", timeout=60_000)
            opened.get_by_label("equal", exact=True).select_option(label="the same compute")
            opened.wait_for_function(f"{READOUT}.includes('cosine, a run each 3,000')", timeout=60_000)
            drawn = opened.locator("svg[aria-label*='WSD-S: 3,000 updates']")
            expect(drawn).to_have_count(1, timeout=60_000)
            train = opened.get_by_role("button", name="Train", exact=True)
            train.wait_for(timeout=60_000)
            train.click()
            opened.wait_for_function(f"{TABLES}.includes('cosine, tuned each')", timeout=120_000)
            assert opened.locator(ERROR).count() == 0, "no traceback on the page"
