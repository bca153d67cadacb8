"""The page of predictions in JupyterLab, in a real browser: check, slide, leave out, copy, upload."""

from __future__ import annotations

import json

import nbformat
import numpy as np
import pytest
from lab import page, server

import workbench as wb

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600), pytest.mark.usefixtures("data_folder")]
NOTES = "[...document.querySelectorAll('.lrw-note, .lrw-error')].map((each) => each.textContent).join(' ')"
READOUT = "[...document.querySelectorAll('.lrw-readout')].pop().textContent"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, chromium):
    """The notebook up to the page of predictions, its cells run."""
    folder = tmp_path_factory.mktemp("lab")
    with server(folder) as address:
        path = folder / "notebooks" / "predict.ipynb"
        notebook = nbformat.read(path, 4)
        # What follows is read, and run by the tests of notebooks; here it would keep the kernel.
        shows = next(i for i, cell in enumerate(notebook.cells) if "wb.explore.predict(data" in cell.source)
        notebook.cells = notebook.cells[: shows + 1]
        nbformat.write(notebook, path)
        with page(chromium, address.replace("start.ipynb", "predict.ipynb")) as opened:
            opened.get_by_role("menuitem", name="Run", exact=True).click()
            opened.get_by_text("Run All Cells", exact=True).click()
            script = "document.querySelectorAll('.lrw-figure[data-draws]').length === 2"
            opened.wait_for_function(script, timeout=90_000)
            yield opened
            error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
            assert opened.locator(error).count() == 0, "no traceback on the page"


def until(opened, said: str) -> None:
    opened.wait_for_function(f"{NOTES}.includes({json.dumps(said)})", timeout=60_000)


def test_check_slide_leave_out_and_copy(opened) -> None:
    until(opened, "Trained on: constant_24000, cosine_24000, wsdcon_9; held out: constant_72000")
    opened.get_by_label("wsdcon_18", exact=True).click()
    until(opened, "Fitting: Multi-power law, on 4 curves")
    until(opened, "Trained on: constant_24000, cosine_24000, wsdcon_18, wsdcon_9; held out")
    before = opened.evaluate(READOUT)
    row = opened.locator(".widget-slider, .widget-hslider").filter(has_text="decay").first
    row.locator(".noUi-handle").focus()
    for _ in range(8):
        opened.keyboard.press("ArrowRight")
    opened.wait_for_function(f"{READOUT} !== {json.dumps(before)}", timeout=60_000)
    opened.get_by_label("law", exact=True).select_option(label="Annealing law over model sizes")
    until(opened, "needs n_params")
    opened.get_by_label("law", exact=True).select_option(label="Power of the sum of rates")
    until(opened, "Law: Power of the sum of rates")
    opened.get_by_role("button", name="Leave each out in turn").click()
    until(opened, "each of its training curves left out in turn. Mean absolute error")
    opened.get_by_role("button", name="Tables as text").click()
    opened.wait_for_function(
        "[...document.querySelectorAll('textarea')].some((box) => box.value.includes('_fork\\twsdcon_3'))"
    )


def test_own_logs_are_uploaded(opened, tmp_path) -> None:
    for total in (1000, 1500):
        s = wb.schedules.cosine(total, 1e-3)
        step = np.arange(9, total, 10)
        loss = 2 + 0.5 * np.cumsum(s.array())[step] ** -0.2
        rows = [f"{a},{b:.8f},{c:.8f}" for a, b, c in zip(step, s(step), loss, strict=True)]
        (tmp_path / f"mine{total}.csv").write_text("\n".join(["step,lr,loss", *rows]))
    opened.get_by_label("data", exact=True).select_option(label="your own logs")
    with opened.expect_file_chooser() as chooser:
        opened.locator(".widget-upload").click()
    chooser.value.set_files(sorted(tmp_path.glob("mine*.csv")))
    until(opened, "Data: own logs, upload. Trained on: mine1000, mine1500; no curve held out")
