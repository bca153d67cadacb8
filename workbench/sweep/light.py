"""Imports of a process that is ours alone, without what costs seconds and is not used."""

from __future__ import annotations

import sys


def load() -> None:
    """Import what runs notebooks.

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
        del sys.modules[name]
