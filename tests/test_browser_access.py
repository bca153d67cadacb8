"""Every page in JupyterLab for people who see little or use no mouse: axe-core, Tab and the arrow keys."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from lab import page, server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
OUTPUT = ".jp-OutputArea-output"
# All pages in one cell: one kernel, and nothing that the notebook takes away because it is out of sight.
CELL = """
import tempfile

import workbench as wb
from workbench.explore import cooldowns_lanes, cooldowns_trial
from workbench.train import tasks

explore, store = wb.explore, tempfile.mkdtemp()
start = explore.start(total=40, store=store)
start.train()
lanes = {"wsd": wb.schedules.wsd(60, 0.5), "cosine": wb.schedules.cosine(60, 0.5)}
studio = explore.studio(tasks.quadratic(), lanes, store=store, name="access")
studio.train()
cooldown = explore.cooldown()
race = cooldowns_trial.Trial("bigram", cooldowns_lanes.shapes(100, 1.0, 0.2, 0.0), 2, against="linear")
pages = [start, studio, explore.writing(studio), cooldown, cooldown.race(race)]
names = ("browse", "compare", "draw", "gallery", "sheet", "predict", "design", "exponent", "plan", "batch")
names += ("index", "valley", "wsds", "peaks", "edge")
pages += [getattr(explore, name)() for name in names]
pages += [explore.runs(explore.examples(tempfile.mkdtemp(), seeds=2)), wb.exercises.show("convex")]
display(*pages)
start.session.wait()
studio.session.wait()
start.branch(start.session.branches[0].key, 20)
studio.branch(studio.session.branches[0].key, 30)
print("all", "shown")
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory, chromium):
    """The browser with every page in one output."""
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    with server(folder) as address:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata=kernel)
        nbformat.write(notebook, folder / "notebooks/access.ipynb")
        with page(chromium, address.replace("start.ipynb", "access.ipynb")) as opened:
            opened.get_by_role("menuitem", name="Run", exact=True).click()
            opened.get_by_text("Run All Cells", exact=True).click()
            opened.get_by_text("all shown", exact=True).wait_for(timeout=180_000, state="attached")
            assert opened.locator(f"{OUTPUT}[data-mime-type='application/vnd.jupyter.error']").count() == 0
            opened.wait_for_function("document.querySelectorAll('.lrw-tree [role=treeitem]').length >= 5")
            opened.wait_for_timeout(2_000)
            yield opened


def dress(opened: Any, theme: str) -> None:
    """JupyterLab in light or in dark."""
    opened.get_by_role("menuitem", name="Settings", exact=True).click()
    opened.get_by_text("Theme", exact=True).hover()
    opened.get_by_text(f"JupyterLab {theme}", exact=True).click()
    light = str(theme == "Light").lower()
    opened.wait_for_function(f"document.body.dataset.jpThemeLight === '{light}'", timeout=20_000)
    opened.wait_for_timeout(2_000)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_serious_on_any_page(shown, theme) -> None:
    from axe_playwright_python.sync_playwright import Axe

    dress(shown, theme)
    asked = {"resultTypes": ["violations", "passes"]}
    found = Axe().run(shown, context={"include": [[OUTPUT]]}, options=asked).response
    (contrast,) = [rule for rule in found["passes"] if rule["id"] == "color-contrast"]
    assert len(contrast["nodes"]) > 200, "the pages were there to be looked at"
    print([(r["id"], len(r["nodes"])) for r in found["passes"]])
    print([(r["id"], r["impact"], [n["html"][:100] for n in r["nodes"]]) for r in found["violations"]])
    print([(r["id"], len(r["nodes"])) for r in found["incomplete"]])
    bad = [
        (rule["id"], node["html"][:200])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert bad == []


# What a user can work: of parts whose arrow keys go from one to the next, the one that Tab comes to. Points
# of a schedule that have happened cannot be moved.
MARK = """() => {
  const kinds = 'button, input, select, textarea, summary, a[href], [contenteditable=true], [role=slider]'
    + ', [role=button], [role=treeitem], [role=application]';
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length;
  const roving = (node) => node.closest('[role=tree], .lrw-cells') && node.tabIndex < 0;
  const off = (node) => node.disabled || node.ariaDisabled === 'true' || node.type === 'file' || roving(node);
  const all = [...document.querySelectorAll('.jp-OutputArea-output')].flatMap((output) => [...output.querySelectorAll(kinds)]);
  const controls = all.filter((node) => seen(node) && !off(node) && !node.closest('.modebar, .jp-RenderedPlotly'));
  controls.forEach((node) => { node.dataset.expected = ''; });
  document.addEventListener('focusin', (event) => { event.target.dataset.reached = ''; });
  const end = Object.assign(document.createElement('button'), { textContent: 'end' });
  controls.at(-1).closest('.jp-OutputArea').append(end);
  end.dataset.end = '';
  return controls.length;
}"""
END = "document.activeElement.dataset.end === ''"


def test_tab_comes_to_every_control_and_each_says_its_name(shown) -> None:
    from playwright.sync_api import expect

    count = shown.evaluate(MARK)
    assert count > 150
    shown.locator("[data-expected]").first.focus()
    for _ in range(3 * count):
        if shown.evaluate(END):
            break
        shown.keyboard.press("Tab")
    shown.evaluate("document.querySelector('[data-end]').remove()")
    missed = shown.locator("[data-expected]:not([data-reached])")
    assert missed.evaluate_all("nodes => nodes.map((node) => node.outerHTML.slice(0, 200))") == []
    for control in shown.locator("[data-expected], [data-reached]").all():
        expect(control).to_have_accessible_name(re.compile(r"\w"), timeout=1_000)
