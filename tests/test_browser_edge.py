"""The edge page in JupyterLab, in a real browser: a lane trains to its edge, and the sliders steer it."""

from __future__ import annotations

import pytest
from lab import page, server
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
WORDS = "[...document.querySelectorAll('.lrw-note')].map(e => e.textContent).join(' ')"


def test_a_lane_is_steered_while_its_sharpness_comes_in(tmp_path, chromium) -> None:
    with server(tmp_path) as address, page(chromium, address.replace("start", "edge")) as notebook:
        notebook.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(5):
            notebook.keyboard.press("Shift+Enter")
        notebook.wait_for_selector(".lrw-figure[data-draws]", timeout=120_000, state="attached")
        notebook.wait_for_function(f"{WORDS}.includes('full batch allows sharpness 50')", timeout=60_000)
        notebook.get_by_role("button", name="Train", exact=True).click()
        notebook.wait_for_function(f"{WORDS}.includes('of its threshold')", timeout=120_000)
        notebook.locator(".widget-hslider").filter(has_text="peak").locator(".noUi-handle").focus()
        for _ in range(6):
            notebook.keyboard.press("ArrowRight")
        # The line moves at once, and the lane that runs is soon at the new edge.
        notebook.wait_for_function(f"{WORDS}.includes('allows sharpness 28.6')", timeout=60_000)
        notebook.wait_for_function(f"/last (2[6-9]|3[0-2])[.\\d]*, /.test({WORDS})", timeout=120_000)
        notebook.get_by_role("button", name="Stop", exact=True).click()
        cell = notebook.locator(".lrw-sheet td", has_text="full batch, momentum 0").first
        cell.wait_for(timeout=60_000)
        expect(notebook.locator(".lrw-sheet tbody tr")).to_have_count(1, timeout=60_000)
        assert notebook.locator(ERROR).count() == 0
