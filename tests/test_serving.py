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
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from workbench import explore, serving
from workbench.serving.bounds import Bounds

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server with two places."""
    folder = tmp_path_factory.mktemp("serve")
    served = serving.prepare(visitors=2, browser=False)
    log = folder / "voila.log"
    command = [
        *(sys.executable, "-P", "-m", "workbench.cli", "serve", "--no-browser"),
        *("--port", str(served.port), "--visitors", "2"),
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
    """A browser of its own, as far as the server can tell, with the page open."""

    def __init__(self, address: str) -> None:
        self.address, self.cookies = address, CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        with self.opener.open(address, timeout=90) as page:
            (self.kernel,) = set(re.findall(r'kernelId": "([0-9a-f-]+)"', page.read().decode()))

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


def test_visitors_have_kernels_of_their_own_and_no_more_than_there_are_places(address: str) -> None:
    first, second = Visitor(address), Visitor(address)
    assert first.kernel != second.kernel
    with pytest.raises(urllib.error.HTTPError) as refused:
        Visitor(address)
    assert refused.value.code == 503 and b"All 2 places are taken" in refused.value.read()
    first.leave()
    third = Visitor(address)
    assert third.kernel not in (first.kernel, second.kernel)
    second.leave()
    third.leave()


def test_a_page_moves_widgets_but_runs_no_code(address: str, tmp_path: Path) -> None:
    visitor = Visitor(address)
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
