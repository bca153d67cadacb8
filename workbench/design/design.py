"""The best schedule that was found, with what is known of how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workbench.design.limits import Limits
from workbench.design.measure import Gain, Measure
from workbench.design.plain import Plain, plainest
from workbench.fitted import Fit
from workbench.schedule import Schedule
from workbench.schedules import cosine, linear, wsd
from workbench.views.table import Table


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Design(Schedule):
    """A schedule that a law chose: it is used as any other, and knows why it was chosen.

    What is compared and how it is worded is worked out when it is first asked for.

    Parameters
    ----------
    fit : Fit or None
        The law; None for the convex bound.
    limits : Limits
        What the schedule had to respect.
    """

    fit: Fit | None
    limits: Limits

    @property
    def schedule(self) -> Schedule:
        """The schedule alone, which can be saved and sent."""
        return Schedule(self.phases)

    @property
    def measure(self) -> Measure:
        """What it was judged by."""
        return Measure(self.fit)

    @cached_property
    def final(self) -> float:
        """Predicted loss after the last update, or the bound."""
        return self.measure.final(self.schedule)

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """90 % interval of `final`; a bound has none."""
        if self.fit is None:
            return None
        curve = self.fit.predict(self.schedule, [len(self) - 1])
        assert curve.low is not None and curve.high is not None
        return float(curve.low[0]), float(curve.high[0])

    @cached_property
    def gains(self) -> tuple[Gain, ...]:
        """How much lower it ends than WSD, cosine and D2Z with the same peak, warmup and floor."""
        a, gains = self.limits, []
        common = {"total": a.total, "peak": a.peak, "warmup": a.warmup, "floor": a.floor}
        share = min(0.2, 1 - a.warmup)
        others = {
            f"WSD ({share:.0%} 1-sqrt)": wsd(**common, decay=share),
            "cosine": cosine(**common),
            "linear (D2Z)" if a.floor == 0 else "linear": linear(**common),
        }
        for name, other in others.items():
            steep = a.slope is not None and -np.diff(other.array()).min() > a.fall * (1 + 1e-9)
            name += ", steeper than allowed" if steep else ""
            gains.append(self.measure.gain(self.schedule, other, name))
        return tuple(gains)

    @cached_property
    def plain(self) -> Plain:
        """The nearest plain phases (warmup, stable, decay), and what they cost in loss."""
        near = plainest(self.measure, self.limits)
        return Plain(near, self.measure.final(near) - self.final)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what is not to be trusted, the law's record first."""
        out = self.measure.cautions(self.schedule)
        unsure = [gain.over for gain in self.gains if self.fit and not (gain.sure and gain.mean > 0)]
        if unsure:
            out.append(f"at 90 % it is not sure to end lower than: {'; '.join(unsure)}")
        return tuple(out)

    @property
    def table(self) -> Table:
        """Gains over the usual schedules, with paired 90 % intervals."""
        rows: list[dict[str, Any]] = [
            {"over": g.over, "gain": g.mean, "low": g.low, "high": g.high} for g in self.gains
        ]
        history = {gain.history: None for gain in self.gains if gain.history}
        plain = f"in plain phases {self.plain.words} costs {self.plain.cost:+.2g} {self.measure.unit}"
        notes = (plain, *history, *self.warnings)
        return Table(self._title, tuple(rows), notes)

    @property
    def _title(self) -> str:
        span = "" if self.interval is None else f" ({self.interval[0]:.4f} to {self.interval[1]:.4f})"
        what = "predicted final loss" if self.fit else "bound (D = G = 1)"
        return (
            f"{self.measure.title}: best schedule, {what} {self.final:.5g}{span} after {len(self):,} updates"
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schedule:
        """The schedule alone: the fit is not saved with it."""
        return Schedule.from_dict(data)

    def __str__(self) -> str:
        return f"{self.schedule!r}\n{self.table}"

    def _repr_html_(self) -> str:
        return f"<div>{super()._repr_html_()}{self.table._repr_html_()}</div>"

    def __repr__(self) -> str:
        return f"<Design under {self.measure.title}: {super().__repr__()[1:-1]}>"
