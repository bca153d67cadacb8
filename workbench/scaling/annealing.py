"""The annealing law over model sizes, asked as a scaling law: final losses of a schedule as a table of runs.

Tissue, Wang, Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbench.files import short
from workbench.fitted import Fit
from workbench.params import Param, number
from workbench.scaling.table import Points
from workbench.schedule import Schedule

_SIZE = Param(2e3, 1e15, unit="parameters")
_BATCH = Param(1, 1e10, unit="tokens")
_TOTAL = Param(1, 1e8, unit="updates")


def annealed(
    fit: Fit,
    sizes: Sequence[float],
    totals: Sequence[int],
    *,
    batch_tokens: float,
    schedule: Callable[[int], Schedule],
) -> Points:
    """Final losses that a law of schedule and size foretells, one run for each size and length.

    Parameters
    ----------
    fit : Fit
        Of ``wb.laws.annealing_size``, by ``wb.fit`` on curves of several sizes.
    sizes : sequence of float
        Numbers of parameters.
    totals : sequence of int
        Updates of each run.
    batch_tokens : float
        Tokens of an update.
    schedule : callable
        Gives the schedule of a run of so many updates: ``lambda total: wb.schedules.wsd(total, 1e-3)``.

    Returns
    -------
    Points
        To be fitted with `chinchilla`, or asked for its frontier: what the choice of the schedule does to
        an exponent.

    Raises
    ------
    ValueError
        For a fit of another law, a size, length or batch outside its range, or a schedule in place of what
        makes one.

    Notes
    -----
    The law's power of the size is known from memory only, and trained curves of three sizes or more are
    needed to fit it. These are predictions: intervals of a law fitted to them say nothing of data.

    References
    ----------
    Tissue, Wang, Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    if not isinstance(fit, Fit) or fit.law != "annealing_size":
        got = fit.law if isinstance(fit, Fit) else type(fit).__name__
        raise ValueError(f"fit must be a Fit of annealing_size, by wb.fit; got {got}")
    batch = number("batch_tokens", batch_tokens, _BATCH)
    n = [number(f"sizes[{i}]", size, _SIZE) for i, size in enumerate(sizes)]
    steps = [int(number(f"totals[{i}]", total, _TOTAL, integer=True)) for i, total in enumerate(totals)]
    if isinstance(schedule, Schedule) or not callable(schedule):
        raise ValueError(
            f"schedule must make a schedule of a length: lambda total: ...; got {short(schedule)}"
        )
    runs = {total: schedule(total) for total in steps}
    rows = [
        (size, total * batch, float(fit.predict(runs[total], [total - 1], n_params=size).loss[0]), total)
        for size in n
        for total in steps
    ]
    columns = np.array(rows, dtype=float).reshape(-1, 4).T
    return Points(
        columns[0],
        columns[1],
        columns[2],
        steps=columns[3],
        facts={"source": "predicted by annealing_size", "paper": "2408.11029"},
    )
