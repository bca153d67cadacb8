"""The notebook of the river valley in a real browser: sliders, player, pin, drawing by hand."""

from __future__ import annotations

import json

import pytest
from lab import page, server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
VIEW = "document.querySelector('.lrw-valley')"
# How many colours one of the four canvases shows: an empty one has one.
COLORS = """(which) => {
  const canvas = document.querySelectorAll('.lrw-scene canvas')[which];
  const { width, height } = canvas, seen = new Set();
  const all = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer);
  for (let i = 0; i < all.length; i += 7) seen.add(all[i]);
  return seen.size;
}"""
WORDS = "document.querySelector('.lrw-flocks').textContent"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, chromium):
    """The notebook, run as far as its page."""
    with (
        server(tmp_path_factory.mktemp("lab")) as address,
        page(chromium, address.replace("start.ipynb", "river_valley.ipynb")) as opened,
    ):
        opened.problems = []
        opened.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(5):
            opened.keyboard.press("Shift+Enter")
        opened.wait_for_selector(".lrw-valley[data-draws]", timeout=90_000, state="attached")
        opened.wait_for_selector(".lrw-figure[data-draws]", timeout=60_000, state="attached")
        opened.locator(".lrw-valley").scroll_into_view_if_needed()
        yield opened
        error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
        assert opened.locator(error).count() == 0 and not opened.problems


def until(opened, script: str) -> None:
    opened.wait_for_function(script, timeout=60_000)


def test_the_valley_is_drawn_and_the_end_is_shown(opened) -> None:
    until(opened, f"{VIEW}.dataset.step === '2000'")
    until(opened, f"{WORDS}.includes('hill') && {WORDS}.includes('river x')")
    for canvas in range(4):  # map, walkers, surface, walkers
        until(opened, f"({COLORS})({canvas}) > 20")


def test_a_slider_moves_the_walkers(opened) -> None:
    before = opened.evaluate(WORDS)
    opened.locator(".widget-hslider").filter(has_text="noise").locator(".noUi-handle").focus()
    for _ in range(20):
        opened.keyboard.press("ArrowLeft")
    until(opened, f"{WORDS} !== {json.dumps(before)}")


def test_time_runs_and_can_be_scrubbed(opened) -> None:
    button = opened.locator(".lrw-player button")
    button.click()
    until(opened, f"+{VIEW}.dataset.step > 100 && +{VIEW}.dataset.step < 2000")
    assert button.text_content() == "Pause"
    button.click()
    until(opened, "document.querySelector('.lrw-player button').textContent === 'Play'")
    stopped = settled(opened, f"{VIEW}.dataset.step")
    opened.locator(".lrw-player input").focus()
    for _ in range(5):
        opened.keyboard.press("ArrowRight")
    until(opened, f"+{VIEW}.dataset.step === {stopped} + 5")
    until(opened, f"{WORDS}.includes('rate 0.02')")


def test_the_surface_turns(opened) -> None:
    canvas = opened.locator(".lrw-scene").nth(1).locator("canvas").nth(1)
    read = "document.querySelectorAll('.lrw-scene canvas')[2].toDataURL()"
    before, box = opened.evaluate(read), canvas.bounding_box()
    opened.mouse.move(box["x"] + 150, box["y"] + 150)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 220, box["y"] + 120, steps=4)
    opened.mouse.up()
    until(opened, f"{read} !== {json.dumps(before)}")


def test_pins_stay_beside_a_schedule_that_is_drawn_by_hand(opened) -> None:
    opened.get_by_role("button", name="Pin", exact=True).click()
    until(opened, f"{VIEW}.dataset.walkers === '24,24' && {WORDS}.includes('kept: wsd')")
    opened.get_by_role("button", name="Draw by hand").click()
    opened.wait_for_selector(".lrw-canvas[data-points]", timeout=60_000)
    until(opened, f"{WORDS}.includes('by hand')")
    # The second point is the highest: lowered with keys, as a teacher would drag it.
    before = opened.evaluate(WORDS)
    opened.locator(".lrw-point").nth(1).focus()
    for _ in range(10):
        opened.keyboard.press("ArrowDown")
    until(opened, f"{WORDS} !== {json.dumps(before)}")
    opened.get_by_role("button", name="Clear", exact=True).click()
    until(opened, f"{VIEW}.dataset.walkers === '24'")
