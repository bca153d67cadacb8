"""River and hill where they are measured: means over seeds, and what closed forms say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Curve, Run
from workbench.explore.controls import plain

Array = NDArray[np.float64]

SURE = 0.9
"""Share of such intervals that hold the mean over all seeds."""
_CELLS = 4000


class Band(NamedTuple):
    """One part of the loss over a schedule's seeds, all of shape (k,).

    `step` and `area` (the sum of rates) after the update; mean and interval of the mean, which is NaN for a
    single seed.
    """

    step: Array
    rate: Array
    area: Array
    mean: Array
    low: Array
    high: Array


def bands(runs: Sequence[Run], part: str = "loss", minus: float = 0.0) -> dict[str, Band]:
    """Mean of a part over the seeds of every schedule, with a 90 % interval (Student's t).

    Parameters
    ----------
    runs : sequence of Run
        Of any schedules and seeds; those of one schedule are measured at the same steps.
    part : str
        "loss", or a name in `Run.parts`.
    minus : float
        Is taken off, such as the least loss that is possible.

    Returns
    -------
    dict
        By the schedules' names, and their peaks where a name occurs twice.

    Raises
    ------
    ValueError
        When a run has no such part, or runs of one schedule were not measured at the same steps.
    """
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.schedule, []).append(run)
    return {
        name: _band(some, part, minus)
        for name, some in zip(_names(list(groups)), groups.values(), strict=True)
    }


def river_flow(task: Any, area: ArrayLike) -> tuple[Array, Array]:
    """What gradient flow leaves of the bigram's loss at a sum of rates: of the river, and of uncertain rows.

    In a row with m possible next tokens of even chances the logits of possible and impossible tokens part
    by g, ``e^g + a g = 1 + V S / (m^2 n)`` with ``a = (V - m) / m``, S the sum of rates, n contexts and V
    tokens; the row loses ``ln(1 + a e^-g)`` over its entropy. Here g comes from Wright's omega function.
    Late in a training a certain row (m = 1) loses ``(V - 1) n / (V S)``.

    Parameters
    ----------
    task : workbench.train.tasks.bigram
        With even chances, ``concentration = 0``.
    area : array_like, shape (k,)
        Sums of rates.

    Returns
    -------
    tuple of ndarray, shape (k,)
        River, and what the uncertain rows still have to learn, in nats: the part of the "hill" without noise.

    Raises
    ------
    ValueError
        For chances that are not even.

    Notes
    -----
    Our derivation, for even chances and small steps; batches make no difference to it.
    """
    if task.concentration:
        raise ValueError(f"concentration must be 0 for the closed form; got {task.concentration:g}")
    share = task.certain / task.contexts
    return share * _unlearned(task, area, 1), (1 - share) * _unlearned(task, area, task.successors)


def drift(task: Any, area: ArrayLike, start: float = 0.0) -> Array:
    """How far gradient flow along the river of the valley comes at a sum of rates, from x = `start`.

    ``dx / dS = -river'(x) / (1 + (width bends cos(bends x))^2)``: on a bend the way is longer than x tells.

    Parameters
    ----------
    task : workbench.train.tasks.valley
        The valley, without its noise.
    area : array_like, shape (k,)
        Sums of rates S.
    start : float
        Where the river is reached.

    Returns
    -------
    ndarray, shape (k,)
        Places x.
    """
    area = np.asarray(area, dtype=float)
    far = task.length if task.bed == "bowl" else start + task.slope * float(np.max(area, initial=0.0)) + 1.0
    # Towards the lowest point of a bowl there is always some way left: cells shrink with it.
    x = far + (start - far) * (1 - np.linspace(0, 1, _CELLS, endpoint=task.bed != "bowl"))
    down = task.slope * (task.length - x) if task.bed == "bowl" else np.full(_CELLS, task.slope)
    slow = (1 + np.square(task.width * task.bends * np.cos(task.bends * x))) / down
    passed = np.concatenate([[0.0], np.cumsum((slow[1:] + slow[:-1]) / 2 * np.diff(x))])
    return np.interp(area, passed, x)


def cooled_hill(runs: Sequence[Run], probe: Any) -> dict[str, Band]:
    """Height of the hill by the cooldowns of a probe, over the river where the same sum of rates leads.

    ``hill(t) = loss(t + d / 2) - cooled(t)`` for a linear cooldown of d updates, which has the sum of rates
    of d / 2 updates at the constant rate: the way along the river is the same then, and the difference is
    the hill's. The loss is a mean over what was measured within half of `probe.every`, for it goes up and
    down the hill from one update to the next.

    Parameters
    ----------
    runs : sequence of Run
        At constant rates, trained with `probe`.
    probe : workbench.train.probes.Cooldown
        How often and how long it cooled down.

    Returns
    -------
    dict
        As of `bands`, at the looks after the first that have measurements around them.

    Raises
    ------
    ValueError
        As `bands`.
    """
    cooled = "river by cooldown"
    looks = np.asarray(_curve(runs[0], cooled).step, dtype=float)
    middle, wide = looks + probe.steps / 2, probe.every / 2
    last = min(float(run.curve.step[-1]) for run in runs)
    near = np.abs(runs[0].curve.step - middle[:, None]) <= wide
    use = np.flatnonzero((looks > 0) & (middle + wide <= last + probe.every / 4) & near.any(axis=1))

    def hill(run: Run) -> Run:
        step, loss = run.curve.step, run.curve.loss
        near = np.abs(step - middle[use, None]) <= wide
        mean = (near * loss).sum(axis=1) / near.sum(axis=1)
        values = mean - _curve(run, cooled).loss[use]
        return replace(run, curve=Curve(looks[use], values))

    return bands([hill(run) for run in runs])


def _unlearned(task: Any, area: ArrayLike, successors: int) -> Array:
    from scipy.special import wrightomega

    never = (task.vocab - successors) / successors
    area = np.asarray(area, dtype=float)
    if not never:
        return np.zeros_like(area)
    c = 1 + task.vocab * area / (successors**2 * task.contexts)
    gap = c / never - wrightomega(c / never - math.log(never)).real
    return np.log1p(never * np.exp(-gap))


def _band(runs: Sequence[Run], part: str, minus: float) -> Band:
    from scipy.stats import t

    found = [_curve(run, part) for run in runs]
    step = found[0].step
    if any(not np.array_equal(each.step, step) for each in found):
        raise ValueError("runs of one schedule must be measured at the same steps, but some ended early")
    rows = np.stack([each.loss for each in found]) - minus
    mean = rows.mean(axis=0)
    half = np.full(len(mean), np.nan)
    if len(rows) > 1:
        half = t.ppf((1 + SURE) / 2, len(rows) - 1) * rows.std(axis=0, ddof=1) / math.sqrt(len(rows))
    rates = runs[0].schedule.array()
    at = step.astype(int)
    return Band(step, rates[at], np.cumsum(rates)[at], mean, mean - half, mean + half)


def _curve(run: Run, part: str) -> Any:
    if part == "loss":
        return run.curve
    if part not in run.parts:
        raise ValueError(f"part must be loss, {', '.join(run.parts)}; got {part!r}")
    return run.parts[part]


def _names(schedules: Sequence[Any]) -> list[str]:
    plainly = [(s.recipe or {}).get("name", "given") for s in schedules]
    twice: Mapping[str, bool] = {name: plainly.count(name) > 1 for name in plainly}
    return [
        f"{name}, peak {plain(s.peak)}" if twice[name] else name
        for name, s in zip(plainly, schedules, strict=True)
    ]
