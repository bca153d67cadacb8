"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Callable
from pathlib import Path

_LEFTOVER = re.compile(r"\.[0-9a-f]{32}\.tmp")


def write(path: Path, fill: Callable[[Path], object]) -> None:
    """Have `fill` write a file, which then takes the place of what is at `path`; or leave nothing.

    Raises
    ------
    OSError
        And whatever `fill` raises.
    """
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        fill(temporary)
        # Without it a power cut may leave a name without its content.
        _sync(temporary, os.O_RDWR)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    # Windows cannot open a folder.
    if hasattr(os, "O_DIRECTORY"):
        _sync(path.parent, os.O_RDONLY)


def sweep(folder: Path) -> None:
    """Take away what a writer left that died; there must be none at work."""
    for path in folder.iterdir():
        if _LEFTOVER.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
