"""Writes a takeaway: everything is made and checked first, and every file is written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.curve import Run
from workbench.files import short
from workbench.memory import give_back
from workbench.plan import Plan
from workbench.runfile import reason
from workbench.schedule import Schedule
from workbench.store.folder import Local
from workbench.takeaway import page, taking
from workbench.takeaway.taken import PAGE, RUNS, Taken

_LIST = "takeaway.json"
"""Names of the files that are ours, so that a later call replaces them and nothing else."""
_OURS = re.compile(rf"{re.escape(PAGE)}|{taking.SCHEDULES}/[^/\\]+\.(json|py)")


def write(
    name: str,
    *,
    schedules: Mapping[str, Schedule | Plan] | None = None,
    runs: Iterable[Run] = (),
    figures: Mapping[str, Any] | None = None,
    folder: str | os.PathLike[str] = "takeaway",
) -> Taken:
    """One folder with what a notebook found, to be kept, sent or trained with.

    ``folder/name/`` gets ``index.html``, a page that works offline with the figures inside; each schedule as
    JSON (`Schedule.from_json` reads it) and as code for torch, under ``schedules/``; and the runs, in a
    `Store` under ``runs/``.

    Parameters
    ----------
    name : str
        Of the folder, and heading of the page.
    schedules : mapping of name to Schedule or Plan, optional
        By the names that the page shows.
    runs : iterable of Run
        Saved as `Store.save` does.
    figures : mapping of name to figure, optional
        Figures of plotly, or anything that has ``_repr_html_`` or ``to_html``.
    folder : path
        Where the takeaway's own folder is made, by default beside the notebook.

    Returns
    -------
    Taken
        The path of the folder; in Jupyter a link to its page.

    Raises
    ------
    ValueError
        When there is nothing to write, a name or a value does not fit, a file that is not of an earlier
        takeaway is in the way, or the folder cannot be written to. No file was changed then, except where
        the system failed while it wrote.

    Notes
    -----
    A second call replaces the page and the schedules of the first; runs are added to those that are there,
    as in every store. Nothing else in the folder is touched.
    """
    try:
        return _written(name, schedules, runs, figures, folder)
    finally:
        # A page is made of strings of many MB, which a kernel would keep for the next that is not written.
        give_back()


def _written(
    name: str,
    schedules: Mapping[str, Schedule | Plan] | None,
    runs: Iterable[Run],
    figures: Mapping[str, Any] | None,
    folder: str | os.PathLike[str],
) -> Taken:
    heading = taking.folder_name(name)
    items = taking.items({} if schedules is None else schedules)
    found = taking.several(runs)
    drawn = page.embedded(taking.named("figures", {} if figures is None else figures))
    if not (items or found or drawn):
        raise ValueError("there is nothing to write; give schedules, runs or figures")
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise ValueError(f"folder must name a folder; got {short(folder)}")
    place = Path(folder).expanduser().absolute() / heading
    files = {file: text for item in items for file, text in item.files.items()}
    earlier = _earlier(place)
    for file in (*files, PAGE, _LIST):
        if file not in earlier and os.path.lexists(place / file):
            raise ValueError(
                f"{place / file} is in the way and not of an earlier takeaway; choose another name or folder"
            )
    try:
        there = Local(place)
        ids = _saved(place, found)
        # Listed first: what a call leaves that dies half way is replaced by the next.
        there.write(_LIST, _listed({*earlier, *files, PAGE} - {_LIST}))
        for file, text in files.items():
            there.write(file, text.encode())
        rows = list(dict(zip(ids, found, strict=True)).items())
        there.write(PAGE, page.html(heading, items, rows, drawn).encode())
        for file in earlier - {*files, PAGE, _LIST}:
            there.remove(file)
        there.write(_LIST, _listed({*files, PAGE}))
    except OSError as error:
        raise ValueError(f"folder must be one that can be written to; {place}: {reason(error)}") from None
    return Taken(place, tuple(dict.fromkeys(ids)))


def _saved(place: Path, runs: list[Run]) -> list[str]:
    if not runs:
        return []
    from workbench.store import Store

    store = Store(place / RUNS)
    return [store.save(run) for run in runs]


def _listed(names: Iterable[str]) -> bytes:
    return (json.dumps({"format": 1, "files": sorted(names)}) + "\n").encode()


def _earlier(place: Path) -> set[str]:
    """Files that an earlier call has written, its list included."""
    try:
        names = json.loads((place / _LIST).read_text("utf-8"))["files"]
        good = all(isinstance(name, str) and _OURS.fullmatch(name) for name in names)
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except (OSError, ValueError, KeyError, TypeError):
        good, names = False, []
    if not good:
        raise ValueError(f"{place / _LIST} is not the list of a takeaway; choose another name or folder")
    return {*names, _LIST}
