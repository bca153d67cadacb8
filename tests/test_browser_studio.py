"""The studio in JupyterLab: train, hold, drag, branch, walk the tree, reload, run the cell again."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from figures import TWO_FRAMES
from lab import page, run_all, save, server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CELL = """import workbench as wb
from workbench.train import tasks

S = wb.schedules
plans = {"linear": S.linear(total=3000, peak=0.2), "wsd": S.wsd(total=3000, peak=0.2)}
studio = wb.explore.studio(tasks.quadratic(modes=20), plans, seeds=(0, 1), name="play")
studio.session.speed = 100
studio"""
NOTE = "[...document.querySelectorAll('.lrw-note')].map((e) => e.textContent).join(' | ')"
COUNT = "Number(document.querySelector('.lrw-figure')?.dataset.measured || 0)"
ROWS = "[...document.querySelectorAll('.lrw-tree [role=treeitem]')]"
DONE = f"Number({NOTE}.match(/update ([0-9,]+) of/)[1].replaceAll(',', ''))"
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"


def notebook(folder):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, folder / "notebooks" / "play.ipynb")


def button(opened, name):
    return opened.locator("button.jupyter-button").get_by_text(name, exact=True).first


def until(opened, script, seconds=60):
    opened.wait_for_function(script, timeout=1000 * seconds)


def says(opened, text, seconds=60):
    until(opened, f"{NOTE}.includes({text!r})", seconds)


def rows(opened):
    return opened.evaluate(f"{ROWS}.map((row) => row.getAttribute('aria-label'))")


def click_curve(opened):
    """Click a point of a measured curve, wherever it is drawn: axes and curves move while points come in,
    and one that has moved away before the click is sought again."""
    for _ in range(10):
        box = opened.locator(".lrw-figure canvas").nth(1).bounding_box()
        for y in range(10, int(box["height"]) - 30, 8):
            place = box["x"] + 66 + 0.05 * (box["width"] - 80), box["y"] + y
            opened.mouse.move(*place)
            opened.evaluate(TWO_FRAMES)
            if opened.locator(".lrw-clickable").count():
                opened.mouse.click(*place)
                if asked(opened):
                    return
                break
    raise AssertionError("no curve was found under the pointer")


def asked(opened):
    """Whether the last click has met a curve."""
    from playwright.sync_api import TimeoutError as TooLate

    try:
        says(opened, "Branch from ", 5)
    except TooLate:
        return False
    return True


def comes_back(opened, before, focus):
    """Save by keys while `focus` has the focus, and load the page again: all is there."""
    opened.locator(".jp-mod-dirty").first.wait_for(state="attached", timeout=60_000)
    opened.locator(focus).first.focus()
    save(opened)
    opened.reload()
    until(opened, f"{COUNT} >= {before}")
    until(opened, f"{ROWS}.length === 5")


def journey(opened, look: Callable[[str], None] = lambda name: None):
    """What a user does, in one go; `look` is called where there is something to see."""
    run_all(opened)
    assert button(opened, "Pause").is_disabled() and button(opened, "Step").is_disabled()
    button(opened, "Train").click()
    until(opened, f"{COUNT} >= 240")
    look("training")
    button(opened, "Pause").click()
    says(opened, "Paused: 4 lanes held")
    held, done = settled(opened, COUNT), settled(opened, DONE)
    button(opened, "Step").click()
    until(opened, f"{DONE} === {done} + 4")

    settled(opened, DONE)
    handle = opened.locator(".lrw-handle:not([aria-disabled=true])").nth(1)
    handle.focus()
    for _ in range(8):
        opened.keyboard.press("ArrowDown")
    says(opened, "has another future from update")
    look("dragged")
    button(opened, "Go on").click()
    until(opened, f"{COUNT} >= {held} + 100")

    click_curve(opened)
    says(opened, "Branch from ")
    look("here")
    button(opened, "Branch").click()
    opened.locator(".lrw-tree [role=treeitem]").nth(4).wait_for(timeout=60_000)
    until(opened, f"{ROWS}.some((row) => row.getAttribute('aria-label').includes(' left at '))")
    (child,) = (row for row in rows(opened) if " left at " in row)
    assert " from " in child

    tree = opened.locator(".lrw-tree [role=treeitem]")
    tree.first.click()
    until(opened, f"{ROWS}[0].getAttribute('aria-selected') === 'true'")
    opened.keyboard.press("Shift+End")
    until(opened, "document.querySelectorAll('.lrw-tree [aria-selected=true]').length === 2")
    button(opened, "Compare").click()
    says(opened, " less ")
    look("tree")

    before = opened.evaluate(COUNT)
    comes_back(opened, before, ".lrw-plots")
    run_all(opened)
    until(opened, "document.querySelectorAll('.lrw-tree [role=treeitem]').length === 5")
    until(opened, f"{COUNT} >= {before}")
    comes_back(opened, before, ".lrw-legend button")
    # A notebook that was saved before its cells ran again finds what they show now.
    run_all(opened)
    opened.on("dialog", lambda dialog: dialog.accept())
    opened.reload()
    until(opened, f"{COUNT} >= {before}")
    until(opened, f"{ROWS}.length === 5")
    button(opened, "Stop").click()
    says(opened, "5 stopped")
    kept = settled(opened, COUNT)
    opened.wait_for_timeout(700)
    assert opened.evaluate(COUNT) == kept, "nothing more arrives after Stop"
    button(opened, "Save").click()
    says(opened, "Saved 5 runs")
    look("saved")
    assert opened.locator(ERROR).count() == 0


def test_a_training_is_played_like_an_instrument(tmp_path, chromium):
    with server(tmp_path) as address:
        notebook(tmp_path)
        with page(chromium, address.replace("start.ipynb", "play.ipynb")) as opened:
            journey(opened)
