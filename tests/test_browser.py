"""The start notebook in JupyterLab, in a real browser: what a user does first."""

from __future__ import annotations

import pytest
from lab import page, run_all, server, settled
from playwright.sync_api import expect

import workbench as wb

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with server(folder) as address:
        yield folder, address


# Pixels of the loss panel.
PICTURE = "document.querySelectorAll('.lrw-figure canvas')[1].toDataURL()"


def slider(opened, name: str):
    row = opened.locator(".widget-slider, .widget-hslider").filter(has_text=name).first
    return row.locator(".noUi-handle")


def button(opened, name: str):
    return opened.locator("button.jupyter-button").get_by_text(name, exact=True).first


def data(opened, name: str) -> int:
    return int(opened.locator(".lrw-figure").get_attribute(f"data-{name}") or 0)


def wait_until(opened, script: str) -> None:
    opened.wait_for_function(script, timeout=60_000)


ELSEWHERE = """performance.getEntriesByType('resource').map((each) => each.name)
    .filter((name) => /^https?:/.test(name) && !name.startsWith(location.origin))"""
UPDATE = """Number([...document.querySelectorAll('.lrw-note')].map((note) => note.textContent).join(' ')
    .match(/update ([0-9,]+) of/)[1].replaceAll(',', ''))"""
READOUT = "document.querySelector('.lrw-readout').textContent"


def test_slide_train_stop_save(lab, chromium):
    folder, address = lab
    with page(chromium, address) as opened:
        run_all(opened)
        before, said = settled(opened, PICTURE), opened.evaluate(READOUT)
        slider(opened, "decay").focus()
        for _ in range(6):
            opened.keyboard.press("ArrowRight")
        wait_until(opened, f"{READOUT} !== {said!r}")
        wait_until(opened, f"{PICTURE} !== {before!r}")

        assert data(opened, "measured") == 0
        button(opened, "Train").click()
        wait_until(opened, "document.querySelector('.lrw-figure').dataset.measured >= 3")
        said = opened.evaluate(READOUT)
        slider(opened, "decay").focus()
        for _ in range(3):
            opened.keyboard.press("ArrowLeft")
        wait_until(opened, f"{READOUT} !== {said!r}")

        button(opened, "Pause").click()
        opened.get_by_text("1 lane held").wait_for(timeout=60_000)
        held = settled(opened, UPDATE)
        button(opened, "Step").click()
        wait_until(opened, f"{UPDATE} === {held} + 1")
        expect(button(opened, "Stop")).to_be_enabled(timeout=60_000)
        expect(button(opened, "Clear")).to_be_disabled(timeout=60_000)
        button(opened, "Go on").click()
        wait_until(opened, f"{UPDATE} > {held} + 1")

        button(opened, "Stop").click()
        opened.get_by_text("1 stopped").wait_for(timeout=60_000)
        kept = settled(opened, "Number(document.querySelector('.lrw-figure').dataset.measured)")
        assert kept >= 3
        opened.wait_for_timeout(700)
        assert data(opened, "measured") == kept, "nothing more arrives after Stop"

        button(opened, "Save").click()
        opened.get_by_text("Saved 1 run").wait_for(timeout=60_000)
        (key,) = wb.Store(folder / "runs").ids()
        run = wb.Store(folder / "runs").load(key)
        assert run.facts["status"] == "stopped" and len(run.curve) == kept

        button(opened, "Export").click()
        wait_until(
            opened,
            "[...document.querySelectorAll('textarea')].some(t => t.value.includes('wb.export.torch'))",
        )
        assert (
            opened.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count()
            == 0
        )
        assert opened.evaluate(ELSEWHERE) == [], "it works where there is no network"
        assert opened.get_by_text("Jupyter news").count() == 0, "no question covers a corner"


def test_a_bad_combination_says_so_beside_the_sliders(lab, chromium):
    _, address = lab
    with page(chromium, address) as opened:
        run_all(opened)
        for name in ("warmup", "decay"):
            slider(opened, name).focus()
            opened.keyboard.press("End")
        problem = opened.locator(".lrw-error").filter(has_text="warmup + decay must be at most 1").first
        problem.wait_for(timeout=60_000)
        slider(opened, "warmup").focus()
        opened.keyboard.press("Home")
        problem.wait_for(state="detached", timeout=60_000)
