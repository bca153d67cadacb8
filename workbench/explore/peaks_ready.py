"""What the pages that train share: PyTorch before it is asked for, Save, and what is new in a figure."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import live
from workbench.doctor import runs_folder
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import small_button
from workbench.explore.studio.bar import Bar
from workbench.explore.studio.opening import opened
from workbench.live import Session
from workbench.notebook import headless


def ready() -> None:
    """Import PyTorch while the reader still reads: it takes seconds, in which the page would not answer."""
    if not headless():
        threading.Thread(target=_load, name="workbench-import", daemon=True).start()


def session_in(folder: str | Path, name: str) -> tuple[Session, str]:
    """The session in a folder, or the page's own where it is empty, and a sentence where it is another's."""
    return (live.open(folder), "") if str(folder) else opened(runs_folder(), name)


def save_button(bar: Bar) -> widgets.Button:
    """A button that saves the runs of the bar's session in the folder of runs."""
    button = small_button("Save")
    button.tooltip = f"write what was measured to {runs_folder()}"
    button.on_click(lambda _: save(bar))
    return button


def save(bar: Bar) -> list[str]:
    """Save what was measured and say where; a sentence in place of an error."""
    keys = [branch.key for branch in bar.session.branches if branch.step]
    if not keys:
        bar.say("Nothing is measured yet: Train first.")
        return []
    try:
        ids = bar.session.save(*keys, store=runs_folder())
    except (ValueError, OSError) as error:
        bar.say(f"Not saved: {error}", bad=True)
        return []
    bar.say(f"Saved {len(ids)} run{'s' * (len(ids) > 1)} to {runs_folder()}.")
    return ids


def redraw(
    figure: LiveFigure, lines: Iterable[Line], panels: Iterable[Mapping[str, Any]], rest: str | None = None
) -> None:
    """Draw these lines and no others; those that stand there already are not sent again."""
    drawn, wanted = figure.lines, {line.key: line for line in lines}
    new = [line for key, line in wanted.items() if key not in drawn or not _same(line, drawn[key])]
    figure.update(new, remove=set(drawn) - set(wanted), panels=panels, rest=rest)


def _same(a: Line, b: Line) -> bool:
    for field in fields(Line):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
            if not np.array_equal(one, other, equal_nan=True):
                return False
        elif one is not other and one != other:
            return False
    return True


def _load() -> None:
    try:
        importlib.import_module("workbench.train")
    except ImportError:
        return  # Train says what is missing.
