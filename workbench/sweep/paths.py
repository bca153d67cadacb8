"""Where another Python finds the modules that this one has found."""

from __future__ import annotations

import os
from pathlib import Path


def python_path() -> str:
    """PYTHONPATH for a kernel: it works in another folder, where relative entries mean something else."""
    root = Path(__file__).parents[2]
    # An installed package is found anyway; a checkout may be known by the current folder alone.
    own = [] if "site-packages" in root.parts else [str(root)]
    given = [os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return os.pathsep.join(dict.fromkeys([*own, *given]))
