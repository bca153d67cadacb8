"""Trainings whose sharpness is watched: full-batch, in batches, with momentum, or with Adam."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.curve import Run
from workbench.explore.edge_theory import Array, Meeting, meeting, threshold
from workbench.params import Choice, Param, choice, number
from workbench.schedule import Schedule

KINDS = {
    "full": "full batch",
    "batches": "batches of 8",
    "adam": "Adam, full batch",
}
"""How the perceptron descends, and what it is called."""
ALLOWED: Mapping[str, Param] = {
    "peak": Param(1e-4, 1),
    "total": Param(20, 20_000),
    "momentum": Param(0, 0.95),
}
"""What a notebook's parameters may be."""
LOOKS = 40
"""Looks at the sharpness of a run, about."""
_BATCH = 8
_BETA1 = 0.9
_MOMENTUM = Param(0, 0.99, slider=(0, 0.95), help="momentum of the descent")
_SAID = re.compile(rf"({'|'.join(KINDS.values())}), momentum ([0-9.]+)")


@dataclass(frozen=True)
class Descent:
    """How a lane descends.

    Parameters
    ----------
    kind : str
        "full": every update sees the same 128 samples; "batches": 8 new ones; "adam": AdamW on 256 samples.
    momentum : float
        Heavy-ball momentum; Adam's beta1 is 0.9 whatever it is.

    Raises
    ------
    ValueError
        For an unknown kind, or a momentum outside its range.
    """

    kind: str = "full"
    momentum: float = 0.0

    def __post_init__(self) -> None:
        choice("descent", self.kind, Choice(tuple(KINDS), help="how it descends"))
        # A slider's value has digits that nobody chose, and a name must say it whole.
        object.__setattr__(self, "momentum", round(number("momentum", self.momentum, _MOMENTUM), 3))

    @property
    def words(self) -> str:
        """As it stands in the name of a lane; `descent_of` reads it."""
        return f"{KINDS[self.kind]}, momentum {_BETA1 if self.kind == 'adam' else self.momentum:g}"

    @property
    def curve(self) -> str:
        """Name of the probe's curve."""
        return "preconditioned sharpness" if self.kind == "adam" else "sharpness"

    def task(self) -> Any:
        """What is trained: a perceptron that learns noisy labels, which sharpens it."""
        from workbench.train import tasks

        size: dict[str, Any] = {"inputs": 8, "width": 32, "noise": 0.5, "measurements": 200}
        if self.kind == "adam":
            return tasks.mlp(**size, depth=2, batch=256, fixed=True)
        batch = _BATCH if self.kind == "batches" else 128
        return tasks.mlp(**size, depth=3, batch=batch, fixed=self.kind == "full")

    def optimizer(self) -> Any:
        """What moves the weights."""
        from workbench.train import optimizers

        if self.kind == "adam":
            return optimizers.AdamW(beta1=_BETA1, beta2=0.95, eps=1e-7, weight_decay=0.0)
        return optimizers.SGD(momentum=self.momentum)

    def probes(self, total: int) -> tuple[Any, ...]:
        """What looks at the sharpness, about `LOOKS` times, on as many samples as full-batch descent sees."""
        from workbench.train import probes

        look = probes.PreconditionedSharpness if self.kind == "adam" else probes.Sharpness
        size = 128 if self.kind == "batches" else None
        return (look(every=max(1, total // LOOKS), size=size, iterations=12),)

    @property
    def beta(self) -> tuple[float, str]:
        """Momentum and kind of the threshold; see `workbench.explore.edge_theory.threshold`."""
        return (_BETA1, "adam") if self.kind == "adam" else (self.momentum, "heavy ball")

    def threshold(self, rate: Any) -> Array:
        """Sharpness that each rate allows."""
        momentum, kind = self.beta
        return threshold(rate, momentum, kind=kind)

    def meeting(self, run: Run) -> Meeting:
        """Sharpness and threshold along a run of it."""
        if self.curve not in run.parts:
            raise ValueError(f"run must have the curve {self.curve!r}: train with the probes of the descent")
        momentum, kind = self.beta
        return meeting(run.schedule, run.parts[self.curve], momentum, kind=kind)


def descent_of(name: str) -> Descent | None:
    """The descent of a lane by its name, None where it says none."""
    found = _SAID.search(name)
    if found is None:
        return None
    kind = next(key for key, text in KINDS.items() if text == found[1])
    return Descent(kind, 0.0 if kind == "adam" else float(found[2]))


def descend(
    schedules: Sequence[Schedule], descent: Descent | None = None, *, seed: int = 0, looks: int = LOOKS
) -> list[Run]:
    """Train the perceptron with every schedule, here and now, with looks at its sharpness.

    Parameters
    ----------
    schedules : sequence of Schedule
        One lane each.
    descent : Descent, optional
        Plain full-batch descent unless given.
    seed : int
        Of the first weights and the samples.
    looks : int
        At the sharpness of each run, about.

    Returns
    -------
    list of Run
        With the part "sharpness", or "preconditioned sharpness" for Adam.
    """
    from workbench import train

    how = Descent() if descent is None else descent
    number("looks", looks, Param(1, 1000), integer=True)
    longest = max((len(schedule) for schedule in schedules), default=1)
    probes = how.probes(int(np.ceil(longest * LOOKS / looks)))
    return train.train(how.task(), schedules, seed=seed, optimizer=how.optimizer(), probes=probes)
