"""What is said of a trial before it is run: of the bigram by closed forms, of the GPT by the shipped law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.explore import cooldowns_noise as noise
from workbench.fitted import Fit
from workbench.schedule import Schedule

Array = NDArray[np.float64]


class Parts(NamedTuple):
    """Final losses (schedules,) in nats: what cannot be learned, the river and the hill."""

    entropy: float
    river: Array
    hill: Array

    @property
    def loss(self) -> Array:
        """Their sum."""
        return self.entropy + self.river + self.hill


def bigram(task: Any, schedules: Sequence[Schedule]) -> Parts:
    """Final losses of the bigram by closed forms without a fitted constant.

    At its optimum the hill is a noisy quadratic: ``(1 - river) n (m - 1)`` weights of curvature ``1 / (n m)``
    whose gradient noise has the variance ``h / batch``. In every row the chance Q of tokens that never come
    falls as ``1 / Q = V / (V - m) + (1 / (V - m) + 1 / m) S / n``, S the sum of rates, V the tokens, m the
    successors (1 in the river), and costs ``-ln(1 - Q)``.

    Parameters
    ----------
    task : workbench.train.tasks.bigram
        With even chances, ``concentration = 0``.
    schedules : sequence of Schedule
        Of one length.

    Raises
    ------
    ValueError
        For chances that are not even.

    Notes
    -----
    Our derivation, for the mean flow and small fluctuations. Levels come out some percent too low, as rates
    that shake logits leave the quadratic's range; differences between cooldowns come out well.
    """
    if task.concentration:
        raise ValueError(
            f"concentration must be 0, chances that are even, for the closed form; got {task.concentration:g}"
        )
    n, m, uncertain = task.contexts, task.successors, task.contexts - task.certain
    rates = np.stack([schedule.array() for schedule in schedules])
    one = noise.Quadratic(np.array([1 / (n * m)]), np.zeros(1), task.batch)
    shaken = uncertain * (m - 1) * noise.split(one, rates).variance[:, -1]
    river, rest = (
        share * _unlearned(rates, n, task.vocab, k)
        for share, k in ((task.certain / n, 1), (uncertain / n, m))
    )
    return Parts(task.entropy, river, shaken + rest)


def _unlearned(rates: Array, n: int, vocab: int, successors: int) -> Array:
    """Loss of a row for the chance that it still gives to tokens that never come, (schedules,)."""
    never = vocab - successors
    if not never:
        return np.zeros(len(rates))
    speed = (1 / never + 1 / successors) / n
    return -np.log1p(-1 / (vocab / never + speed * rates.sum(axis=1)))


def said(task: Any, schedules: Mapping[str, Schedule], law: Fit | None) -> dict[str, float]:
    """Final loss of every schedule before any is trained: by a law, or of the bigram."""
    if not schedules:
        return {}
    if law is not None:
        return {name: float(law.predict(s, [len(s) - 1]).loss[0]) for name, s in schedules.items()}
    return dict(zip(schedules, map(float, bigram(task, list(schedules.values())).loss), strict=True))
