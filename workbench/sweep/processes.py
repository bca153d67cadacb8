"""What processes of our own import, and where they find it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def load_lightly() -> None:
    """Import what runs notebooks, without what costs seconds and is not used, in a process of our own.

    jsonschema compiles a grammar of addresses where it finds ``rfc3987_syntax`` (JupyterLab brings it): one
    to two seconds of every worker, for a check that notebooks do not need.
    """
    name = "rfc3987_syntax"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        import nbformat  # noqa: F401
    finally:
        # Another thread of a Dask worker may have been here meanwhile.
        sys.modules.pop(name, None)


def python_path() -> str:
    """PYTHONPATH for a kernel: it works in another folder, where relative entries mean something else."""
    root = Path(__file__).parents[2]
    # An installed package is found anyway; a checkout may be known by the current folder alone.
    own = [] if "site-packages" in root.parts else [str(root)]
    given = [os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return os.pathsep.join(dict.fromkeys([*own, *given]))
