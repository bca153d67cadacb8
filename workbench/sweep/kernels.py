"""How the kernel of a task starts, cold or warm, and papermill's engine that runs a notebook on it."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import IO, Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from workbench.sweep.warm import Server
from workbench.sweep.watch import Watch

NAME = "workbench-sweep"
"""Under which name papermill knows the engine."""


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
            startup_timeout=120,
            # Where many tasks run at once what a cell has shown may come late; none of it may be left out.
            iopub_timeout=60,
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


def _manager(kernel_name: str, scratch: str) -> Any:
    manager: Any = AsyncKernelManager(kernel_name=kernel_name, connection_file=f"{scratch}/k.json")
    if sys.platform != "win32":
        # Sockets in a folder of our own: no two kernels race for a port, and nobody else may connect.
        manager.transport = "ipc"
        manager.ip = f"{scratch}/s"
    try:
        assert manager.kernel_spec is not None
    except NoSuchKernel:
        raise ValueError(f"this machine has no Jupyter kernel {kernel_name!r}") from None
    return manager
