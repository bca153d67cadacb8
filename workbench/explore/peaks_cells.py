"""Small trainings that differ in batch, width and muP: the cells of a sweep over the peak."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import schedules
from workbench.curve import Run
from workbench.explore.peaks_basin import Basin, basin_of
from workbench.params import Param, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_DRAWN = 60
"""Measured losses of a run: enough to see it move."""
_LANE = re.compile(
    r"(?P<bench>\w+): batch (?P<batch>\d+), width (?P<width>\d+)(?P<mup>, muP)?, (?P<total>\d+) updates, "
)


@dataclass(frozen=True)
class Bench:
    """What can be swept.

    Parameters
    ----------
    title : str
        Shown in the chooser.
    batches, widths : tuple of int
        What the sliders offer; with `unit` of a batch.
    unit : str
        Of the batch.
    batch, width : int
        The base, from which theory starts; muP changes nothing at this width.
    low, high : float
        Least and largest peak of a sweep.
    peak : float
        Best peak at the base, from which theory starts until the base is measured.
    total : int
        Updates of a run.
    loss : str
        Name and unit of the loss.
    make : callable
        From batch, width and muP to the task.
    """

    title: str
    batches: tuple[int, ...]
    widths: tuple[int, ...]
    unit: str
    batch: int
    width: int
    low: float
    high: float
    peak: float
    total: int
    loss: str
    make: Callable[[int, int, bool], Any]


def _mlp(batch: int, width: int, mup: bool) -> Any:
    from workbench.train import tasks

    size = {"inputs": 8, "depth": 3, "noise": 0.3}
    return tasks.mlp(**size, batch=batch, width=width, mup=mup, measurements=_DRAWN)


def _gpt(batch: int, width: int, mup: bool) -> Any:
    from workbench.train import tasks

    kind = "mup" if mup else "standard"
    return tasks.gpt(preset="0.1M", batch=batch, width=width, parametrization=kind, measurements=_DRAWN)


BENCHES: Mapping[str, Bench] = {
    "mlp": Bench(
        title="Perceptron (seconds)",
        batches=(4, 8, 16, 32, 64, 128, 256, 512, 1024),
        widths=(16, 32, 64, 128, 256),
        unit="samples",
        batch=64,
        width=64,
        low=1e-3,
        high=0.256,
        peak=0.013,
        total=300,
        loss="mean squared error",
        make=_mlp,
    ),
    "gpt": Bench(
        title="Small GPT (minutes)",
        batches=(2, 4, 8, 16, 32, 64, 128),
        widths=(32, 64, 128, 256),
        unit="sequences",
        batch=32,
        width=64,
        low=6.25e-4,
        high=0.08,
        peak=0.01,
        total=200,
        loss="nats per byte",
        make=_gpt,
    ),
}
"""Every bench of the page, the first being the default."""


@dataclass(frozen=True, order=True)
class Cell:
    """One batch, width and scaling of a bench, at one length of the runs.

    Parameters
    ----------
    bench : str
        One of `BENCHES`.
    batch, width : int
        Samples or sequences of an update, and units of a layer.
    mup : bool
        Whether the model is scaled with its width.
    total : int
        Updates of a run.

    Raises
    ------
    ValueError
        For an unknown bench, a batch or width that is not among its own, or a total below 10.
    """

    bench: str
    batch: int
    width: int
    mup: bool
    total: int

    def __post_init__(self) -> None:
        if self.bench not in BENCHES:
            raise ValueError(f"bench must be one of {', '.join(BENCHES)}; got {self.bench!r}")
        of = BENCHES[self.bench]
        for name, offered in (("batch", of.batches), ("width", of.widths)):
            if getattr(self, name) not in offered:
                allowed = ", ".join(map(str, offered))
                raise ValueError(f"{name} must be one of {allowed}; got {getattr(self, name)!r}")
        number("total", self.total, Param(10, 10**6, unit="updates"), integer=True)

    @property
    def name(self) -> str:
        """In words."""
        return f"batch {self.batch}, width {self.width}{', muP' if self.mup else ''}"

    def lane(self, peak: float) -> str:
        """What a lane of it is called; `cell_of` reads it."""
        return f"{self.bench}: {self.name}, {self.total} updates, {peak:g}"

    def task(self) -> Any:
        """What is trained."""
        return BENCHES[self.bench].make(self.batch, self.width, self.mup)

    def schedule(self, peak: float) -> Schedule:
        """Of one lane: warmup, constant, and a linear cooldown over the last third."""
        return schedules.wsd(total=self.total, peak=peak, warmup=0.05, decay=0.3)


def cell_of(lane: str) -> Cell | None:
    """The cell of a lane by its name, None for a lane that is of none."""
    found = _LANE.match(lane)
    if found is None or found["bench"] not in BENCHES:
        return None
    batch, width = int(found["batch"]), int(found["width"])
    try:
        return Cell(found["bench"], batch, width, found["mup"] is not None, int(found["total"]))
    except ValueError:
        return None


def ladder(bench: str, count: int) -> Array:
    """Peaks of a sweep, in equal ratios from the least to the largest of the bench."""
    if bench not in BENCHES:
        raise ValueError(f"bench must be one of {', '.join(BENCHES)}; got {bench!r}")
    count = int(number("count", count, Param(4, 64, help="peaks"), integer=True))
    of = BENCHES[bench]
    # Rounded, so that a lane can be named by its peak.
    return np.array([float(f"{peak:.3g}") for peak in np.geomspace(of.low, of.high, count)])


def sweep(cell: Cell, peaks: ArrayLike, seeds: Sequence[int] = (0, 1), **options: Any) -> list[Run]:
    """Train a lane for each peak and seed, here and now.

    Parameters
    ----------
    cell : Cell
        What is trained.
    peaks : array_like, shape (n,)
        Of the lanes.
    seeds : sequence of int
        Each peak is trained with each.
    **options
        Of `workbench.train.train`, such as probes.

    Returns
    -------
    list of Run
        By peak first, by seed second.
    """
    from workbench import train

    lanes = [cell.schedule(float(peak)) for peak in np.atleast_1d(np.asarray(peaks, dtype=float))]
    return train.train(cell.task(), lanes, seed=list(seeds), **options)


def fitted(runs: Sequence[Run]) -> Basin | None:
    """The basin of a cell's runs, or None where they are too few or have no lowest point."""
    try:
        return basin_of(runs)
    except ValueError:
        return None


def basins(
    cells: Mapping[float, Cell], peaks: ArrayLike, seeds: Sequence[int] = (0, 1)
) -> dict[float, Basin]:
    """Basins of cells by batch or width, each trained here and now; a cell that has none is left out."""
    found = {at: fitted(sweep(cell, peaks, seeds)) for at, cell in cells.items()}
    return {at: basin for at, basin in found.items() if basin is not None}
