"""What a larger batch is worth: loss after equal updates and after equal data, and updates to one loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.curve import Run
from workbench.explore.peaks_cells import BENCHES, Cell, sweep
from workbench.scaling import rules
from workbench.views.table import Table

Sweeps = Mapping[int, Sequence[Run]]
_LEAST = 20
"""Updates of the shortest run at equal data: fewer are no training."""


def equal_data(cell: Cell, batches: Sequence[int], peaks: Any, seeds: Sequence[int]) -> dict[int, list[Run]]:
    """Sweeps at several batches over as much data as the base batch sees in the cell's updates.

    Batches so large that fewer than 20 updates are left are not trained.
    """
    data = cell.total * BENCHES[cell.bench].batch
    cells = [replace(cell, batch=b, total=data // b) for b in batches if data // b >= _LEAST]
    return {each.batch: sweep(each, peaks, seeds) for each in cells}


def worth(updates: Sweeps, data: Sweeps | None = None) -> Table:
    """Lowest losses of sweeps over the peak at several batches, and what one loss costs at each.

    Parameters
    ----------
    updates : mapping of batch to runs
        Sweeps of equally many updates.
    data : mapping of batch to runs, optional
        Sweeps of equally much data.

    Returns
    -------
    Table
        The last two columns are updates and samples to the lowest loss that every batch reaches; the notes
        say the critical batch, or why it is not in these runs.

    Raises
    ------
    ValueError
        For no sweeps, or one without a finite loss.
    """
    if not updates:
        raise ValueError("updates must be sweeps of at least one batch; got none")
    best = {batch: lowest(runs) for batch, runs in sorted(updates.items())}
    target = max(best.values())
    pairs = [(float(batch), run.curve) for batch, runs in updates.items() for run in runs]
    at, steps = rules.measure(pairs, target)
    needed = dict(zip(at, steps, strict=True))
    rows = []
    for batch, loss in best.items():
        row = {"batch": batch, "loss, equal updates": loss}
        if data is not None:
            row["loss, equal data"] = lowest(data[batch]) if batch in data else np.nan
        count = float(needed.get(float(batch), np.nan))
        rows.append({**row, f"updates to {target:.3g}": count, f"samples to {target:.3g}": batch * count})
    try:
        said = f"{rules.fit_tradeoff(at, steps)}"
    except ValueError as error:
        said = f"no critical batch: {error}"
    return Table("What a larger batch is worth", tuple(rows), (said, "each at its best peak of the sweep"))


def lowest(runs: Sequence[Run]) -> float:
    """Lowest mean over seeds of the final loss, over the peaks."""
    by: dict[float, list[float]] = {}
    for run in runs:
        by.setdefault(run.schedule.peak, []).append(run.final_loss)
    means = [float(np.mean(each)) for each in by.values()]
    sound = [mean for mean in means if np.isfinite(mean)]
    if not sound:
        raise ValueError("every sweep must have a peak whose runs did not diverge; got one that has none")
    return min(sound)
