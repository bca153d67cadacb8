"""A Python that has NumPy and SciPy and nothing else, made of links to the installed ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

_SITE = Path(np.__file__).resolve().parents[1]
_ROOT = Path(__file__).resolve().parents[1]
_CORE = ("numpy", "scipy")


def python(folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with `args` in `folder`, where only the core's two dependencies can be imported."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    for path in _SITE.iterdir():
        if path.name.split("-")[0].split(".")[0] in _CORE and not (site / path.name).exists():
            (site / path.name).symlink_to(path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(_ROOT))), **variables}
    # -S leaves out site-packages, and with it every other package.
    return subprocess.run(
        [sys.executable, "-S", *args],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
