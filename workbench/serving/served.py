"""How Voila is started: which page, on which port, and what each visitor may use."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from workbench.lab import free_port
from workbench.params import Param, number
from workbench.serving.bounds import Bounds

PAGE = Path(__file__).with_name("explorer.ipynb")
"""What visitors see."""

_KERNELS = Path(__file__).with_name("jupyter")
"""Where Jupyter finds the kernel that keeps to its bounds."""
_FIRST_PORT = 8866
_PATIENCE = 300
"""Seconds."""
_EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
)
"""What the page is made of; others that are installed would double what every visitor loads."""
_VISITORS = Param(1, 1000, help="most visitors at a time")
_IDLE = Param(1, 24 * 60, unit="minutes", help="minutes without a word from a page until its kernel ends")


@dataclass(frozen=True)
class Served:
    """How the explorer is served.

    Parameters
    ----------
    port : int
        Where it listens.
    host : str
        Address of the network card; "127.0.0.1" is this machine alone, "0.0.0.0" everybody who can reach it.
    visitors : int
        Most visitors at a time; the next one reads that the places are taken.
    bounds : Bounds
        What the kernel of each may use.
    idle : float
        Minutes without a word from a page until its kernel ends.
    browser : bool
        Whether a browser opens.
    """

    port: int
    host: str = "127.0.0.1"
    visitors: int = 30
    bounds: Bounds = Bounds()
    idle: float = 20.0
    browser: bool = True

    @property
    def command(self) -> list[str]:
        """The command line of Voila, which takes no request to run code from a page."""
        options = [
            f"--port={self.port}",
            # The port was free a moment ago; another one would make our hint wrong.
            "--Voila.port_retries=0",
            f"--Voila.ip={self.host}",
            "--VoilaConfiguration.multi_kernel_manager_class=workbench.serving.places.Places",
            f"--Places.visitors={self.visitors}",
            f"--MappingKernelManager.cull_idle_timeout={round(60 * self.idle)}",
            "--MappingKernelManager.cull_interval=30",
            # A page that is open but has not been touched for so long is a forgotten one.
            "--MappingKernelManager.cull_connected=True",
            "--VoilaConfiguration.file_allowlist=[]",
            # A cell whose last words come later than that is drawn without its output: twenty visitors in the
            # same moment are late, and nothing is lost by waiting.
            *(f"--VoilaExecutor.{name}_timeout={_PATIENCE}" for name in ("iopub", "startup")),
            *(f"--VoilaConfiguration.extension_allowlist={name}" for name in _EXTENSIONS),
        ]
        if not self.browser:
            options.append("--no-browser")
        # -P: what lies in the current folder is not taken for a module of Voila's.
        return [sys.executable, "-P", "-m", "workbench.serving.app", str(PAGE), *options]

    @property
    def environment(self) -> dict[str, str]:
        """What is added to the environment of the server and of its kernels."""
        before = os.environ.get("JUPYTER_PATH")
        path = os.pathsep.join([str(_KERNELS), *([before] if before else [])])
        return {"JUPYTER_PATH": path, **self.bounds.environment}

    @property
    def hint(self) -> str:
        """Where it is, in one line."""
        where = "localhost" if self.host in ("127.0.0.1", "0.0.0.0") else self.host
        seen = " (and to everybody who can reach this machine)" if self.host == "0.0.0.0" else ""
        return f"The explorer, for up to {self.visitors} visitors: http://{where}:{self.port}{seen}"


def prepare(
    port: object = None,
    *,
    host: str = "127.0.0.1",
    visitors: object = 30,
    memory: object = 1.0,
    cpu: object = 20.0,
    idle: object = 20.0,
    browser: bool = True,
) -> Served:
    """Everything checked that serving needs, so that a failure is one sentence.

    Parameters
    ----------
    port : int, optional
        The first free one from 8866 unless given.
    host, visitors, idle, browser
        As of `Served`.
    memory : float
        GB of memory that the kernel of a visitor may use.
    cpu : float
        Minutes of processor time that it may use in all.

    Raises
    ------
    ValueError
        When an argument is outside its range, the port is in use, or Voila is missing.
    """
    if importlib.util.find_spec("voila") is None:
        raise ValueError("Voila is missing: pip install 'lr-workbench[serve]', or make install in a checkout")
    if not isinstance(host, str) or not host or any(each.isspace() or each == "/" for each in host):
        raise ValueError(f"host must be an address such as 127.0.0.1 or 0.0.0.0; got {host!r}")
    most = int(number("visitors", visitors, _VISITORS, integer=True))
    bounds = Bounds.of(memory, cpu)
    return Served(
        free_port(port, _FIRST_PORT), host, most, bounds, number("idle", idle, _IDLE), browser=bool(browser)
    )


def start(served: Served) -> None:
    """Print the hint and become Voila, so that signals reach it alone."""
    os.environ.update(served.environment)
    print(served.hint, flush=True)
    os.execv(served.command[0], served.command)
