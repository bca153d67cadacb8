"""Kept curves: what was pinned, in which colour, and the small table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np

from workbench.curve import Curve, Run
from workbench.explore.controls import plain
from workbench.schedule import Schedule

# Okabe and Ito's colours, told apart by colour-blind eyes, less those too faint on white or on black.
COLORS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F", "#785EF0")
NOW = "#D55E00"
"""Colour of the schedule that the sliders show."""
LIMIT = len(COLORS)


@dataclass(frozen=True)
class Pin:
    """A kept schedule with its predicted curve and, once trained, its run."""

    name: str
    color: str
    schedule: Schedule
    predicted: Curve
    run: Run | None = None

    def ended(self, seed: int) -> bool:
        """Whether a training with this seed has come to its end."""
        facts = self.run.facts if self.run else {}
        return facts.get("status") in ("finished", "diverged") and facts.get("seed") == seed

    def measured(self, run: Run) -> Pin:
        """The same pin with what was measured."""
        return replace(self, run=run)


def label(schedule: Schedule, taken: Sequence[str]) -> str:
    """A short name that no other pin has: builder and peak, numbered when that is taken."""
    base = f"{schedule.recipe['name'] if schedule.recipe else 'custom'} {plain(schedule.peak)}"
    name, n = base, 2
    while name in taken:
        name, n = f"{base} ({n})", n + 1
    return name


def table(pins: Sequence[Pin]) -> str:
    """HTML table: a row for each pin, differences to the first."""
    if not pins:
        return '<div class="lrw-note">Pin keeps a curve here, to compare the next one with.</div>'
    head = ("schedule", "peak", "predicted final (90 %)", "to first", "measured final", "to first")
    rows = "".join(_row(pin, pins[0]) for pin in pins)
    return f'<table class="lrw-table"><tr>{"".join(f"<th>{h}</th>" for h in head)}</tr>{rows}</table>'


def _row(pin: Pin, first: Pin) -> str:
    end = _end(pin.predicted)
    assert pin.predicted.low is not None and pin.predicted.high is not None
    band = f"{pin.predicted.low[-1]:.3f} to {pin.predicted.high[-1]:.3f}"
    measured, to_first = "", ""
    if pin.run is not None and len(pin.run.curve):
        status = pin.run.facts.get("status", "")
        measured = (
            f"{pin.run.final_loss:.4f}" if status == "finished" else f"{pin.run.final_loss:.4f} ({status})"
        )
        if first.run is not None and len(first.run.curve):
            to_first = "" if pin is first else f"{pin.run.final_loss - first.run.final_loss:+.4f}"
    elif pin.run is not None:
        measured = str(pin.run.facts.get("status", ""))
    cells = (
        f'<span class="lrw-swatch" style="background:{pin.color}"></span>{escape(pin.name)}',
        plain(pin.schedule.peak),
        f"{end:.4f} ({band})",
        "" if pin is first else f"{end - _end(first.predicted):+.4f}",
        measured,
        to_first,
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _end(curve: Curve) -> float:
    return float(np.asarray(curve.loss)[-1])
