"""What this machine offers the workbench, and what to do about what is missing.

Nothing is needed to run it: a package that is absent or broken is a line of the answer.
"""

from __future__ import annotations

import importlib
import math
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from workbench.datasets import CACHE, FOLDER_VARIABLE

RUNS_VARIABLE = "WORKBENCH_RUNS"
"""Environment variable that names the folder of saved runs; ``./runs`` where it is not set."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_GET_BROWSER = "install it for the browser tests: apt-get install chromium (or your system's package)"
_INSTALL = "pip install 'lr-workbench[{}]', or make install in a checkout"
_PACKAGES = {
    "numpy": "",
    "scipy": "",
    "torch": "train",
    "pandas": "data",
    "pyarrow": "data",
    "pooch": "data",
    "jupyterlab": "lab",
    "ipywidgets": "lab",
    "plotly": "lab",
    "papermill": "sweep",
}
_USED_FOR = {
    "train": "needed to train",
    "data": "needed for public data and saved runs",
    "lab": "needed for the notebooks",
    "sweep": "needed to run notebooks from the command line",
}


@dataclass(frozen=True)
class Line:
    """One line of the answer: what was looked for, what was found, and what to do if it is missing."""

    name: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.name:<11} {self.found}" + (f"\n{'':<11} -> {self.advice}" if self.advice else "")


def report() -> str:
    """The whole answer as text, a line for each thing."""
    return "\n".join(str(line) for line in lines())


def lines() -> list[Line]:
    """Versions, CPU threads, GPU, browser, and where runs and data are kept."""
    return [_python(), *_packages(), _threads(), _gpu(), _browser(), _runs(), _data()]


def browser() -> str | None:
    """Path of Chromium or Chrome, or None."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def usable_threads() -> int:
    """CPU threads that this process may use: its affinity, cut by a container's quota."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:
        allowed = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(allowed, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        # No cgroup v2 here, or the quota is "max".
        return allowed


def runs_folder() -> Path:
    """Where the notebooks save runs."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs").expanduser().absolute()


def _python() -> Line:
    found = (
        f"{platform.python_version()} ({sys.executable}), workbench {_version('lr-workbench') or 'checkout'}"
    )
    old = sys.version_info < (3, 11)
    return Line("python", found, "the workbench needs Python 3.11 or newer" if old else "")


def _packages() -> list[Line]:
    versions = {name: _version(name) for name in _PACKAGES}
    present = [f"{name} {version}" for name, version in versions.items() if version]
    missing = [
        Line(name, "missing", f"{_USED_FOR.get(extra, 'needed for everything')}: {_how(extra)}")
        for name, extra in _PACKAGES.items()
        if not versions[name]
    ]
    return [Line("packages", ", ".join(present) or "none"), *missing]


def _how(extra: str) -> str:
    return _INSTALL.format(extra) if extra else "pip install lr-workbench, or make install in a checkout"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except Exception:  # a broken installation raises many things, and is as good as none
        return None


def _threads() -> Line:
    usable, total = usable_threads(), os.cpu_count() or 1
    return Line("cpu", f"{usable} threads usable" + (f" of {total}" if total > usable else ""))


def _gpu() -> Line:
    """The CUDA devices that PyTorch sees. PyTorch is loaded here by name: only train/ imports it."""
    driver = shutil.which("nvidia-smi") is not None
    if not _version("torch"):
        return Line("gpu", "unknown without torch" if driver else "none")
    try:
        cuda = importlib.import_module("torch").cuda
        if cuda.is_available():
            devices = [cuda.get_device_properties(i) for i in range(cuda.device_count())]
            return Line("gpu", ", ".join(f"{d.name} {d.total_memory / 2**30:.0f} GiB" for d in devices))
    except Exception as error:  # a PyTorch that does not load must not take the answer with it
        first = (str(error) or type(error).__name__).splitlines()[0]
        return Line("gpu", f"unknown: torch does not load ({first[:100]})", "install torch again")
    if driver:
        return Line("gpu", "not usable by this torch", "install a CUDA build of torch; see README.md")
    return Line("gpu", "none, trainings run on the CPU")


def _browser() -> Line:
    path = browser()
    return Line("chromium", path) if path else Line("chromium", "missing", _GET_BROWSER)


def _runs() -> Line:
    folder = runs_folder()
    advice = "" if _writable(folder) else f"it cannot be written; set {RUNS_VARIABLE} to a folder that can"
    return Line("runs", f"{folder} ({_origin(RUNS_VARIABLE)})", advice)


def _data() -> Line:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        found = Path(named).expanduser().is_dir()
        advice = "" if found else f"this folder does not exist; correct or unset {FOLDER_VARIABLE}"
        return Line("data", f"{named} ({_origin(FOLDER_VARIABLE)})", advice)
    try:
        cache = Path(importlib.import_module("pooch").os_cache(CACHE))
    except Exception:  # absent or broken: its own line above says what to do
        return Line("data", "no cache without pooch", f"install pooch, or set {FOLDER_VARIABLE} to a folder")
    advice = (
        ""
        if _writable(cache)
        else f"it cannot be written; set {FOLDER_VARIABLE} to a folder that has the data"
    )
    return Line("data", f"{cache} ({_origin(FOLDER_VARIABLE)})", advice)


def _origin(variable: str) -> str:
    return f"set by {variable}" if os.environ.get(variable) else f"{variable} changes it"


def _writable(folder: Path) -> bool:
    """Whether `folder` can be written, or made: its nearest parent that exists decides."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
