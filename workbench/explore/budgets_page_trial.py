"""The four ways measured: one forked training, cosines at several peaks, and the loss of every model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workbench.explore.budgets_page_ways import COLORS, COSINE, CYCLIC, WSD, WSDS, Plan, Way
from workbench.explore.cooldowns_trial import TASKS, Interval, Measured, Trial, interval
from workbench.params import Param, known
from workbench.views.table import Table

TUNED = "cosine, tuned each"
ALLOWED: Mapping[str, Any] = {
    "task": list(TASKS),
    "count": Param(1, 6),
    "decay": Param(0.02, 0.6),
    "seeds": Param(1, 64),
}
"""What a notebook's parameters may be."""


@dataclass(frozen=True)
class Contest:
    """What is trained: every way of a plan, and the cosines once for each peak.

    Parameters
    ----------
    plan : Plan
        The ways and their budgets.
    task : str
        One of `workbench.explore.cooldowns_trial.TASKS`.
    seeds : int
        How many; an interval needs two.
    factors : sequence of float
        Peaks of the cosines, times `plan.peak`, of which the best at each budget counts; those of the task
        unless given.

    Raises
    ------
    ValueError
        For an unknown task, or a number outside its range.
    """

    plan: Plan
    task: str = "bigram"
    seeds: int = 8
    factors: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        known(list(TASKS), [self.task], "the contest's tasks")
        if not self.factors:
            object.__setattr__(self, "factors", TASKS[self.task].cosine_peaks)
        _ = self.trial

    @cached_property
    def cosines(self) -> tuple[Way, ...]:
        """One way for each factor."""
        return tuple(self.plan.cosines(factor) for factor in self.factors)

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """All that is trained."""
        return (*(self.plan.way(name) for name in (WSD, WSDS, CYCLIC)), *self.cosines)

    @cached_property
    def trial(self) -> Trial:
        """A lane for every model of every way."""
        lanes = {_lane(way, k): schedule for way in self.ways for k, schedule in enumerate(way.schedules)}
        return Trial(self.task, lanes, self.seeds)

    @property
    def colors(self) -> dict[str, str]:
        """Of every lane: that of its way."""
        return {
            _lane(way, k): COLORS.get(way.name, COLORS[COSINE])
            for way in self.ways
            for k in range(len(way.schedules))
        }

    def costs(self) -> dict[str, int]:
        """Updates of every way for one seed, by `workbench.train.plan`; tuning pays every peak."""
        from workbench import train

        out = {way.name: train.plan(way.schedules).updates for way in self.ways}
        out[TUNED] = sum(out.pop(way.name) for way in self.cosines)
        return out


@dataclass(frozen=True)
class Outcome:
    """What a contest has measured.

    Parameters
    ----------
    contest : Contest
        What was asked.
    measured : Measured
        Its lanes' runs.
    """

    contest: Contest
    measured: Measured

    def losses(self, way: str) -> np.ndarray:
        """Final losses (budgets, seeds) of a way; of the tuned cosine those of the best peak at each."""
        contest = self.contest
        if way != TUNED:
            return self._of(next(each for each in contest.ways if each.name == way))
        every = np.stack([self._of(each) for each in contest.cosines])
        best = every.mean(axis=2).argmin(axis=0)
        return every[best, np.arange(every.shape[1])]

    def best_peaks(self) -> tuple[float, ...]:
        """Of the cosine at each budget."""
        every = np.stack([self._of(each) for each in self.contest.cosines])
        best = every.mean(axis=2).argmin(axis=0)
        return tuple(self.contest.factors[i] * self.contest.plan.peak for i in best)

    def against_cosine(self, way: str) -> tuple[Interval, ...]:
        """How far each model of a way ends above that of the tuned cosine, paired by seed."""
        return tuple(interval(row) for row in self.losses(way) - self.losses(TUNED))

    @property
    def names(self) -> tuple[str, ...]:
        """Ways that are compared."""
        return (WSD, WSDS, CYCLIC, TUNED)

    def table(self) -> Table:
        """A row for each way: updates in all, and the loss of every model with its 95 % interval."""
        contest, costs, rows = self.contest, self.contest.costs(), []
        for name in self.names:
            row: dict[str, Any] = {"way": name, "updates in all": costs[name]}
            for k, share in enumerate(contest.plan.shares):
                one = interval(self.losses(name)[k])
                spread = "" if np.isnan(one.low) else f" ± {one.high - one.mean:.4f}"
                row[f"budget {round(share * contest.plan.total):,}"] = f"{one.mean:.4f}{spread}"
            rows.append(row)
        seeds = self.measured.trial.seeds
        peaks = ", ".join(f"{peak:g}" for peak in self.best_peaks())
        notes = (
            f"means over {seeds} seeds, ± half of the 95 % interval",
            f"cosine, tuned each: the best of peaks x{', x'.join(f'{f:g}' for f in contest.factors)} at each "
            f"budget, {peaks}; its updates count every peak that was tried",
        )
        title = f"{TASKS[contest.task].title.split(' (')[0]}: loss of every model, {contest.plan.equal}"
        return Table(title, tuple(rows), notes)

    def gaps(self) -> Table:
        """How far each way ends above the tuned cosine at every budget, paired by seed."""
        rows = []
        for name in self.names[:-1]:
            row: dict[str, Any] = {"way": name}
            for k, one in enumerate(self.against_cosine(name)):
                at = round(self.contest.plan.shares[k] * self.contest.plan.total)
                row[f"budget {at:,}"] = f"{one.mean:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
            rows.append(row)
        return Table("Above the tuned cosine (below 0 is better), 95 % intervals", tuple(rows))

    def _of(self, way: Way) -> np.ndarray:
        return np.stack([self.measured.losses(_lane(way, k)) for k in range(len(way.schedules))])


def outcome(contest: Contest) -> Outcome:
    """Train everything, and wait for it."""
    return Outcome(contest, contest.trial.measure())


def figure(found: Outcome) -> Any:
    """Measured loss at every budget over that of the tuned cosine, with 95 % intervals.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    from workbench.explore.cooldowns_figures import finish

    made, plan = go.Figure(), found.contest.plan
    for i, name in enumerate(found.names[:-1]):
        gaps = found.against_cosine(name)
        x = np.array([share * plan.total for share in plan.shares]) * 1.02 ** (i - 1)
        error = {"type": "data", "array": [gap.high - gap.mean for gap in gaps]}
        made.add_scatter(
            x=x,
            y=[gap.mean for gap in gaps],
            error_y=error,
            mode="lines+markers",
            line={"color": COLORS[name], "width": 2},
            name=name,
        )
    made.add_hline(y=0, line={"color": "#808080", "width": 1, "dash": "dot"})
    made.update_xaxes(title_text="budget (updates)", type="log")
    made.update_yaxes(title_text="loss above the tuned cosine (nats)")
    costs = found.contest.costs()
    said = "; ".join(f"{name} {costs[name]:,}" for name in found.names)
    return finish(
        made, f"{found.contest.task}, {found.measured.trial.seeds} seeds, measured.<br>Updates: {said}."
    )


def _lane(way: Way, k: int) -> str:
    return f"{way.name}, budget {k + 1}"
