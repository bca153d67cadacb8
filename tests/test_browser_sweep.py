"""A sweep as a widget, in a real browser: it runs beside a free kernel, stops, and goes on."""

from __future__ import annotations

import nbformat
import pytest
from lab import page, server
from sweep_cases import squares

from workbench import sweep

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CODE = """from workbench import sweep
from workbench.explore.sweeping import Sweeping
plan = sweep.plan("one.ipynb", grid={"x": [1, 2, 3, 4]}, metric="square", maximise=True)
Sweeping(plan, "out", warm=("workbench.store",))"""


def test_a_sweep_stops_and_goes_on(tmp_path, chromium):
    with server(tmp_path) as address:
        # Only the first task ends before it is stopped, however late a slow machine clicks.
        go = tmp_path / "go"
        wait = f"0 if x == 1 or os.path.exists({str(go)!r}) else 600"
        squares(tmp_path / "notebooks" / "one.ipynb", wait)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, tmp_path / "notebooks" / "sweeping.ipynb")
        out = tmp_path / "notebooks" / "out"
        with page(chromium, address.replace("start.ipynb", "sweeping.ipynb")) as opened:

            def run() -> None:
                opened.get_by_role("menuitem", name="Run", exact=True).click()
                opened.get_by_text("Run All Cells", exact=True).click()

            run()
            # The progress line names the best so far as soon as there is one.
            opened.get_by_text("best").first.wait_for(timeout=60_000)
            opened.get_by_role("button", name="Stop", exact=True).click()
            opened.get_by_text("Stopped; run the cell again to go on.").wait_for(timeout=60_000)
            kept = sweep.results(out).finished
            assert 1 <= len(kept) < 4
            go.touch()
            run()
            opened.get_by_text("4/4 done").first.wait_for(timeout=90_000)
            assert opened.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
        found = sweep.results(out)
        assert sorted(r["metrics"]["square"] for r in found.finished) == [1, 4, 9, 16]
        assert {r["attempt"] for r in kept} <= {r["attempt"] for r in found.finished}
