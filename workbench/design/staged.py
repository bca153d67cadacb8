"""The family of a few phases: each a power decay, of free length, end and exponent, or flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import grid
from workbench.design.measure import Measure
from workbench.schedule import Phase, Schedule

Array = NDArray[np.float64]

_POWERS = (1.0, 4.0)
"""A power below 1 ends in a vertical fall, which laws can be gamed by."""
_SHORTEST = 0.01
"""Least share of what is left that a phase lasts."""
_STEP = 1e-6
_BETTER = 1e-6
"""Less than so much lower loss is not worth another phase."""
_FLAT = 1e-4
"""A phase that falls by less than this share of the first rate is flat."""


class Stage(NamedTuple):
    """A phase of `steps` updates from rate `top` to `end` along ``(1 - u)^power``."""

    steps: float
    top: float
    end: float
    power: float

    def at(self, t: Array) -> Array:
        """Rates at the updates `t` of the phase."""
        u = np.clip(t / self.steps, 0, 1)
        return self.end + (self.top - self.end) * (1 - u) ** self.power


@dataclass(frozen=True)
class Stages:
    """Phases of `n` updates together, from `start` down, at least `floor`, falling by at most `fall`."""

    n: int
    start: float
    floor: float
    fall: float
    count: int

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Box of the parameters: lengths, then ends, then exponents."""
        lengths = [(_SHORTEST, 1 - _SHORTEST)] * (self.count - 1)
        return [*lengths, *[(0.0, 1.0)] * self.count, *[_POWERS] * self.count]

    def stages(self, z: Array, whole: bool = False) -> list[Stage]:
        """The phases of the parameters `z`; in whole updates if asked."""
        out, left, top, k = [], float(self.n), self.start, self.count
        for i in range(k):
            steps = left * z[i] if i < k - 1 else left
            if whole and i < k - 1:
                steps = float(min(max(round(steps), 1), left - (k - 1 - i)))
            power = float(z[2 * k - 1 + i])
            low = max(self.floor, top - self.fall * steps / power) if top > self.floor else top
            end = low + (top - low) * float(z[k - 1 + i])
            out.append(Stage(steps, top, end, power))
            left, top = left - steps, end
        return out

    def rates(self, z: Array, t: Array) -> Array:
        """Rates at the updates `t`, counted from the first that is free."""
        out, begin = np.empty(len(t)), 0.0
        for stage in self.stages(z):
            here = t >= begin
            out[here] = stage.at(t[here] - begin)
            begin += stage.steps
        return out

    def starts(self) -> list[Array]:
        """Where a search may begin: flat at first, then falling, at three lengths of the fall."""
        k, out = self.count, []
        for share in (0.15, 0.35, 0.7):
            lengths = [1 - share, *(1 / (k - i) for i in range(1, k - 1))][: k - 1]
            ends = [1.0, *([0.4] * (k - 2)), 0.0][-k:] if k > 1 else [0.0]
            out.append(np.array([*lengths, *ends, *[1.3] * k]))
        return out


def staged(
    measure: Measure, done: Schedule | None, total: int, start: float, floor: float, fall: float, phases: int
) -> Schedule:
    """The schedule of `total` updates that ends lowest with at most `phases` phases after `done`."""
    best: tuple[float, Schedule] | None = None
    for count in range(1, phases + 1):
        family = Stages(total - (len(done) if done else 0), start, floor, fall, count)
        value, found = _best(measure, done, total, family)
        if best is None or value < best[0] - _BETTER:
            best = value, found
    assert best is not None
    return best[1]


def _best(measure: Measure, done: Schedule | None, total: int, family: Stages) -> tuple[float, Schedule]:
    from scipy.optimize import minimize

    begin, g = (len(done) if done else 0), grid(done, total)
    free = g.t >= begin
    t = (g.t[free] - begin).astype(float)
    fixed = done(g.t[~free]) if done else np.empty(0)
    objective = measure.objective(g)
    low, high = np.array(family.bounds).T

    def cost(z: Array) -> tuple[float, Array]:
        rates = family.rates(z, t)
        value, slopes = objective(np.concatenate([fixed, rates]))
        if not measure.exact:
            return value, slopes
        steps = np.where(z + _STEP <= high, _STEP, -_STEP)
        moved = np.array(
            [family.rates(z + step * e, t) for step, e in zip(steps, np.eye(len(z)), strict=True)]
        )
        return value, ((moved - rates) / steps[:, None]) @ slopes[free]

    ends = []
    for z in family.starts():
        options = {"maxiter": 200, "ftol": 1e-11} | ({} if measure.exact else {"eps": 1e-4, "ftol": 1e-8})
        target = cost if measure.exact else (lambda z: cost(z)[0])
        z = np.clip(z, low, high)
        bounds = list(zip(low, high, strict=True))
        ends.append(minimize(target, z, jac=measure.exact, method="L-BFGS-B", bounds=bounds, options=options))
    z = np.clip(min(ends, key=lambda end: end.fun).x, low, high)
    phases = [_phase(stage, family.start) for stage in family.stages(z, whole=True)]
    made = Schedule((*(done.phases if done else ()), *phases))
    return measure.final(made), made


def _phase(stage: Stage, start: float) -> Phase:
    steps = int(stage.steps)
    if stage.top - stage.end <= _FLAT * start:
        # The next phase begins at `end`, so that a flat one lies there too: nothing rises after it.
        return Phase("stable", steps, stage.top, stage.end)
    return Phase("decay", steps, stage.top, stage.end, "power", args={"p": stage.power})
