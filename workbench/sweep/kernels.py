"""How the kernel of a task starts, cold or warm, and papermill's engine that runs a notebook on it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import IO, Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from workbench.sweep.warm import Server
from workbench.sweep.watch import Watch

NAME = "workbench-sweep"
"""Under which name papermill knows the engine."""

STARTS = 120
"""Seconds within which a kernel that starts answers."""

SHOWS = 60
"""Seconds within which what a cell has shown arrives after the cell has ended."""

_RECONNECT = 10
"""Milliseconds between two tries to connect."""

_PATIENCE = 2.0
_END_PACE, _END_SOON = 0.005, 0.5


class Client(AsyncKernelClient):
    """Knows at once when a kernel is ready; Jupyter asks for a subclass of its own.

    Jupyter's waits 0.2 s for silence, and a tenth of a second and more between two tries to connect: of a
    warm task, longer than all that its kernel does until its first cell runs.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Come back when the kernel has answered, and what it shows is heard."""
        seconds = STARTS if timeout is None else timeout
        end, patience = time.monotonic() + seconds, 0.2
        while not await self._answers(patience):
            # Asked too often, a kernel on a busy machine would always be answering an older question.
            patience = min(2 * patience, _PATIENCE)
            if not await self._async_is_alive():
                raise RuntimeError("its kernel died while it started")
            if time.monotonic() > end:
                raise RuntimeError(f"its kernel did not answer within {seconds:g} s")

    async def _answers(self, patience: float) -> bool:
        asked = self.kernel_info()
        try:
            self._handle_kernel_info_reply(await self._recv_reply(asked, timeout=5 * patience))
            # Messages keep their order: after the end of our request nothing older can come.
            while not _ends(await self.get_iopub_msg(timeout=patience), asked):
                pass
        except (TimeoutError, Empty):
            # Nobody listens there yet, or what is shown went out before we listened: ask again.
            return False
        return True

    def _context_default(self) -> Any:
        context = super()._context_default()
        # We are there before the kernel is: it binds its sockets a moment later.
        context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT)
        return context


class Provisioner(LocalProvisioner):
    """Starts a kernel and tells the watch; Jupyter asks for a subclass of its own."""

    server: Server | None = None
    watch: Watch | None = None
    log: str = ""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start it: forked from the warm parent where there is one."""
        if self.server is None:
            info = await super().launch_kernel(cmd, **kwargs)
        else:
            env, cwd = dict(kwargs.get("env") or {}), str(kwargs.get("cwd") or Path.cwd())
            forked: Any = self.server.fork(_arguments(cmd), env, cwd, self.log)
            self.process, self.pid, self.pgid, self.cwd = forked, forked.pid, forked.pid, cwd
            info = self.connection_info
        if self.watch is not None:
            self.watch.kernel(self.pid)
        return info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """See an end that comes soon when it comes; Jupyter, which waits on, looks ten times a second."""
        end = time.monotonic() + _END_SOON
        while await self.poll() is None and time.monotonic() < end:
            await asyncio.sleep(_END_PACE)


class SweepEngine(Engine):
    """papermill's own engine, on a kernel that we start and end."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
        """Run all cells."""
        manager = _manager(kernel_name, kwargs["scratch"])
        kwargs["kept"].append(nb_man.nb)
        provisioner = Provisioner(kernel_id=uuid.uuid4().hex, kernel_spec=manager.kernel_spec, parent=manager)
        provisioner.server, provisioner.watch = kwargs["server"], kwargs["watch"]
        provisioner.log = kwargs["log"].name
        manager.provisioner = provisioner
        text: IO[str] = kwargs["log"]
        client = PapermillNotebookClient(
            nb_man,
            km=manager,
            kernel_name=kernel_name,
            startup_timeout=STARTS,
            # Where many tasks run at once what a cell has shown may come late; none of it may be left out.
            iopub_timeout=SHOWS,
            raise_on_iopub_timeout=True,
            stdout_file=text,
            stderr_file=text,
        )
        start = {"env": kwargs["env"], "cwd": kwargs["folder"], "cleanup_kc": True}
        if provisioner.server is None:
            start |= {"stdout": text, "stderr": text}
        return client.execute(**start)


def register() -> None:
    """Make the engine known to papermill."""
    papermill_engines.register(NAME, SweepEngine)


def _arguments(cmd: list[str]) -> list[str]:
    """What ipykernel is told; a warm parent can become no other kernel, and none of another Python."""
    module = "ipykernel_launcher"
    # Programs of two environments may be links to one file: their folders must be the same.
    places = (os.path.dirname(cmd[0]), os.path.dirname(sys.executable))
    if module not in cmd or not os.path.isdir(places[0]) or not os.path.samefile(*places):
        raise ValueError(f"only kernels of this Python can be warm; this one is started by {cmd[0]}")
    return cmd[cmd.index(module) + 1 :]


def _ends(message: dict[str, Any], asked: str) -> bool:
    mine = message["parent_header"].get("msg_id") == asked
    return mine and message["content"].get("execution_state") == "idle"


def _manager(kernel_name: str, scratch: str) -> Any:
    manager: Any = AsyncKernelManager(
        kernel_name=kernel_name, connection_file=f"{scratch}/k.json", client_factory=Client
    )
    if sys.platform != "win32":
        # Sockets in a folder of our own: no two kernels race for a port, and nobody else may connect.
        manager.transport = "ipc"
        manager.ip = f"{scratch}/s"
    try:
        assert manager.kernel_spec is not None
    except NoSuchKernel:
        raise ValueError(f"this machine has no Jupyter kernel {kernel_name!r}") from None
    return manager
