"""What the law says of schedules: their curves, where they end, and in words what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workbench.curve import Curve
from workbench.fitted import Fit


class End(NamedTuple):
    """Loss after the last update of a schedule, with its 90 % interval."""

    loss: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Answer:
    """What the law says now.

    Parameters
    ----------
    curves : tuple of Curve
        Of each schedule from where the law begins to its end, with the 90 % band; empty where nothing can
        be said. The band is of what will be measured, the scatter of one measurement within it.
    sentence : str
        What it rests on, and what to beware of.
    fit : Fit or None
        The law with the parameters that are likeliest now, with their covariance.
    points : int
        Measured points that it rests on, beside the fit; those of a common trunk count once.
    contradicts : bool
        Whether what came in is farther from the fit than its errors explain in 99 of 100 cases.
    """

    curves: tuple[Curve, ...]
    sentence: str
    fit: Fit | None = None
    points: int = 0
    contradicts: bool = False

    @property
    def ends(self) -> tuple[End, ...]:
        """Where each schedule will end."""
        out = []
        for curve in self.curves:
            assert curve.low is not None and curve.high is not None
            out.append(End(*(float(column[-1]) for column in (curve.loss, curve.low, curve.high))))
        return tuple(out)
