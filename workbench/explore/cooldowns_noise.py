"""Bias and variance of SGD on a noisy quadratic under many schedules at once, exactly. arXiv 1907.04164."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.params import Param, number

Array = NDArray[np.float64]

_POINTS = 64
"""Chunks of a schedule, whose ends are kept: enough for a picture."""
_BATCH = Param(0, 1e9, open_low=True, unit="samples")


@dataclass(frozen=True)
class Quadratic:
    """``L = 1/2 sum_i h_i theta_i^2`` with gradient noise of variance ``h_i / batch``.

    Parameters
    ----------
    h : array, shape (modes,)
        Curvatures, greater than 0.
    first : array, shape (modes,)
        Squared distances at the start, ``theta_i^2``.
    batch : float
        Batch size, greater than 0.

    Raises
    ------
    ValueError
        For arrays of different shapes, a value that is not finite or not in its range.
    """

    h: Array
    first: Array
    batch: float

    def __post_init__(self) -> None:
        h, first = (np.asarray(values, dtype=float) for values in (self.h, self.first))
        if h.ndim != 1 or h.shape != first.shape or not len(h):
            raise ValueError(
                f"h and first must be arrays of one length, at least 1; got {h.shape} and {first.shape}"
            )
        if not (np.all(np.isfinite(h)) and np.all(h > 0)):
            raise ValueError("h must be finite and greater than 0 throughout")
        if not (np.all(np.isfinite(first)) and np.all(first >= 0)):
            raise ValueError("first must be finite and at least 0 throughout")
        object.__setattr__(self, "h", h)
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "batch", number("batch", self.batch, _BATCH))

    @property
    def variance(self) -> Array:
        """Of the gradient's noise, (modes,)."""
        return self.h / self.batch


class State(NamedTuple):
    """Squared mean and variance of every weight, each (..., modes)."""

    bias: Array
    variance: Array


class Split(NamedTuple):
    """Two parts of the expected loss after ``step`` updates, each (schedules, points), and the last state."""

    step: Array
    bias: Array
    variance: Array
    last: State

    @property
    def loss(self) -> Array:
        """Their sum, the expected loss."""
        return self.bias + self.variance


def power_law(modes: int = 64, exponent: float = 1.0, batch: float = 16.0, start: float = 0.0) -> Quadratic:
    """The quadratic with ``h_i = i^-exponent`` and first ``theta_i^2 = i^-start``, i = 1 ... modes.

    It is that of `workbench.train.tasks.quadratic`.
    """
    modes = int(number("modes", modes, Param(1, 100_000), integer=True))
    i = np.arange(1, modes + 1, dtype=float)
    exponent, start = number("exponent", exponent, Param(0, 10)), number("start", start, Param(0, 10))
    return Quadratic(i**-exponent, i**-start, batch)


def split(problem: Quadratic, rates: ArrayLike, state: State | None = None) -> Split:
    """Bias and variance along several schedules of one length.

    With ``a = 1 - rate h`` the mean of a weight follows ``m <- a m`` and its variance
    ``v <- a^2 v + rate^2 h / batch``: the loss is ``1/2 sum_i h_i m_i^2 + 1/2 sum_i h_i v_i``, of which the
    first part is what the start has left (bias) and the second what noise has brought (variance).

    Parameters
    ----------
    problem : Quadratic
        What is descended.
    rates : array_like, shape (schedules, T) or (T,)
        Rate of every update, finite and at least 0.
    state : State, optional
        Where they begin, broadcast over schedules; the problem's start, without variance, unless given.

    Returns
    -------
    Split
        At 64 points or fewer, the last after all T updates.

    Raises
    ------
    ValueError
        For rates of another shape, or not finite and at least 0.

    Notes
    -----
    Chunks of the schedule are composed all at once, and then joined one after the other. A rate of
    ``2 / h`` or more is unstable: bias and variance then grow without end.

    References
    ----------
    Zhang et al., "Which Algorithmic Choices Matter at Which Batch Sizes?", 2019, arXiv 1907.04164.
    Dremov et al., "Training Dynamics of the Cooldown Stage", 2025, arXiv 2508.01483, has the two parts as
    what shapes of a cooldown trade for one another in transformers; that SGD on a quadratic stands for it
    is our choice.
    """
    table = _rates(rates)
    count, total = table.shape
    length = -(-total // _POINTS)
    chunks = -(-total // length)
    # The first chunk is filled up with rates of 0, which change nothing.
    padded = np.concatenate([np.zeros((count, chunks * length - total)), table], axis=1)
    keeps, adds = compose(problem, padded.reshape(count, chunks, length))
    begin = State(problem.first, np.zeros_like(problem.first)) if state is None else state
    shape = (count, len(problem.h))
    bias, variance = (np.broadcast_to(part, shape) for part in begin)
    out = np.empty((2, count, chunks))
    for j in range(chunks):
        bias = bias * keeps[:, j]
        variance = variance * keeps[:, j] + adds[:, j]
        out[:, :, j] = 0.5 * bias @ problem.h, 0.5 * variance @ problem.h
    step = total - np.arange(chunks - 1, -1, -1.0) * length
    return Split(step, out[0], out[1], State(bias, variance))


def compose(problem: Quadratic, rates: Array) -> tuple[Array, Array]:
    """What a stretch of updates multiplies bias and variance by, and what it adds to the variance.

    Parameters
    ----------
    rates : array, shape (..., n)
        Rates of the stretch.

    Returns
    -------
    tuple of array, each (..., modes)
    """
    kept: Array = np.square(1 - rates[..., None] * problem.h)
    # later[t] is the product from t on: what noise of update t - 1 is multiplied by.
    later: Array = np.cumprod(kept[..., ::-1, :], axis=-2, dtype=np.float64)[..., ::-1, :]
    squares = np.square(rates)
    adds = np.einsum("...t,...tm->...m", squares[..., :-1], later[..., 1:, :]) + squares[..., -1, None]
    return later[..., 0, :], adds * problem.variance


def constant(problem: Quadratic, rate: float, updates: ArrayLike) -> State:
    """State after so many `updates` at one rate from the problem's start, in closed form: (n, modes) each.

    ``m_t^2 = a^(2 t) m_0^2`` and ``v_t = rate^2 h / batch (1 - a^(2 t)) / (1 - a^2)``.
    """
    t = np.atleast_1d(np.asarray(updates, dtype=float))[:, None]
    kept = np.square(1 - rate * problem.h)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(kept == 1, t, (1 - kept**t) / (1 - kept))
    return State(kept**t * problem.first, rate**2 * problem.variance * total)


def parts(problem: Quadratic, state: State) -> tuple[Array, Array]:
    """Bias and variance of the loss in a state."""
    return 0.5 * state.bias @ problem.h, 0.5 * state.variance @ problem.h


def _rates(rates: ArrayLike) -> Array:
    table = np.atleast_2d(np.asarray(rates, dtype=float))
    if table.ndim != 2 or not table.size:
        raise ValueError(f"rates must have the shape (schedules, updates); got {np.shape(rates)}")
    if not np.all(np.isfinite(table)) or np.any(table < 0):
        raise ValueError("rates must be finite and at least 0")
    return table
