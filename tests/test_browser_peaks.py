"""The peak page in JupyterLab, in a real browser: theory moves with the sliders, and a cell trains."""

from __future__ import annotations

import pytest
from lab import page, server
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
WORDS = "[...document.querySelectorAll('.lrw-note')].map(e => e.textContent).join(' ')"


def press(notebook, label: str, key: str, times: int) -> None:
    """Move a slider with the keyboard."""
    notebook.locator(".widget-hslider").filter(has_text=label).locator(".noUi-handle").first.focus()
    for _ in range(times):
        notebook.keyboard.press(key)


def test_a_cell_is_trained_and_its_basin_found(tmp_path, chromium) -> None:
    with server(tmp_path) as address, page(chromium, address.replace("start", "peak_and_batch")) as notebook:
        notebook.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(5):
            notebook.keyboard.press("Shift+Enter")
        notebook.wait_for_selector(".lrw-figure[data-draws]", timeout=120_000, state="attached")
        press(notebook, "total", "Home", 1)
        press(notebook, "batch", "ArrowRight", 2)
        notebook.wait_for_function(f"{WORDS}.includes('batch 256, width 64: square root')", timeout=60_000)
        notebook.get_by_role("button", name="Train", exact=True).click()
        # Short runs of nine peaks and two seeds: a parabola stands as soon as all have ended.
        notebook.wait_for_function(f"{WORDS}.includes('measured: best peak')", timeout=120_000)
        expect(notebook.locator(".lrw-sheet tbody tr").first).to_contain_text("256", timeout=60_000)
        # Nothing is left to train.
        expect(notebook.get_by_role("button", name="Train", exact=True)).to_be_disabled(timeout=60_000)
        press(notebook, "batch", "ArrowLeft", 1)
        notebook.wait_for_function(
            f"{WORDS}.includes('batch 128') && {WORDS}.includes('not measured yet')", timeout=60_000
        )
        notebook.get_by_role("button", name="Save", exact=True).click()
        notebook.wait_for_function(f"{WORDS}.includes('Saved 18 runs')", timeout=60_000)
        assert notebook.locator(ERROR).count() == 0
