"""The start page and the studio, opened from a cell: a cell that is run again finds its training."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.doctor import runs_folder
from workbench.explore import pins
from workbench.explore.explorer import Explorer
from workbench.explore.settings import SETTINGS
from workbench.explore.standing import put, standing
from workbench.explore.studio.opening import opened, passing
from workbench.explore.studio.page import Studio
from workbench.files import short
from workbench.fitted import Fit
from workbench.notebook import headless
from workbench.schedule import Schedule

_AFTER = 0.5
"""Seconds before PyTorch is imported: the first picture comes first."""


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
        Folder that Save writes to; ``WORKBENCH_RUNS`` or ./runs where it is empty. Lanes are kept in its
        folder "live/start", where they are found again.
    points : int
        Points per drawn curve.
    **args
        Arguments of the builder, such as ``peak=5e-3``.

    Raises
    ------
    ValueError
        For an unknown setting or schedule, or an argument outside its range.

    Notes
    -----
    The training belongs to the folder and not to the page: a cell that is run again, or a page that is loaded
    again, finds it as it is. What a kernel that ended has left is offered to go on with.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting must be one of {', '.join(SETTINGS)}; got {setting!r}")
    folder = Path(store or runs_folder())
    session, said = opened(folder, "start")
    before = standing("start")
    same = before is not None and before.session is session and before.setting.law == SETTINGS[setting].law
    kept = tuple(before.pins) if same else ()
    page = Explorer(setting, schedule, args, folder, points, session, kept)
    put("start", page)
    if page.setting.task is not None and not headless():
        # PyTorch takes seconds to import: it is there when Train is pressed.
        threading.Thread(target=_warm, name="workbench-warming", daemon=True).start()
    page.stage.bar.greet(said)
    return page


def watch(schedule: str = "wsd", *, setting: str = "gpt", **args: Any) -> Explorer:
    """The explorer for people who only look and slide: nothing is trained, and nothing is written.

    Parameters
    ----------
    schedule, setting, **args
        As of `start`.

    Raises
    ------
    ValueError
        For an unknown setting or schedule, or an argument outside its range.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting must be one of {', '.join(SETTINGS)}; got {setting!r}")
    settings = {
        name: replace(each, task=None, title=each.title.partition(" (")[0]) for name, each in SETTINGS.items()
    }
    session = passing("watch")
    return Explorer(setting, schedule, args, Path(session.folder), 800, session, settings=settings)


def studio(
    task: Any,
    schedules: Mapping[str, Schedule] | Sequence[Schedule] | Schedule,
    seeds: int | Sequence[int] = (0,),
    *,
    law: Fit | None = None,
    probes: Sequence[Any] = (),
    optimizer: Any = None,
    name: str = "studio",
    store: str | Path = "",
    unit: str = "",
) -> Studio:
    """Schedules and seeds of one task, trained, watched, steered and branched on one page.

    Parameters
    ----------
    task : Task
        What is trained, one of `workbench.train.tasks`.
    schedules : mapping, sequence of Schedule, or Schedule
        What Train trains first, by name; then it trains what the sliders show.
    seeds : int or sequence of int
        Each schedule is trained with each.
    law : Fit, optional
        Predicts where lanes will end.
    probes, optimizer
        As of `workbench.train.events`.
    name : str
        Of the folder in which lanes are kept, below that of the runs, in "live".
    store : path
        Folder that Save writes to; ``WORKBENCH_RUNS`` or ./runs where it is empty.
    unit : str
        Of the loss.

    Raises
    ------
    ValueError
        For schedules or seeds that are none, or a name that cannot be one of a folder.
    """
    plans, folder = _plans(schedules), Path(store or runs_folder())
    if not isinstance(name, str) or not name.strip() or Path(name).name != name:
        raise ValueError(f"name must be one that a folder can have; got {short(name)}")
    chosen = (seeds,) if isinstance(seeds, int) else tuple(seeds)
    if not chosen or any(isinstance(s, bool) or not isinstance(s, int) or s < 0 for s in chosen):
        raise ValueError(f"seeds must be one or more whole numbers from 0 on; got {short(seeds)}")
    if law is not None and not isinstance(law, Fit):
        raise ValueError(f"law must be a Fit or None; got {type(law).__name__}")
    session, said = opened(folder, name)
    page = Studio(
        session,
        task,
        plans,
        chosen,
        law=law,
        probes=probes,
        store=folder,
        unit=unit,
        optimizer=optimizer,
    )
    put(name, page)
    page.stage.bar.greet(said)
    return page


def _plans(schedules: Any) -> dict[str, Schedule]:
    if isinstance(schedules, Schedule):
        schedules = [schedules]
    if isinstance(schedules, Mapping):
        found = {str(name): each for name, each in schedules.items()}
    elif isinstance(schedules, Iterable) and not isinstance(schedules, str):
        found = {}
        for each in schedules:
            bad = not isinstance(each, Schedule)
            found[str(len(found)) if bad else pins.label(each, list(found))] = each
    else:
        found = {}
    if not found or not all(isinstance(each, Schedule) for each in found.values()):
        raise ValueError(f"schedules must be one or more Schedule values; got {short(schedules)}")
    return found


def _warm() -> None:
    time.sleep(_AFTER)
    with contextlib.suppress(ImportError):  # Train says it, where somebody wants to train.
        importlib.import_module("workbench.train")
