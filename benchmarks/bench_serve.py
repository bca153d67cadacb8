"""The explorer served to twenty visitors who come in the same moment, and how soon a slider answers them.

Their twenty browsers are on the machine of the server here, and have twice as much to do as it has. So they
run at a low priority: the server has what it needs, as if each browser had a computer of its own, and
"the page" is what it takes until everybody has a complete one. "The first picture" is when the last line is
drawn, by twenty browsers that draw at the same time on what the server leaves.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, at_least, at_most
from workbench import doctor, serving

VISITORS = 20
_MOVES = 200
_SAID = "document.querySelector('.lrw-readout').textContent"
_NOTE = """
new MutationObserver((_, self) => {
    if (!document.querySelector(".lrw-figure[data-draws]")) return;
    window.drawn = performance.now();
    self.disconnect();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def rows() -> Iterator[Row]:
    """The figures; nothing where no Chromium is installed."""
    path = doctor.browser()
    if path is None:
        return
    from playwright.sync_api import sync_playwright

    with _server() as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        alone = _page(browser)
        (_, drawn) = _come([alone], address)[0]
        yield Row("the first picture of a visitor who comes alone", drawn, "s")
        # A page that is closed like this says goodbye, and its place is free again.
        alone.close(run_before_unload=True)
        time.sleep(3)
        pages = [_page(browser) for _ in range(VISITORS)]
        _yield_to(process)
        came = _come(pages, address)
        yield at_least("visitors of the same moment served", len(came), VISITORS, "visitors")
        for what, seconds in zip(("the page", "the first picture"), zip(*came, strict=True), strict=True):
            yield Row(
                f"{what} of twenty who come in the same moment, median", statistics.median(seconds), "s"
            )
            yield Row(f"{what} of twenty who come in the same moment, longest", max(seconds), "s")
        taken, strange = _play(pages)
        yield at_most("slider answers, median", statistics.median(taken), 1.0, "s")
        yield Row("slider answers, 95th percentile", statistics.quantiles(taken, n=20)[-1], "s")
        yield at_most("moves of one seen by another", strange, 0, "moves")
        yield Row("memory of server and kernels, for each visitor", _memory(process) / VISITORS / 1e6, "MB")
        browser.close()


def _page(browser: Any) -> Any:
    """Of a context of its own: cookies, connections and all else; it notes when the figure is drawn."""
    page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
    page.add_init_script(_NOTE)
    return page


def _come(pages: list[Any], address: str) -> list[tuple[float, float]]:
    """Seconds from the same moment on until each page is complete, and until its figure is drawn."""
    for page in pages:
        # The one call that does not wait for an answer.
        page.evaluate(f"setTimeout(() => location.assign({address!r}))")
    seen = []
    for page in pages:
        page.wait_for_function("window.drawn", timeout=300_000)
        seen.append(
            page.evaluate("[performance.getEntriesByType('navigation')[0].responseEnd, window.drawn]")
        )
    return [(complete / 1e3, drawn / 1e3) for complete, drawn in seen]


def _yield_to(server: int) -> None:
    """Give all that this process has started, but for the server, a low priority."""
    import psutil

    served = {server, *(each.pid for each in psutil.Process(server).children(recursive=True))}
    for each in psutil.Process().children(recursive=True):
        if each.pid not in served:
            each.nice(10)


def _play(pages: list[Any]) -> tuple[list[float], int]:
    """Seconds until a move is on the screen, and how many moves changed another visitor's page."""
    taken, strange, dice = [], 0, random.Random(0)
    for page in pages:
        page.locator(".widget-hslider").filter(has_text="decay").first.locator(".noUi-handle").focus()
    said = _settled(pages)
    for turn in range(_MOVES // 5):
        # Five of them move at the same moment.
        moving = dice.sample(range(len(pages)), 5)
        began = {}
        for i in moving:
            began[i] = time.perf_counter()
            pages[i].keyboard.press("ArrowLeft" if turn % 2 else "ArrowRight")
        for i in moving:
            pages[i].wait_for_function(f"{_SAID} !== {said[i]!r}", timeout=30_000)
            taken.append(time.perf_counter() - began[i])
            said[i] = pages[i].evaluate(_SAID)
        still = [i for i in range(len(pages)) if i not in moving]
        strange += sum(pages[i].evaluate(_SAID) != said[i] for i in dice.sample(still, 3))
    return taken, strange


def _settled(pages: list[Any]) -> list[str]:
    """What each page says once the last of what came with it is shown."""
    before, said = [], [page.evaluate(_SAID) for page in pages]
    while said != before:
        time.sleep(2)
        before, said = said, [page.evaluate(_SAID) for page in pages]
    return said


@contextmanager
def _server() -> Iterator[tuple[str, int]]:
    served = serving.prepare(visitors=VISITORS, browser=False)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "voila.log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(serving.__file__).parents[2]),
            **served.environment,
        }
        with log.open("w") as out:
            process = subprocess.Popen(
                served.command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        try:
            while "is running at" not in log.read_text():
                if process.poll() is not None:
                    raise RuntimeError(f"Voila did not start:\n{log.read_text()}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{served.port}", process.pid
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _memory(pid: int) -> float:
    """Bytes of a process and all below it; what they share counts once."""
    import psutil

    parent = psutil.Process(pid)
    return float(sum(each.memory_full_info().pss for each in [parent, *parent.children(recursive=True)]))
