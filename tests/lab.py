"""JupyterLab for tests: started by our own command on a copy of the notebooks, opened in Chromium."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Address (with its token) of JupyterLab on a copy of the notebooks in `folder`."""
    shutil.copytree(
        ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns("runs", "takeaway", ".*")
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "lab.log"
    # The editor's own settings and kernels of the user stay out of it.
    private = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    environment = {**os.environ, **private, "PYTHONPATH": str(ROOT), "WORKBENCH_RUNS": str(folder / "runs")}
    command = [sys.executable, "-m", "workbench.cli", "lab", "--port", str(port), "--no-browser"]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield _address(process, log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(300):
        found = re.search(r"http://(localhost|127\.0\.0\.1):(\d+)/\S*token=(\w+)", log.read_text())
        if found:
            return f"http://127.0.0.1:{found[2]}/lab/tree/notebooks/start.ipynb?token={found[3]}&reset"
        assert process.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@contextmanager
def page(chromium: str, address: str, **context: Any) -> Iterator[Any]:
    """The notebook, open in headless Chromium, nothing run yet."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            opened = browser.new_page(**{"viewport": {"width": 1360, "height": 1400}, **context})
            opened.goto(address)
            opened.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
            # Before its kernel is there, JupyterLab answers "Run" by asking for one.
            opened.get_by_text("| Idle").wait_for(timeout=90_000)
            yield opened
        finally:
            browser.close()


def run_all(opened: Any) -> None:
    """Run all cells and wait for the live figure."""
    opened.get_by_role("menuitem", name="Run", exact=True).click()
    opened.get_by_text("Run All Cells", exact=True).click()
    opened.wait_for_selector(".lrw-figure[data-draws]", timeout=120_000)
    opened.locator(".lrw-figure").first.scroll_into_view_if_needed()


def settled(opened: Any, script: str, quiet: float = 0.7) -> Any:
    """What `script` says once it has said the same for `quiet` seconds."""
    return opened.evaluate(
        """([script, quiet]) => new Promise((done) => {
          let was, since;
          const look = () => {
            const now = JSON.stringify(eval(script));
            if (now !== was) [was, since] = [now, performance.now()];
            if (performance.now() - since >= 1000 * quiet) done(JSON.parse(was)); else setTimeout(look, 50);
          };
          look();
        })""",
        [script, quiet],
    )


def save(opened: Any) -> None:
    """Save the notebook."""
    opened.keyboard.press("Control+s")
    opened.locator(".jp-mod-dirty").wait_for(state="detached", timeout=60_000)
