"""The explorer served to twenty visitors at once: how soon each sees it, and how soon a slider answers.

They come one after another, each when the one before sees the first picture: their twenty browsers are on the
machine of the server here, and twenty pages that start at once leave it nothing to serve them with.
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
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def rows() -> Iterator[Row]:
    """The figures; nothing where no Chromium is installed."""
    path = doctor.browser()
    if path is None:
        return
    from playwright.sync_api import sync_playwright

    with _server() as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        pages, seen = [], []
        for _ in range(VISITORS):
            # A context for each: cookies and all else of their own.
            pages.append(browser.new_context(viewport={"width": 1200, "height": 900}).new_page())
            began = time.perf_counter()
            pages[-1].goto(address, wait_until="commit")
            pages[-1].wait_for_selector(".lrw-figure[data-draws]", timeout=60_000)
            seen.append(time.perf_counter() - began)
        yield at_least("visitors served at once", len(seen), VISITORS, "visitors")
        yield Row("the first picture of a visitor who comes, median", statistics.median(seen), "s")
        yield Row("the first picture of a visitor who comes, longest", max(seen), "s")
        taken, strange = _play(pages)
        yield at_most("slider answers, median", statistics.median(taken), 1.0, "s")
        yield Row("slider answers, 95th percentile", statistics.quantiles(taken, n=20)[-1], "s")
        yield at_most("moves of one seen by another", strange, 0, "moves")
        yield Row("memory of server and kernels, for each visitor", _memory(process) / VISITORS / 1e6, "MB")
        browser.close()


def _play(pages: list[Any]) -> tuple[list[float], int]:
    """Seconds until a move is on the screen, and how many moves changed another visitor's page."""
    taken, strange, dice = [], 0, random.Random(0)
    for page in pages:
        page.locator(".widget-hslider").filter(has_text="decay").first.locator(".noUi-handle").focus()
    said = [page.evaluate(_SAID) for page in pages]
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
