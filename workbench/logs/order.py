"""Rows in the order of their steps, each step once, of resumed, shuffled and repeated logs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.logs.table import Array, counted

Places = NDArray[np.intp]

_RESUMED = 5
"""Rows between two steps back, on average, below which a log is taken to be unsorted rather than resumed."""


@dataclass(frozen=True, eq=False)
class Points:
    """Values at strictly increasing steps, shape (n,) each."""

    step: Array
    value: Array

    def __len__(self) -> int:
        return len(self.step)

    def until(self, step: float) -> Points:
        """Those before `step`."""
        n = int(np.searchsorted(self.step, step))
        return Points(self.step[:n], self.value[:n])

    def where(self, here: NDArray[np.bool_]) -> Points:
        """Those for which `here` (n,) is true."""
        return Points(self.step[here], self.value[here])

    @property
    def gap(self) -> float:
        """Usual distance of two steps."""
        return float(np.median(np.diff(self.step))) if len(self) > 1 else 1.0


@dataclass(frozen=True, eq=False)
class Restarts:
    """Rows at which a resumed training begins again, and the steps that it begins at."""

    row: Places
    step: Array

    def dead(self, row: Places, step: Array) -> NDArray[np.bool_]:
        """Which of the rows `row` (n,) at steps `step` (n,) were done again later."""
        # The lowest step of all restarts from each one on decides about the rows before it.
        lowest = np.append(np.minimum.accumulate(self.step[::-1])[::-1], np.inf)
        return step >= lowest[np.searchsorted(self.row, row, side="right")]


def restarts(row: Places, step: Array) -> Restarts:
    """Where the step counter goes back for good; none where the rows are just not in order."""
    back = np.flatnonzero(np.diff(step) < 0) + 1
    if len(back) and len(step) / (len(back) + 1) < _RESUMED:
        back = back[:0]
    return Restarts(row[back], step[back])


@dataclass(frozen=True)
class Done:
    """What was done to the rows of a column.

    Parameters
    ----------
    back : tuple of float
        Steps that the counter went back to.
    dead : int
        Rows left out, since they were done again later.
    sorted : bool
        Whether the rows were put in order.
    repeated : int
        Rows left out, since a later one has their step.
    each : int
        How often every step came, where all came equally often.
    """

    back: tuple[float, ...] = ()
    dead: int = 0
    sorted: bool = False
    repeated: int = 0
    each: int = 1

    def sentences(self, columns: list[str]) -> list[str]:
        """What was done to `columns`, in words."""
        names, out = " and ".join(repr(name) for name in columns), []
        if self.back:
            places = ", ".join(f"{step:g}" for step in self.back[:4]) + (
                ", ..." if len(self.back) > 4 else ""
            )
            times = "once" if len(self.back) == 1 else f"{len(self.back)} times"
            lost = f"{counted(self.dead, 'earlier row')} left out"
            out.append(
                f"The step counter of {names} goes back {times}, to update {places}: later rows win; {lost}."
            )
        if self.sorted:
            out.append(f"The rows of {names} were not in the order of their steps: sorted.")
        if self.repeated:
            times = f" (every step came {self.each} times)" if self.each > 1 else ""
            rows = counted(self.repeated, "row")
            out.append(f"{rows} of {names} had the step of a later one, which was kept{times}.")
        return out


def settle(row: Places, step: Array, value: Array, again: Restarts) -> tuple[Points, Done]:
    """Values (n,) at their steps, in order and each step once, and what was done."""
    dead = again.dead(row, step)
    step, value = step[~dead], value[~dead]
    unsorted = bool(np.any(np.diff(step) < 0))
    if unsorted:
        order = np.argsort(step, kind="stable")
        step, value = step[order], value[order]
    last = np.append(np.diff(step) > 0, True) if len(step) else np.zeros(0, bool)
    many = np.diff(np.append(-1, np.flatnonzero(last)))
    each = int(many[0]) if len(many) and np.all(many == many[0]) else 1
    done = Done(tuple(again.step.tolist()), int(dead.sum()), unsorted, int(np.count_nonzero(~last)), each)
    return Points(step[last], value[last]), done
