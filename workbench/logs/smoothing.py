"""A smoother curve for those who ask for one, and what was done to a log in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.curve import Curve, Run
from workbench.files import short
from workbench.params import Param, number

Array = NDArray[np.float64]

_WINDOW = Param(2, 10_000_000, unit="points")


def smooth(run: Run, window: int) -> Run:
    """The run with each loss replaced by the mean of those around it.

    ``loss'[i] = mean(loss[i - h], ..., loss[i + h])``, h = window // 2; near an end h shrinks to what both
    sides have, so that the curve is never shifted and its first and last points stay.

    Parameters
    ----------
    run : Run
        Any run; its parts stay as they are.
    window : int
        How many points are taken together, at least 2, an even number one more; their steps may be any.

    Returns
    -------
    Run
        With ``facts["smoothed"]``, the window, and one more sentence in ``facts["log"]``.

    Raises
    ------
    ValueError
        For what is no run, or a window that is no whole number.

    Notes
    -----
    Use it for a picture. A law is fitted better to the points themselves: smoothed ones share their
    noise, and intervals that take it for independent come out too narrow.
    """
    if not isinstance(run, Run):
        raise ValueError(f"run must be a Run; got {short(run)}")
    half = int(number("window", window, _WINDOW, integer=True)) // 2
    loss, finite = run.curve.loss.copy(), np.isfinite(run.curve.loss)
    loss[finite] = _centred(loss[finite], half)
    curve = Curve(run.curve.step, loss, run.curve.low, run.curve.high)
    said = f"Smoothed: each loss is the mean of the {2 * half + 1} points around it."
    facts = {**run.facts, "smoothed": 2 * half + 1, "log": [*run.facts.get("log", []), said]}
    return replace(run, curve=curve, facts=facts)


def describe(run: Run) -> str:
    """What was done to read a run from its log, a sentence on each line.

    Parameters
    ----------
    run : Run
        A run that `load` gave.

    Raises
    ------
    ValueError
        For what is no run, or was not read from a log.

    Notes
    -----
    Read it before a law is fitted: what was left out, joined or guessed stands there.
    """
    if not isinstance(run, Run) or "log" not in run.facts:
        raise ValueError(f"run must be a Run that was read from a log; got {short(run)}")
    name = run.facts.get("name")
    return "\n".join([f"{name}:"] * bool(name) + [str(sentence) for sentence in run.facts["log"]])


def _centred(loss: Array, half: int) -> Array:
    n = len(loss)
    place = np.arange(n)
    reach = np.minimum(half, np.minimum(place, n - 1 - place))
    # Sums of deviations from the mean keep their digits over a million points.
    middle = float(np.mean(loss)) if n else 0.0
    sums = np.concatenate([[0.0], np.cumsum(loss - middle)])
    return middle + (sums[place + reach + 1] - sums[place - reach]) / (2 * reach + 1)
