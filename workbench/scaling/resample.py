"""Bootstrap of a fit: thousands of resampled tables, each fitted to its own optimum, all at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from workbench.params import Choice, Param, choice, number
from workbench.scaling.fit import WIDE, held
from workbench.scaling.form import BoundForm
from workbench.scaling.newton import minimise
from workbench.scaling.table import SEED

Array = NDArray[np.float64]
KINDS = Choice(("pairs", "weights", "residual"))
_TOLERANCE = 1e-9
_MOST = 80
"""Steps of a fit; laws with a flat valley take many and gain nothing by them."""


def resample(
    bound: BoundForm,
    y: Array,
    z: Array,
    fixed: Mapping[str, float],
    count: int,
    kind: str,
    seed: int,
) -> tuple[Array, Array]:
    """Coordinates (count, p) and objectives (count,) of the optima of resampled tables.

    Parameters
    ----------
    bound, y, z : BoundForm, array (n,), array (p,)
        The law at the points, the log of their loss, and the optimum.
    fixed : mapping
        Parameters that are held.
    count : int
        Resamples.
    kind : str
        "pairs" draws runs with replacement, and knows that some are noisier than others; "weights" gives
        every run a random weight of mean 1 instead, so that no small table loses a size; "residual" keeps
        sizes and tokens, and draws what the law missed by, widened for the parameters that were fitted.
    seed : int
        Of the draws.

    Notes
    -----
    Each is followed from the optimum of the table twice, by the Huber loss as it is and by one that begins
    wide, and the lower end counts: some resamples have two optima.
    """
    rng = np.random.default_rng(seed)
    n, start = len(y), np.repeat(z[None], count, axis=0)
    weight, target = np.ones(n), y
    if kind == "pairs":
        weight = rng.multinomial(n, np.full(n, 1 / n), size=count).astype(float)
    elif kind == "weights":
        weight = rng.exponential(size=(count, n))
        weight *= n / weight.sum(axis=1, keepdims=True)
    else:
        fitted = bound.evaluate(z[None])[0][0]
        wider = np.sqrt(n / (n - len(z) + len(fixed)))
        target = fitted + rng.choice((y - fitted) * wider, size=(count, n))
    along, start = held(bound, fixed, start)
    ends = [
        minimise(bound, target, start, weight, along=along, widths=widths, tolerance=_TOLERANCE, most=_MOST)
        for widths in ((1.0,), (WIDE, 1.0))
    ]
    first = ends[0].cost <= ends[1].cost
    return (
        np.where(first[:, None], ends[0].z, ends[1].z),
        np.where(first, ends[0].cost, ends[1].cost),
    )


def asked(count: int, kind: str, seed: int) -> tuple[int, str, int]:
    """The three arguments, checked."""
    return (
        int(number("count", count, Param(100, 100_000), integer=True)),
        choice("kind", kind, KINDS),
        int(number("seed", seed, SEED, integer=True)),
    )
