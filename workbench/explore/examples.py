"""A store of small trainings to look at, for those who have not trained anything yet."""

from __future__ import annotations

import os
from collections.abc import Sequence

from workbench import schedules
from workbench.store import Store

_SCHEDULES = ("constant", "cosine", "linear", "wsd")
_PEAKS = (0.1, 0.2, 0.4, 0.8, 1.2)


def examples(folder: str | os.PathLike[str], *, seeds: int = 3, peaks: Sequence[float] = _PEAKS) -> Store:
    """Train noisy quadratic models under four schedules, some peaks and some seeds, in about a second.

    Parameters
    ----------
    folder : path
        Where the runs are saved.
    seeds : int
        How often each is repeated.
    peaks : sequence of float
        Peak rates, below 2.

    Returns
    -------
    Store

    Raises
    ------
    ValueError
        When `folder` is none, or PyTorch is not installed.
    """
    try:
        from workbench import train
    except ImportError:
        raise ValueError("the examples are trained with PyTorch: pip install torch") from None
    store = Store(folder)
    task = train.tasks.quadratic(exponent=1.0, batch=4)
    grid = [
        schedules.build({"name": name, "total": 400, "peak": peak}) for name in _SCHEDULES for peak in peaks
    ]
    for seed in range(seeds):
        for run in train.train(task, grid, seed=seed):
            store.save(run)
    return store
