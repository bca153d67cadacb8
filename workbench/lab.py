"""Starts JupyterLab on the start notebook, on this machine or a remote one."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from workbench.doctor import RUNS_VARIABLE
from workbench.params import Param, number

START = Path("notebooks/start.ipynb")
"""The notebook that opens, in a checkout."""

_CONFIG = Path(__file__).with_name("jupyter")
"""Without JupyterLab's announcements: a question about news would cover a corner of what is projected."""
_PORT = Param(1, 65535, help="port to listen on")
_FIRST_PORT = 8888


@dataclass(frozen=True)
class Lab:
    """How JupyterLab is started: the checkout, the port, and whether a browser opens."""

    checkout: Path
    port: int
    browser: bool = True

    @property
    def command(self) -> list[str]:
        """The command line. Jupyter makes a fresh token by itself, and it stays on."""
        options = [
            f"--ServerApp.root_dir={self.checkout}",
            f"--LabApp.default_url=/lab/tree/{START.as_posix()}",
            f"--ServerApp.port={self.port}",
            # The port was free a moment ago; another one would make our hint wrong.
            "--ServerApp.port_retries=0",
        ]
        if not self.browser:
            options.append("--no-browser")
        # Jupyter refuses to run as root unless told, and containers are often root.
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--allow-root")
        return [sys.executable, "-m", "jupyterlab", *options]

    @property
    def hint(self) -> str:
        """One line on where it is, and for a remote machine how to reach it."""
        here = f"JupyterLab in {self.checkout} on port {self.port}; its address with the token follows."
        if self.browser:
            return here
        tunnel = f"ssh -L {self.port}:localhost:{self.port} {socket.gethostname()}"
        return f"{here}\nFrom another computer, first: {tunnel}"


def prepare(port: object = None, browser: bool = True) -> Lab:
    """Everything checked that JupyterLab needs, so that a failure is one sentence.

    Raises
    ------
    ValueError
        When the port is not one or is in use, the notebook is not there, or JupyterLab is missing.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ValueError(
            "JupyterLab is missing: pip install 'lr-workbench[lab]', or make install in a checkout"
        )
    return Lab(_checkout(), free_port(port, _FIRST_PORT), browser)


def start(lab: Lab) -> None:
    """Print the hint and become JupyterLab, so that signals reach it alone."""
    os.environ.setdefault(RUNS_VARIABLE, str(lab.checkout / "runs"))
    # Trainings share the cores with the browser; OpenMP threads that spin while they wait would slow both.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # glibc keeps what each of the many threads of a kernel has freed: hundreds of MB in an hour of play.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    before = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([*([before] if before else []), str(_CONFIG)])
    print(lab.hint, flush=True)
    os.execv(lab.command[0], lab.command)


def _checkout() -> Path:
    """The folder with notebooks/: the current one, or the one this package lies in."""
    for folder in (Path.cwd(), Path(__file__).resolve().parents[1]):
        if (folder / START).is_file():
            return folder
    raise ValueError(
        f"{START} is neither here nor beside the package; run this in a checkout of the workbench"
    )


def free_port(port: object, first: int) -> int:
    """The port that is asked for, or the first free one from `first` on.

    Raises
    ------
    ValueError
        When it is no port, or in use.
    """
    if port is not None:
        wanted = int(number("port", port, _PORT, integer=True))
        if not _free(wanted):
            raise ValueError(f"port {wanted} is in use or not allowed; choose another, such as {wanted + 1}")
        return wanted
    for candidate in range(first, first + 100):
        if _free(candidate):
            return candidate
    raise ValueError(f"ports {first} to {first + 99} are all in use; name a free one with --port")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this a server that ended a moment ago would still hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
