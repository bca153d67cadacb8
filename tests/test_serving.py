"""The explorer served to visitors: each in bounds of their own, none runs code, no more than places."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets as widgets
import pytest

from workbench import doctor, explore, serving
from workbench.serving.bounds import Bounds
from workbench.serving.line import Line
from workbench.serving.places import Places

ROOT = Path(__file__).resolve().parents[1]
PLACES = 4
INSIDE = min(os.cpu_count() or 1, PLACES)
"""So many at a time are not in line."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server with few places."""
    folder = tmp_path_factory.mktemp("serve")
    served = serving.prepare(visitors=PLACES, browser=False)
    log = folder / "voila.log"
    command = [
        *(sys.executable, "-P", "-m", "workbench.cli", "serve", "--no-browser"),
        *("--port", str(served.port), "--visitors", str(PLACES)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        for _ in range(300):
            if "is running at" in log.read_text():
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{served.port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


class Visitor:
    """A browser of its own, as far as the server can tell, that has the first lines of the page."""

    def __init__(self, address: str) -> None:
        self.address, self.cookies = address, CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.coming = self.opener.open(address, timeout=90)
        self.page = self.coming.read1(1000).decode()
        self.waits = "you are number" in self.page

    def stay(self) -> Visitor:
        """Until the page is complete."""
        with self.coming:
            self.page += self.coming.read().decode()
        (self.kernel,) = set(re.findall(r'kernelId": "([0-9a-f-]+)"', self.page))
        return self

    def leave(self) -> None:
        """What the page says when it is closed."""
        (token,) = [cookie.value for cookie in self.cookies if cookie.name == "_xsrf"]
        url = f"{self.address}/voila/api/shutdown/{self.kernel}"
        request = urllib.request.Request(url, b"", {"X-XSRFToken": token or ""}, method="POST")
        self.opener.open(request, timeout=30).close()


async def ask(address: str, kernel: str, kind: str, content: dict[str, Any], answer: str) -> bool:
    """Whether a message to a kernel is answered within three seconds."""
    from tornado.ioloop import IOLoop
    from tornado.websocket import websocket_connect

    url = f"{address.replace('http', 'ws')}/api/kernels/{kernel}/channels"
    socket = await websocket_connect(url)
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": "s", "version": "5.3"}
    message = {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
    }
    await socket.write_message(json.dumps(message))
    IOLoop.current().call_later(3, socket.close)
    heard = []
    while (said := await socket.read_message()) is not None:
        if isinstance(said, str):
            heard.append(json.loads(said))
            if heard[-1]["msg_type"] == answer and heard[-1]["parent_header"].get("msg_type") == kind:
                socket.close()
                return True
    return False


def together(address: str, many: int) -> tuple[list[Visitor], list[urllib.error.HTTPError]]:
    """Who came in and who was refused, of so many in the same moment."""

    def come(_: int) -> Visitor | urllib.error.HTTPError:
        try:
            return Visitor(address)
        except urllib.error.HTTPError as refused:
            return refused

    with ThreadPoolExecutor(many) as pool:
        came = list(pool.map(come, range(many)))
    visitors = [each for each in came if isinstance(each, Visitor)]
    return visitors, [each for each in came if isinstance(each, urllib.error.HTTPError)]


def test_visitors_of_the_same_moment_wait_in_line_and_no_more_come_in_than_there_are_places(
    address: str,
) -> None:
    # Who is in line has a place, though not yet a kernel.
    visitors, refused = together(address, PLACES + 1)
    assert [each.code for each in refused] == [503]
    assert f"All {PLACES} places are taken" in refused[0].read().decode()
    assert len({each.stay().kernel for each in visitors}) == PLACES
    # Everybody has the explorer, also who came late.
    assert all(each.page.count("application/vnd.jupyter.widget-view+json") == 1 for each in visitors)
    numbers = sorted([int(each) for each in re.findall(r"number\D+(\d+)<", of.page)] for of in visitors)
    assert [each[0] for each in numbers if each] == list(range(1, PLACES - INSIDE + 1))
    assert all(each == sorted(each, reverse=True) for each in numbers)
    visitors[0].leave()
    visitors[0] = Visitor(address).stay()
    for each in visitors:
        each.leave()


def test_who_closes_the_page_while_waiting_takes_no_place(address: str) -> None:
    visitors, _ = together(address, PLACES)
    for gone in [each for each in visitors if each.waits]:
        gone.coming.close()
        visitors.remove(gone)
    stayed = [each.stay() for each in visitors]
    others, refused = together(address, PLACES - len(stayed))
    assert not refused
    for each in [*stayed, *(other.stay() for other in others)]:
        each.leave()


def test_a_line_lets_so_many_in_and_in_the_order_in_which_they_came() -> None:
    entered: list[int] = []

    async def visit(line: Line, name: int) -> None:
        line.join(name)
        while line.number(name):
            await line.moved()
            if name == 5 and line.number(name):
                # Gives up.
                return line.leave(name)
        entered.append(name)
        inside.add(name)
        assert len(inside) <= line.most
        await asyncio.sleep(0.001 * (name % 3))
        inside.remove(name)
        line.leave(name)

    async def come() -> None:
        line = Line(3)
        await asyncio.gather(*(visit(line, name) for name in range(20)))

    inside: set[int] = set()
    asyncio.run(come())
    assert entered == [name for name in range(20) if name != 5]


@pytest.mark.parametrize(("minutes", "seen", "ends"), [(1, False, False), (4, False, True), (4, True, False)])
def test_a_kernel_that_no_page_ever_spoke_to_gives_its_place_back(
    minutes: int, seen: bool, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    async def shutdown(self: Places, kernel: str) -> None:
        ended.append(kernel)

    async def look() -> None:
        places = Places(cull_idle_timeout=1200, cull_connected=True)
        silent = datetime.now(UTC) - timedelta(minutes=minutes)
        kernel: Any = SimpleNamespace(
            last_activity=silent,
            execution_state="idle",
            kernel_name="",
            kernel_spec=SimpleNamespace(metadata={}),
        )
        places._kernels["k"] = kernel
        if seen:
            places.notify_connect("k")
        await places.cull_kernel_if_idle("k")

    monkeypatch.setattr(Places, "shutdown_kernel", shutdown)
    asyncio.run(look())
    assert ended == (["k"] if ends else [])


@pytest.mark.skipif(doctor.browser() is None, reason="needs Chromium")
def test_the_page_of_one_who_waited_opens_by_itself(address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=doctor.browser(), args=["--no-sandbox"])
        page = browser.new_page()
        wrong: list[Any] = []
        page.on("pageerror", lambda error: wrong.append(error))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        # The last of them wait as long as the first are drawn, and so does who comes now.
        visitors, _ = together(address, PLACES - 1)
        page.goto(address, wait_until="commit")
        if any(each.waits for each in visitors):
            page.wait_for_selector("text=you are number", timeout=20_000)
        page.wait_for_selector(".lrw-figure[data-draws]", timeout=120_000)
        assert page.locator("text=you are number").count() == 0
        assert page.title() == "explorer" and page.locator("body.jp-Notebook").count() == 1
        assert not wrong
        here = (address, "data:", "blob:")
        assert asked and not [url for url in asked if not url.startswith(here)], "nothing is from elsewhere"
        page.close(run_before_unload=True)
        for each in visitors:
            each.stay().leave()
        browser.close()


def test_a_page_moves_widgets_but_runs_no_code(address: str, tmp_path: Path) -> None:
    visitor = Visitor(address).stay()
    proof = tmp_path / "written"
    code = {"code": f"open({str(proof)!r}, 'w').close()", "silent": False}
    assert asyncio.run(ask(address, visitor.kernel, "kernel_info_request", {}, "kernel_info_reply"))
    assert asyncio.run(ask(address, visitor.kernel, "comm_info_request", {}, "comm_info_reply"))
    for kind, content in (
        ("execute_request", code),
        ("complete_request", {"code": "imp", "cursor_pos": 3}),
        ("inspect_request", {"code": "explore", "cursor_pos": 3}),
        ("history_request", {"hist_access_type": "tail", "n": 5}),
    ):
        assert not asyncio.run(ask(address, visitor.kernel, kind, content, kind.replace("request", "reply")))
    assert not proof.exists()
    visitor.leave()


@pytest.mark.parametrize(
    "path", ["voila/files/served.py", "voila/files/explorer.ipynb", "served.py", "../served.py"]
)
def test_no_file_is_served(address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/{path}", timeout=10)
    assert refused.value.code in (403, 404)


def bound(code: str, **bounds: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **Bounds(**bounds).environment, "PYTHONPATH": str(ROOT)}
    head = "import os; from workbench.serving.bounds import Bounds; Bounds.read(os.environ).hold();"
    return subprocess.run(
        [sys.executable, "-c", head + code], env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound memory otherwise or not at all")
def test_memory_beyond_the_bound_is_refused_and_the_process_lives() -> None:
    code = """
try:
    taken = bytearray(400_000_000)
except MemoryError:
    print("refused")
print(len(bytearray(100_000_000)))
"""
    assert bound("\n" + code, memory=300_000_000).stdout.split() == ["refused", "100000000"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound processor time otherwise")
def test_processor_time_beyond_the_bound_ends_the_process() -> None:
    ended = bound("\nwhile True: pass", cpu=1)
    assert ended.returncode == -signal.SIGXCPU


def test_bounds_reach_the_kernels_through_the_environment() -> None:
    bounds = Bounds.of(0.5, 2)
    assert (bounds.memory, bounds.cpu) == (500_000_000, 120)
    assert Bounds.read(bounds.environment) == bounds and Bounds.read({}) == Bounds()
    assert set(bounds.environment) <= set(serving.prepare(memory=0.5, cpu=2).environment)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"port": 0}, "port must be"),
        ({"port": "x"}, "port must be"),
        ({"visitors": 0}, "visitors must be"),
        ({"visitors": 2.5}, "visitors must be"),
        ({"memory": 0.01}, "memory must be"),
        ({"memory": float("nan")}, "memory must be"),
        ({"cpu": -1}, "cpu must be"),
        ({"idle": 0}, "idle must be"),
        ({"host": ""}, "host must be"),
        ({"host": "a b"}, "host must be"),
    ],
)
def test_what_cannot_be_served_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        serving.prepare(**wrong)


def test_the_page_of_a_visitor_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "runs"))
    page = explore.watch("cosine", peak=2e-3)
    page.pin()
    page.train()
    assert "train" in page.panel.message.value.lower() and not page.runs
    assert page.save() == [] and not list(tmp_path.iterdir())
    shown = {each.description for each in widgets_in(page.panel.box) if isinstance(each, widgets.Button)}
    assert {"Pin", "Export", "Clear"} <= shown and not shown & {"Train", "Save", "Step", "Stop"}
    whole = explore.start().panel
    assert whole.button["train"] in widgets_in(whole.box)


def widgets_in(box: widgets.Widget) -> list[widgets.Widget]:
    """A widget and all that is in it."""
    return [box, *(each for child in getattr(box, "children", ()) for each in widgets_in(child))]
