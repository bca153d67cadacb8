"""What schedules are judged by: the final loss under a fitted law, or without one the convex bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.design.finals import FINALS, Final
from workbench.design.grid import Grid
from workbench.design.kernels import bound
from workbench.files import short
from workbench.fitted import Fit
from workbench.schedule import Phase, Schedule
from workbench.views import convex_bound

Array = NDArray[np.float64]
_PUBLISHED = "published laws overstate the gain of decay, 1.2 to 3.3 times"
_KNOWN = {
    "multipower": f"{_PUBLISHED}: this one that of WSD over cosine 1.7 to 3.3 times on its authors' curves",
    "effective_rate": "",
}
"""What is known of a law from curves that it was not fitted on, where it is more than of all."""


@dataclass(frozen=True)
class Gain:
    """How much lower one final loss is than another.

    Parameters
    ----------
    over : str
        What it is lower than.
    mean, low, high : float
        Difference and its 90 % interval, in the unit of the measure; above 0 is a gain. Not a number
        where a bound gives no interval.
    history : str
        How such differences compared with measured ones before, where that is known.
    """

    over: str
    mean: float
    low: float
    high: float
    history: str = ""

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Measure:
    """Final loss under `fit` in nats; with None the convex bound at its best factor, for D = G = 1."""

    fit: Fit | None

    @property
    def unit(self) -> str:
        """Unit of `final`."""
        return "nats" if self.fit else "of the bound"

    @property
    def title(self) -> str:
        """Name of the law for people."""
        return registry.get("law", self.fit.law).title if self.fit else "Convex bound (no data)"

    def final(self, s: Schedule) -> float:
        """Predicted loss after the last update."""
        if self.fit is None:
            return convex_bound(s).best
        return float(self.fit.predict(s, [len(s) - 1]).loss[0])

    def gain(self, s: Schedule, other: Schedule, over: str) -> Gain:
        """How much lower the loss of `s` ends than that of `other`, both under the same parameters."""
        if self.fit is None:
            return Gain(over, self.final(other) - self.final(s), np.nan, np.nan)
        found = self.fit.difference(other, s)
        return Gain(over, found.mean, found.low, found.high, found.history)

    def objective(self, g: Grid) -> Final:
        """Final loss on a grid with its gradient, where the law's is known; else by differences."""
        if self.fit is None:
            return bound(g)
        if self.fit.law in FINALS:
            return FINALS[self.fit.law](g, **self.fit.params)
        return _numeric(self.fit, g)

    @property
    def exact(self) -> bool:
        """Whether the gradient of `objective` is analytic, and cheap for any number of rates."""
        return self.fit is None or self.fit.law in FINALS

    def cautions(self, s: Schedule) -> list[str]:
        """Sentences about what of the answer is not to be trusted."""
        if self.fit is None:
            return [
                "the convex bound ranks shapes in the worst case and knows nothing of your model: unless a "
                "peak is given, its peak is that of D = G = 1"
            ]
        known = _KNOWN.get(self.fit.law, _PUBLISHED)
        return [*([known] if known else []), *self.fit.warnings(s)]


def measure_of(fit: Any) -> Measure:
    """The measure of a Fit or of None."""
    if fit is not None and not isinstance(fit, Fit):
        raise ValueError(f"fit must be a Fit, or None for the convex bound; got {short(fit)}")
    return Measure(fit)


def _numeric(fit: Fit, g: Grid) -> Final:
    """Of a law that is only known as a function of a whole schedule: no gradient (an empty one)."""
    u = tuple(np.append(g.t / g.total, 1.0).tolist())

    def final(rates: Array) -> tuple[float, Array]:
        rate = (*rates.tolist(), float(rates[-1]))
        points = Phase("points", g.total, rate[0], rate[-1], "points", args={"u": u, "rate": rate})
        return float(fit.predict(Schedule((points,)), [g.total - 1]).loss[0]), np.empty(0)

    return final
