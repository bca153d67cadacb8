"""The notebook of the best schedule in JupyterLab, in a real browser: sliders, sensitivity, copy, export."""

from __future__ import annotations

import json

import pytest
from lab import page, server, settled
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
READOUT = "document.querySelector('.lrw-readout').textContent"
ROWS = "[...document.querySelectorAll('.lrw-sheet')].map(s => s.querySelectorAll('tbody tr').length)"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, chromium):
    """The notebook, run as far as its designer."""
    with (
        server(tmp_path_factory.mktemp("lab")) as address,
        page(
            chromium,
            address.replace("start.ipynb", "design.ipynb"),
            permissions=["clipboard-read", "clipboard-write"],
        ) as opened,
    ):
        opened.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(5):
            opened.keyboard.press("Shift+Enter")
        opened.wait_for_selector(".lrw-figure[data-draws]", timeout=90_000, state="attached")
        opened.locator(".lrw-sheet td").first.wait_for(timeout=60_000)
        yield opened
        error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
        assert opened.locator(error).count() == 0, "no traceback on the page"


def until(opened, script: str) -> None:
    opened.wait_for_function(script, timeout=60_000)


def test_limits_move_the_best_and_what_it_gains(opened) -> None:
    before, gains = opened.evaluate(READOUT), opened.locator(".lrw-sheet").first.inner_text()
    assert "predicted final loss" in before
    opened.locator(".widget-hslider").filter(has_text="floor").locator(".noUi-handle").focus()
    for _ in range(60):
        opened.keyboard.press("ArrowRight")
    until(opened, f"{READOUT} !== {json.dumps(before)}")
    until(opened, f"document.querySelector('.lrw-sheet').innerText !== {json.dumps(gains)}")
    gains = opened.locator(".lrw-sheet").first.inner_text()
    opened.get_by_label("phases", exact=True).select_option(label="1")
    until(opened, f"document.querySelector('.lrw-sheet').innerText !== {json.dumps(gains)}")


def test_a_table_is_copied_with_all_digits(opened) -> None:
    opened.get_by_role("button", name="Sensitivity").click()
    until(opened, f"{ROWS}[1] > 8")
    settled(opened, ROWS)
    opened.locator(".lrw-sheet button").nth(1).click()
    until(opened, "[...document.querySelectorAll('.lrw-sheet button')][1].textContent === 'Copied'")
    lines = opened.evaluate("navigator.clipboard.readText()").strip("\n").split("\n")
    assert lines[0].split("\t")[:3] == ["limit", "value", "loss"]
    assert len(lines) - 1 == opened.evaluate(ROWS)[1]
    losses = [line.split("\t")[2] for line in lines[1:]]
    assert all(1 < float(loss) < 3 for loss in losses) and max(map(len, losses)) > 10


def test_export_or_why_not(opened) -> None:
    target = opened.locator(".widget-dropdown select", has=opened.locator("option", has_text="PyTorch"))
    target.select_option(label="YAML")
    opened.get_by_role("button", name="Export").click()
    until(
        opened,
        "[...document.querySelectorAll('.widget-textarea textarea')].some(t => t.value.includes('phases'))",
    )
    opened.get_by_label("law", exact=True).select_option(label="Convex theory (no data)")
    until(opened, f"{READOUT}.startsWith('bound')")
    expect(opened.locator(".widget-hslider").filter(has_text="peak")).to_have_count(0, timeout=60_000)
