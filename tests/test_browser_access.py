"""Every page in JupyterLab for people who see little or use no mouse: axe-core, Tab and the arrow keys."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from lab import page, server
from test_serving import address as visitors  # noqa: F401

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
pages += [wb.takeaway.write("access", schedules=lanes)]
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
    opened.wait_for_function(f"document.body.dataset.jpThemeLight === '{light}'", timeout=60_000)
    opened.wait_for_timeout(2_000)


# axe takes for hidden what a pane clips that could be scrolled, and asks for no contrast there. So the
# panes clip nothing while it looks, and what then hangs out of them still stands on the notebook's paper.
UNFOLD = """(output) => {
  document.querySelector('#jp-bottom-panel')?.remove();
  for (let node = document.querySelector(output); node; node = node.parentElement)
    Object.assign(node.style, { overflow: 'visible', background: 'var(--jp-layout-color0)' });
}"""
ASKED = {"resultTypes": ["violations", "passes"]}


def serious(opened: Any) -> list[tuple[str, str]]:
    """Rules of axe-core that the outputs break, with what breaks them."""
    from axe_playwright_python.sync_playwright import Axe

    opened.evaluate(UNFOLD, OUTPUT)
    found = Axe().run(opened, context={"include": [[OUTPUT]]}, options=ASKED).response
    (contrast,) = [rule for rule in found["passes"] if rule["id"] == "color-contrast"]
    seen = [node for node in contrast["nodes"] if node["any"][0]["data"].get("contrastRatio")]
    assert len(seen) > 20, "the pages were there to be looked at"
    return [
        (rule["id"], node["html"][:200] + " " + str((node["any"] or [{}])[0].get("message"))[:200])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_serious_on_any_page(shown, theme) -> None:
    dress(shown, theme)
    assert serious(shown) == []


# What a user can work: of parts whose arrow keys go from one to the next, the one that Tab comes to. Points
# of a schedule that have happened cannot be moved; the bar of plotly's figures is plotly's.
MARK = """(output) => {
  const kinds = 'button, input, select, textarea, summary, a[href], [contenteditable=true], [role=slider]'
    + ', [role=button], [role=treeitem], [role=application]';
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length;
  const roving = (node) => node.closest('[role=tree], .lrw-cells') && node.tabIndex < 0;
  const passed = (node) => node.disabled || node.ariaDisabled === 'true';
  const off = (node) => passed(node) || node.closest('.modebar') || roving(node);
  const all = [...document.querySelectorAll(output)].flatMap((each) => [...each.querySelectorAll(kinds)]);
  const controls = all.filter((node) => seen(node) && !off(node));
  const reached = new Set();
  const end = Object.assign(document.createElement('button'), { textContent: 'end' });
  controls.at(-1).closest('.jp-OutputArea').append(end);
  document.addEventListener('focusin', ({ target }) => reached.add(target));
  globalThis.walk = {
    ended: () => reached.has(end),
    missed: () => controls.filter((one) => one.isConnected && !reached.has(one)).map((one) => one.outerHTML),
  };
  controls[0].focus();
  return controls.length;
}"""
ROLES = "application button checkbox combobox link listbox searchbox slider spinbutton textbox treeitem"
NAMELESS = re.compile(rf"- (?:{ROLES.replace(' ', '|')})(?! \").*")


def test_tab_comes_to_every_control_and_each_says_its_name(shown) -> None:
    count = shown.evaluate(MARK, OUTPUT)
    assert count > 150
    for pressed in range(3 * count):
        shown.keyboard.press("Tab")
        if pressed % 20 == 0 and shown.evaluate("walk.ended()"):
            break
    assert shown.evaluate("walk.missed()") == []
    said = shown.locator(".jp-OutputArea").first.aria_snapshot()
    assert said.count("- slider ") > 50
    assert NAMELESS.findall(said) == []


KEYS = {
    "a slider": (".noUi-handle[aria-label=peak]", "ArrowLeft", "node.ariaValueText"),
    "a point of a drawing": (".lrw-canvas .lrw-point:nth-child(2)", "ArrowDown", "node.ariaValueText"),
    "the player": (".lrw-player input", "ArrowLeft", "node.ariaValueText"),
    "the surface": (".lrw-scene [tabindex='0']", "ArrowLeft", "node.previousSibling.toDataURL()"),
    "the tree": (".lrw-tree [role=treeitem]:first-child", "ArrowDown", "document.activeElement.dataset.key"),
}


@pytest.mark.parametrize("what", KEYS)
def test_an_arrow_key_moves(shown, what) -> None:
    where, key, said = KEYS[what]
    part = shown.locator(where).locator("visible=true").first
    part.focus()
    before = part.evaluate(f"node => {said}")
    assert before
    shown.keyboard.press(key)
    handle = part.element_handle() if what != "the tree" else None
    shown.wait_for_function(f"([node, before]) => ({said}) !== before", arg=[handle, before], timeout=60_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_page_of_visitors(shown, visitors, theme) -> None:  # noqa: F811
    opened = shown.context.browser.new_page(viewport={"width": 1360, "height": 1000})
    opened.goto(f"{visitors}/?theme={theme}", timeout=90_000)
    opened.wait_for_selector(".lrw-figure[data-draws]", timeout=90_000)
    opened.wait_for_selector(".noUi-handle[aria-label=peak]", timeout=60_000)
    assert opened.evaluate("document.body.dataset.jpThemeLight") == str(theme == "light").lower()
    assert serious(opened) == []
    opened.close()
