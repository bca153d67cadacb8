"""The index and the exercises in JupyterLab, in a real browser: links open notebooks, answers are judged."""

from __future__ import annotations

import re

import nbformat
import pytest
from lab import FLAGS, page, server

import workbench as wb
from workbench import exercises
from workbench.explore import contents

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
QUIZ = 'import workbench as wb\n\nwb.exercises.show("convex")'


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with server(folder) as address:
        cells = [nbformat.v4.new_code_cell(QUIZ)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(
            nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "notebooks/quiz.ipynb"
        )
        yield address


def opened_at(chromium, address: str, name: str):
    return page(chromium, address.replace("start.ipynb", name))


def run_cells(opened) -> None:
    opened.get_by_role("menuitem", name="Run", exact=True).click()
    opened.get_by_text("Run All Cells", exact=True).click()


def test_a_link_of_the_index_opens_its_notebook(lab, chromium) -> None:
    with opened_at(chromium, lab, "index.ipynb") as opened:
        # Nothing has run yet: the list is there to be read and clicked.
        listed = opened.locator(".jp-RenderedMarkdown a", has_text="How large a batch can I afford?")
        listed.wait_for(state="attached", timeout=60_000)
        run_cells(opened)
        cards = opened.locator(".jp-OutputArea-output svg")
        cards.nth(len(contents.TABLE) - 1).wait_for(timeout=60_000)
        assert cards.count() == len(contents.TABLE)
        box = cards.first.bounding_box()
        assert box["width"] > 150 and box["height"] > 70
        assert opened.locator(ERROR).count() == 0
        link = opened.locator(".jp-OutputArea-output a", has_text="Which shapes has the field tried")
        link.click()
        tab = opened.locator(".lm-TabBar-tab.lm-mod-current", has_text="schedules.ipynb")
        tab.wait_for(timeout=60_000)
        opened.get_by_role("heading", name=re.compile("^Which shapes has the field tried")).wait_for(
            timeout=60_000
        )


def said(opened, number: int):
    return opened.locator(".lrw-quiz > .widget-vbox").nth(number - 1).locator("[role=status]")


def test_a_wrong_and_a_right_answer_a_hint_and_the_solution(lab, chromium) -> None:
    first, _, third = exercises.get("convex")
    with opened_at(chromium, lab, "quiz.ipynb") as opened:
        run_cells(opened)
        opened.locator(".lrw-quiz").wait_for(timeout=90_000)
        assert opened.locator(".lrw-quiz code").first.inner_text() == "wb.views.convex_bound"

        box = opened.get_by_label("answer 1", exact=True)
        box.fill("t9")
        opened.get_by_role("button", name="Check").first.click()
        said(opened, 1).get_by_text("Not that one.").wait_for(timeout=60_000)
        opened.get_by_role("button", name="Hint").first.click()
        said(opened, 1).get_by_text("shows all three").wait_for(timeout=60_000)
        assert first.explanation[:30] not in opened.locator(".lrw-quiz").inner_text()
        box.fill("T3")
        box.press("Enter")
        said(opened, 1).get_by_text("Right.").wait_for(timeout=60_000)
        assert first.explanation[:30] in said(opened, 1).inner_text()

        number = opened.get_by_label("answer 3", exact=True)
        for text, expected in (("90 %", "Too high."), ("0", "Too low."), ("some", "is not a number")):
            number.fill(text)
            number.press("Tab")
            assert opened.evaluate("document.activeElement.textContent") == "Check"
            opened.keyboard.press("Enter")
            said(opened, 3).get_by_text(expected).wait_for(timeout=60_000)
        opened.get_by_role("button", name="Show the answer").nth(2).click()
        said(opened, 3).get_by_text(third.explanation[:30]).wait_for(timeout=60_000)
        assert opened.locator(ERROR).count() == 0
        assert opened.locator(".jp-Cell").count() == 1, "no key went to the notebook"


def test_what_was_taken_along_is_drawn_without_a_network(tmp_path, chromium) -> None:
    from playwright.sync_api import sync_playwright

    s, fit = wb.schedules.wsd(1000, 5e-3), wb.defaults.load("gpt/0.1M")
    figure = wb.plots.rates_and_losses({"wsd": (s, fit.predict(s))})
    given = {"schedules": {"wsd": s}, "figures": {"one": figure, "two": figure, "all": wb.explore.sheet()}}
    there = wb.takeaway.write("x", **given, folder=tmp_path)
    backs = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for scheme in ("light", "dark"):
            opened = browser.new_context(color_scheme=scheme, offline=True).new_page()
            bad: list[str] = []
            opened.on("pageerror", lambda error, bad=bad: bad.append(str(error)))
            opened.on("request", lambda request, bad=bad: bad.append(request.url))
            opened.goto(there.page.as_uri())
            opened.locator("#figure-2 .main-svg").first.wait_for(timeout=60_000)
            lines = opened.locator("#figure-1 .scatterlayer path.js-line")
            lines.nth(1).wait_for(timeout=60_000, state="attached")
            assert bad == [there.page.as_uri()], "nothing but the page is asked for, and nothing fails"
            backs.append(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
            opened.get_by_text("code for torch").click()
            assert "wb.export.torch(optimizer, schedule)" in opened.locator("details pre").inner_text()
        browser.close()
    assert backs[0] != backs[1]
