"""The notebook of the schedules in JupyterLab, in a real browser: gallery, sliders, and the canvas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from lab import page, server, settled
from scipy.interpolate import PchipInterpolator

import workbench as wb

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
AXES = Path(wb.explore.__file__).parent / "static" / "axes.js"
SAID = "[...document.querySelectorAll('.lrw-readout')].pop().textContent"
TEXT = "document.querySelector('.lrw-canvas').dataset.points"
DRAWN = f"JSON.parse({TEXT})"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, chromium):
    """The notebook with all of its cells run."""
    with (
        server(tmp_path_factory.mktemp("lab")) as address,
        page(chromium, address.replace("start.ipynb", "schedules.ipynb")) as opened,
    ):
        opened.get_by_role("menuitem", name="Run", exact=True).click()
        opened.get_by_text("Run All Cells", exact=True).click()
        opened.wait_for_selector(".lrw-canvas[data-points]", timeout=120_000, state="attached")
        yield opened
        error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
        assert opened.locator(error).count() == 0, "no traceback on the page"


def until(opened, script: str) -> None:
    opened.wait_for_function(script, timeout=60_000)


def points(opened) -> list[list[float]]:
    return opened.evaluate(DRAWN)


def place(opened, i: int) -> tuple[float, float]:
    """Middle of control point i on the page."""
    box = opened.locator(".lrw-point .dot").nth(i).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_filter_choose_and_slide(opened) -> None:
    gallery = opened.locator(".lrw-gallery")
    until(opened, f"document.querySelector('.lrw-gallery').dataset.shown === '{len(wb.schedules.names())}'")
    gallery.locator("[data-family=cyclic]").click()
    gallery.locator("input").fill("sgdr")
    until(opened, "document.querySelector('.lrw-gallery').dataset.shown === '1'")
    gallery.locator("button[data-name=sgdr]").press("Enter")
    card = opened.locator(".lrw-card")
    card.get_by_text("SGDR").first.wait_for(timeout=60_000)
    card.get_by_text("When to use it").first.wait_for(timeout=60_000)
    before = settled(opened, "document.querySelector('.lrw-readout').textContent")
    row = opened.locator(".widget-slider, .widget-hslider").filter(has_text="warmup").first
    row.locator(".noUi-handle").focus()
    for _ in range(8):
        opened.keyboard.press("ArrowRight")
    until(opened, f"document.querySelector('.lrw-readout').textContent !== {json.dumps(before)}")


def test_draw_with_mouse_and_keys(opened) -> None:
    opened.locator(".lrw-canvas").scroll_into_view_if_needed()
    until(opened, f"{SAID}.includes('predicted final loss')")
    before, loss = settled(opened, f"[{TEXT}, {SAID}]")
    start = points(opened)
    x, y = place(opened, 1)
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 100, y + 40, steps=8)
    # While it is dragged.
    until(opened, f"{DRAWN}[1][0] > {start[1][0]} && {DRAWN}[1][1] < {start[1][1]}")
    opened.mouse.up()
    until(opened, f"{SAID} !== {json.dumps(loss)}")
    one, other = place(opened, 1), place(opened, 2)
    opened.mouse.click((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
    until(opened, f"{DRAWN}.length === 4")
    opened.keyboard.press("n")
    until(opened, f"{DRAWN}.length === 5")
    opened.keyboard.press("Delete")
    until(opened, f"{DRAWN}.length === 4")
    here, cells = opened.evaluate(TEXT), opened.locator(".jp-Cell").count()
    opened.keyboard.press("x")  # cuts the cell wherever JupyterLab may take a key
    for key in ("ArrowUp", "Shift+ArrowUp", "ArrowLeft"):
        opened.keyboard.press(key)
    until(opened, f"{TEXT} !== {json.dumps(here)}")
    assert opened.locator(".jp-Cell").count() == cells
    opened.locator(".lrw-tools").get_by_text("Log axis").click()
    until(opened, "document.querySelector('.lrw-canvas svg').textContent.includes('1e-5')")
    opened.locator(".lrw-point").nth(1).focus()
    for _ in range(12):
        opened.keyboard.press("Control+z")
    until(opened, f"{TEXT} === {json.dumps(before)}")
    until(opened, f"{SAID} === {json.dumps(loss)}")


def test_the_browser_draws_the_curve_that_python_makes(opened) -> None:
    step, rate = np.array([[0, 0.0], [30, 5e-3], [200, 5e-3], [700, 1e-3], [900, 2e-3], [1000, 0.0]]).T
    at = np.linspace(0, 1000, 401)
    script = f"([points, at]) => {{ {AXES.read_text('utf-8')}; return at.map(curve(points, true)); }}"
    drawn = opened.evaluate(script, [np.column_stack([step, rate]).tolist(), at.tolist()])
    np.testing.assert_allclose(drawn, PchipInterpolator(step, rate)(at), rtol=0, atol=1e-15)
