"""The notebook of the small GPT in JupyterLab, in a real browser: train, ask the law, write."""

from __future__ import annotations

import pytest
from lab import page, run_all, server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def opened(tmp_path_factory, chromium):
    """The notebook with a tiny model, all cells run."""
    folder = tmp_path_factory.mktemp("lab")
    with server(folder) as address:
        notebook = folder / "notebooks" / "small_gpt.ipynb"
        notebook.write_text(notebook.read_text("utf-8").replace("quick = False", "quick = True"), "utf-8")
        with page(chromium, address.replace("start.ipynb", "small_gpt.ipynb")) as opened:
            run_all(opened)
            opened.get_by_role("button", name="Write", exact=True).wait_for(timeout=120_000)
            yield opened
            error = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
            assert opened.locator(error).count() == 0, "no traceback on the page"


def shown(opened, button: str):
    found = opened.get_by_role("button", name=button, exact=True).first
    found.scroll_into_view_if_needed()
    return found


def test_train_eight_lanes_ask_the_law_and_read_what_they_write(opened) -> None:
    assert shown(opened, "Write").is_disabled(), "nobody can write before an update"
    opened.get_by_text("8 forks").first.wait_for(timeout=60_000)

    shown(opened, "Train").click()
    opened.get_by_text("16 finished").first.wait_for(timeout=120_000)
    shown(opened, "Ask the law").click()
    opened.get_by_text("Nothing was measured from update 200 on yet").wait_for(timeout=60_000)

    opened.wait_for_function(
        "[...document.querySelectorAll('button')].some(b => b.textContent === 'Write' && !b.disabled)",
        timeout=60_000,
    )
    shown(opened, "Write").click()
    opened.get_by_text("constant, seed 0, after 20 updates").wait_for(timeout=60_000)
    written = "[...document.querySelectorAll('pre')].filter(p => p.querySelector('b')).pop()?.innerText"
    opened.wait_for_function(f"{written}?.startsWith('def ') && {written}.length > 50", timeout=60_000)
    first = settled(opened, written)

    opened.get_by_label("seed").last.fill("7")
    opened.get_by_label("seed").last.press("Tab")
    shown(opened, "Write").click()
    opened.wait_for_function(
        "text => [...document.querySelectorAll('pre')].every(p => p.innerText !== text)",
        arg=first,
        timeout=60_000,
    )
