"""Widgets: the outermost layer, and the only one that knows a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.doctor import runs_folder
from workbench.explore.explorer import Explorer
from workbench.explore.settings import SETTINGS

__all__ = ["SETTINGS", "Explorer", "start"]

_shown: list[Explorer] = []


def start(
    schedule: str = "wsd",
    *,
    setting: str = "gpt",
    store: str | Path = "",
    points: int = 800,
    **args: Any,
) -> Explorer:
    """The explorer of the start page: "Which schedule should I use?"

    Parameters
    ----------
    schedule : str
        Builder to begin with.
    setting : str
        "gpt", a small GPT that can be trained here, or "llama", public measurements of a 100M model.
    store : path
        Folder that Save writes to; ``WORKBENCH_RUNS`` or ./runs where it is empty.
    points : int
        Points per drawn curve.
    **args
        Arguments of the builder, such as ``peak=5e-3``.

    Raises
    ------
    ValueError
        For an unknown setting or schedule, or an argument outside its range.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting must be one of {', '.join(SETTINGS)}; got {setting!r}")
    # The cell was run again: the explorer of before is gone from the page, and so must its training be.
    while _shown:
        _shown.pop().stop()
    _shown.append(Explorer(setting, schedule, args, Path(store or runs_folder()), points))
    return _shown[-1]
