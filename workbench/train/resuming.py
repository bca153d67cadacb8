"""A training goes on from its folder of snapshots, whenever it was stopped or killed."""

from __future__ import annotations

import os
from collections.abc import Generator

from workbench.curve import Run
from workbench.train.control import Control
from workbench.train.engine import launch, record
from workbench.train.event import Event
from workbench.train.snapshots import Snapshots, about


def resume(
    folder: str | os.PathLike[str] | Snapshots, device: str = "auto", *, control: Control | None = None
) -> Generator[Event, None, None]:
    """Go on with the training in a folder, from its latest snapshots.

    Parameters
    ----------
    folder : str, Path or Snapshots
        As given to `workbench.train.events`; a `Snapshots` says how often states are kept from here on.
    device : str
        As there; it need not be the one that the training began on.
    control : Control, optional
        As there. Lanes that were ended stay so.

    Yields
    ------
    Event
        First all points that were measured before, then what is new.

    Raises
    ------
    ValueError
        At the call, when the folder holds no training, or one that cannot be read.

    Notes
    -----
    On a CPU the result is, to the bit, that of a training that was never stopped; a snapshot that is damaged
    is named in a warning, and the one before it used. ``events`` with the same arguments and the same
    ``snapshots`` does the same.
    """
    keeper = folder if isinstance(folder, Snapshots) else Snapshots(folder)
    return launch(about.read(keeper.folder), device, keeper, control=control)


def resumed(folder: str | os.PathLike[str] | Snapshots, device: str = "auto") -> list[Run]:
    """The runs of the training in a folder, which is gone on with to its end; arguments as of `resume`."""
    keeper = folder if isinstance(folder, Snapshots) else Snapshots(folder)
    asked = about.read(keeper.folder)
    return record(asked, launch(asked, device, keeper))
