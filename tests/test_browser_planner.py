"""The pages of planning and of theory in JupyterLab, in a real browser: what sliders and switches move."""

from __future__ import annotations

import json

import pytest
from lab import page, server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
READOUT = "document.querySelector('.lrw-readout').textContent"
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with server(tmp_path_factory.mktemp("lab")) as found:
        yield found


def opened(chromium, address: str, name: str):
    return page(chromium, address.replace("start.ipynb", f"{name}.ipynb"))


def run(notebook, cells: int, there: str = ".lrw-sheet td") -> None:
    notebook.locator(".jp-Notebook .jp-Cell").first.click()
    for _ in range(cells):
        notebook.keyboard.press("Shift+Enter")
    notebook.wait_for_selector(".lrw-figure[data-draws]", timeout=120_000, state="attached")
    notebook.locator(there).first.wait_for(timeout=60_000)


def until(notebook, script: str) -> None:
    notebook.wait_for_function(script, timeout=60_000)


def test_a_budget_becomes_a_plan_that_is_exported(address, chromium) -> None:
    with opened(chromium, address, "planner") as notebook:
        run(notebook, 5)
        until(notebook, f"{READOUT}.includes('parameters') && {READOUT}.includes('loss')")
        before = notebook.evaluate(READOUT)
        notebook.locator(".widget-hslider").filter(has_text="flops").locator(".noUi-handle").focus()
        for _ in range(5):
            notebook.keyboard.press("ArrowRight")
        until(notebook, f"{READOUT} !== {json.dumps(before)}")
        notebook.get_by_label("batch by", exact=True).select_option(label="DeepSeek")
        until(notebook, "document.querySelector('.lrw-sheet').innerText.includes('2401.02954')")
        yaml = notebook.locator(".widget-dropdown select", has=notebook.locator("option", has_text="YAML"))
        yaml.select_option(label="YAML")
        notebook.get_by_role("button", name="Export").click()
        texts = "[...document.querySelectorAll('.widget-textarea textarea')]"
        until(
            notebook, f"{texts}.some(t => t.value.includes('weight_decay') && t.value.includes('batch_size'))"
        )
        notebook.get_by_label("budget in", exact=True).select_option(label="a target loss")
        notebook.locator(".widget-hslider").filter(has_text="target_loss").wait_for(timeout=60_000)
        assert notebook.locator(ERROR).count() == 0


def test_the_overhead_moves_the_batch(address, chromium) -> None:
    with opened(chromium, address, "batch") as notebook:
        run(notebook, 5)
        until(notebook, f"{READOUT}.includes('more data buy a batch')")
        before = notebook.evaluate(READOUT)
        notebook.locator(".widget-hslider").filter(has_text="overhead").locator(".noUi-handle").focus()
        for _ in range(10):
            notebook.keyboard.press("ArrowRight")
        until(notebook, f"{READOUT} !== {json.dumps(before)}")
        assert notebook.locator(ERROR).count() == 0


def test_a_correction_moves_the_exponent(address, chromium) -> None:
    with opened(chromium, address, "chinchilla") as notebook:
        run(notebook, 5, ".lrw-figure canvas")
        said = "document.querySelector('.lrw-figure').getAttribute('aria-label')"
        before = notebook.evaluate(said)
        notebook.get_by_label("count the last layer").click()
        until(notebook, f"{said} !== {json.dumps(before)}")
        assert notebook.locator(ERROR).count() == 0


def test_a_floor_moves_the_best_of_theory(address, chromium) -> None:
    with opened(chromium, address, "convex") as notebook:
        run(notebook, 9)
        until(notebook, f"{READOUT}.startsWith('bound')")
        before = notebook.evaluate(READOUT)
        notebook.locator(".widget-hslider").filter(has_text="floor").locator(".noUi-handle").focus()
        for _ in range(40):
            notebook.keyboard.press("ArrowRight")
        until(notebook, f"{READOUT} !== {json.dumps(before)}")
        assert notebook.locator(ERROR).count() == 0
