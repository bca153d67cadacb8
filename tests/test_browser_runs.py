"""The notebook of runs in JupyterLab, in a real browser: sort, search, choose, fit, tag."""

from __future__ import annotations

import json

import pytest
from lab import page, server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ROWS = "[...document.querySelectorAll('.lrw-runs tbody tr')]"
COUNT = "document.querySelector('.lrw-runs-count').textContent"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, chromium):
    """The notebook, run as far as its page."""
    with (
        server(tmp_path_factory.mktemp("lab")) as address,
        page(chromium, address.replace("start.ipynb", "runs.ipynb")) as opened,
    ):
        opened.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(7):
            opened.keyboard.press("Shift+Enter")
        opened.wait_for_selector(".lrw-runs tbody tr", timeout=120_000)
        yield opened
        error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
        assert opened.locator(error).count() == 0, "no traceback on the page"


def until(opened, script: str) -> None:
    opened.wait_for_function(script, timeout=60_000)


def column(opened, name: str) -> list[str]:
    return opened.evaluate(
        f"""name => {{
          const heads = [...document.querySelectorAll('.lrw-runs thead th')].map(th => th.textContent);
          const place = heads.findIndex(head => head.replace(/ .$/, '') === name);
          return {ROWS}.map(tr => tr.children[place].textContent);
        }}""",
        name,
    )


def test_from_the_table_to_a_fitted_law(opened) -> None:
    until(opened, f"{ROWS}.length === 25")
    losses = [float(text) for text in column(opened, "final_loss")]
    assert losses == sorted(losses) and len(losses) == 25
    first = opened.evaluate(f"{ROWS}[0].dataset.id")

    opened.locator(".lrw-runs thead button").get_by_text("final_loss").click()
    until(opened, f"{ROWS}[0].dataset.id !== {json.dumps(first)}")
    falling = [float(text) for text in column(opened, "final_loss")]
    assert falling == sorted(falling, reverse=True) and falling[0] > losses[-1]

    opened.get_by_label("search runs").fill("cosine")
    until(opened, f"{COUNT}.startsWith('15 of 60 runs') && {ROWS}.length === 15")
    assert set(column(opened, "schedule")) == {"cosine"}

    opened.locator(".lrw-runs tbody input").first.check()
    until(opened, f"{COUNT}.includes('1 chosen')")
    opened.get_by_role("button", name="Best five").click()
    until(opened, f"{COUNT}.includes('5 chosen')")
    until(opened, "document.querySelectorAll('.lrw-legend button').length === 5")
    # Both figures of plotly are drawn: lines with bars of their intervals, and an axis for each field.
    opened.locator(".errorbar").first.wait_for(timeout=60_000, state="attached")
    opened.locator(".parcoords .y-axis").nth(2).wait_for(timeout=60_000, state="attached")

    # The lower half of the losses, dragged along the last of the parallel axes, chooses the runs there.
    opened.get_by_role("button", name="Choose none").click()
    until(opened, f"{COUNT}.includes(' 0 chosen')")
    settled(opened, "[...document.querySelectorAll('.lrw-plots > div')].map((each) => each.dataset.draws)")
    axis = opened.locator(".parcoords .axis-brush .background").last
    axis.scroll_into_view_if_needed()
    settled(
        opened,
        "[...document.querySelectorAll('.parcoords .axis-brush .background')].pop().getBoundingClientRect()",
    )
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    opened.mouse.move(x, box["y"] + 0.97 * box["height"])
    opened.mouse.down()
    opened.mouse.move(x, box["y"] + 0.5 * box["height"], steps=6)
    opened.mouse.up()
    until(opened, f"!{COUNT}.includes(' 0 chosen')")
    lowest = "document.querySelectorAll('.lrw-runs tbody [aria-selected=true]').length"
    chosen = int(settled(opened, f"{COUNT}.match(/([0-9]+) chosen/)[1]"))
    assert 0 < chosen < 15
    until(opened, f"{lowest} === {chosen}")
    until(opened, f"document.querySelectorAll('.lrw-legend button').length === {min(chosen, 12)}")
    opened.get_by_role("button", name="Best five").click()
    until(opened, f"{COUNT}.includes('5 chosen')")

    opened.get_by_role("button", name="Fit to chosen").click()
    opened.locator(".lrw-sheet-title").get_by_text("fitted to 5 runs").wait_for(timeout=60_000)

    opened.get_by_label("tag", exact=True).fill("mine")
    opened.get_by_label("tag", exact=True).blur()
    opened.get_by_role("button", name="Tag", exact=True).click()
    opened.get_by_text("Tagged 'mine': 5 runs.").wait_for(timeout=60_000)
    opened.get_by_label("search runs").fill("mine")
    until(opened, f"{COUNT}.startsWith('5 of 60 runs')")

    opened.get_by_role("button", name="Bin", exact=True).click()
    until(opened, f"{COUNT}.startsWith('0 of 55 runs')")
