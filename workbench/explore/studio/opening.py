"""The session of a page: found again where there is one, never shared with another kernel."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from workbench import live
from workbench.notebook import headless

_MOST = 9


def opened(folder: Path, name: str) -> tuple[Any, str]:
    """The session ``folder/live/name``, and a sentence where it is another one than one would think.

    Parameters
    ----------
    folder : Path
        Where runs are saved.
    name : str
        Of the page.

    Notes
    -----
    Where another kernel has it, the next free one of "name 2", "name 3" and so on; where nothing can be
    written, or nobody is in front of the notebook, a folder that goes with the kernel.
    """
    if headless():
        return passing(name), ""
    first = ""
    for n in range(1, _MOST + 1):
        try:
            session = live.open(folder / "live" / (name if n == 1 else f"{name} {n}"))
        except (ValueError, OSError) as error:
            first = first or str(error)
            continue
        said = f"Another kernel has the lanes of {name!r}: these are {name} {n}." if n > 1 else ""
        return session, said
    return passing(name), f"Lanes are kept only as long as this kernel lives: {first}"


def passing(name: str) -> Any:
    """A session in a folder that goes with the kernel."""
    there = Path(tempfile.mkdtemp(prefix="workbench-live-"))
    session = live.open(there / name)
    weakref.finalize(session, shutil.rmtree, there, ignore_errors=True)
    return session
