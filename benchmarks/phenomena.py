"""``python -m benchmarks.phenomena [bigram gpt]``: what the river-valley picture says, measured over seeds.

Every figure is a mean over seeds with its 95 % interval (Student's t, paired where two schedules are
compared: lanes of one seed see the same batches). Lanes share their trunks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import workbench as wb
from workbench import train
from workbench.curve import Curve, Run

SEEDS = 8
DECAY = 0.2
"""Share of the updates that cools down."""


@dataclass(frozen=True)
class Setting:
    """A task, its length, and two peaks of which the lower is the calmer."""

    task: Any
    total: int
    high: float
    low: float
    cooldown: int
    seeds: int = SEEDS


@dataclass(frozen=True)
class Figure:
    """One statement with what was measured, one value for each seed."""

    statement: str
    values: NDArray[np.float64]
    holds: Callable[[float, float], bool]

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean."""
        spread = stats.t.ppf(0.975, len(self.values) - 1) * stats.sem(self.values)
        return float(self.values.mean() - spread), float(self.values.mean() + spread)


def settings() -> dict[str, Setting]:
    """What is trained: minutes on two cores."""
    return {
        "bigram": Setting(train.tasks.bigram(), 8_000, 60.0, 15.0, 200),
        "gpt": Setting(train.tasks.gpt(context=64, batch=16, measurements=60), 1_200, 4e-3, 1e-3, 40),
    }


def positive(low: float, high: float) -> bool:
    """The whole interval lies above 0."""
    return low > 0


def negative(low: float, high: float) -> bool:
    """The whole interval lies below 0."""
    return high < 0


def not_positive(low: float, high: float) -> bool:
    """The interval does not lie above 0: on par or better."""
    return low <= 0


def figures(setting: Setting) -> list[Figure]:
    """Train, and measure every statement."""
    total, stop = setting.total, round(setting.total * (1 - DECAY))
    wsd = {
        peak: wb.schedules.wsd(total, peak, warmup=0.05, decay=DECAY) for peak in (setting.high, setting.low)
    }
    stay = wb.schedules.constant(total, setting.high, warmup=0.05)
    simple = wb.schedules.wsd_s(
        total, setting.high, warmup=0.05, budgets=(0.5, 1.0), decay=DECAY, counted="segment"
    )
    # With the updates of one WSD-S run, WSD makes its two models of shorter budgets: the second cooldown
    # is extra.
    whole = round(total / (1 + DECAY / 2))
    paid = wb.schedules.wsd(whole, setting.high, warmup=0.05 * total / whole, decay=DECAY)
    schedules = [wsd[setting.high], wsd[setting.low], stay, simple, paid]
    probe = train.probes.Cooldown(every=max(1, stop - 1), steps=setting.cooldown)
    seeds = list(range(setting.seeds))
    print(f"# {train.plan(schedules, seeds)}", flush=True)
    runs = train.train(setting.task, schedules, seed=seeds, probes=[probe])
    high, low, constant, cycled, two = (runs[i * len(seeds) : (i + 1) * len(seeds)] for i in range(5))
    length = total - stop
    fall = each(high, lambda run: at(run.curve, stop - 1) - at(run.curve, total - 1))
    before = each(high, lambda run: at(run.curve, stop - 1 - length) - at(run.curve, stop - 1))
    rows = [
        Figure(
            "loss falls more in the cooldown than in as many updates before it, by", fall - before, positive
        ),
        Figure("a constant rate ends above WSD, by", last(constant) - last(high), positive),
        Figure(
            "before the cooldown the higher rate is worse, by",
            each(high, lambda run: at(run.curve, stop - 1)) - each(low, lambda run: at(run.curve, stop - 1)),
            positive,
        ),
        Figure(
            "after the cooldown the higher rate is worse, by (below 0: better)",
            last(high) - last(low),
            negative,
        ),
        Figure(
            "WSD-S, with its two models, ends above one WSD run as long, by",
            last(cycled) - last(high),
            not_positive,
        ),
        Figure(
            "WSD-S ends above WSD where both spend the same on two models, by",
            last(cycled) - last(two),
            not_positive,
        ),
    ]
    return rows + (_exact(high, constant, stop) if "hill" in high[0].parts else _probed(high, low, stop))


def _exact(wsd: Sequence[Run], constant: Sequence[Run], stop: int) -> list[Figure]:
    """Hill and river where the task measures them apart."""
    hill = each(wsd, lambda run: at(run.parts["hill"], stop - 1) - last_of(run.parts["hill"]))
    river = each(wsd, lambda run: at(run.parts["river"], stop - 1) - last_of(run.parts["river"]))
    rates = np.cumsum(wsd[0].schedule.array()), np.cumsum(constant[0].schedule.array())
    # The constant run has had as many rates as all of WSD some steps earlier.
    same = float(np.interp(rates[0][-1], rates[1], np.arange(len(rates[1]))))
    ratio = each(wsd, lambda run: last_of(run.parts["river"])) / each(
        constant, lambda run: at(run.parts["river"], same)
    )
    return [
        Figure("hill loss falls in the cooldown, by", hill, positive),
        Figure(
            "of the fall in the cooldown the river's share is", river / (river + hill), lambda a, b: b < 0.5
        ),
        Figure(
            "river loss over that of a constant rate with the same sum of rates, less 1",
            ratio - 1,
            lambda a, b: max(abs(a), abs(b)) < 0.05,
        ),
    ]


def _probed(high: Sequence[Run], low: Sequence[Run], stop: int) -> list[Figure]:
    """Hill and river by short cooldowns from the stable phase."""
    name = "hill by cooldown"
    hills = [each(runs, lambda run: at(run.parts[name], stop - 1)) for runs in (high, low)]
    rivers = [each(runs, lambda run: at(run.parts["river by cooldown"], stop - 1)) for runs in (high, low)]
    return [
        Figure("a short cooldown from the stable phase takes off", hills[0], positive),
        Figure("and more from the higher rate, by", hills[0] - hills[1], positive),
        Figure("river below the higher rate less river below the lower", rivers[0] - rivers[1], negative),
    ]


def each(runs: Sequence[Run], value: Callable[[Run], float]) -> NDArray[np.float64]:
    """A number of every run."""
    return np.array([value(run) for run in runs])


def last(runs: Sequence[Run]) -> NDArray[np.float64]:
    """Final losses."""
    return each(runs, lambda run: run.final_loss)


def last_of(curve: Curve) -> float:
    """The last point."""
    return float(curve.loss[-1])


def at(curve: Curve, step: float) -> float:
    """The loss near a step, between the points around it."""
    return float(np.interp(step, curve.step, curve.loss))


def main(wanted: Sequence[str]) -> int:
    """Print a markdown table for each task; the exit code is 1 when a statement does not hold."""
    known = settings()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"phenomena: no {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = 0
    for name in wanted or known:
        setting = known[name]
        print(f"\n| {name}: {setting.total:,} updates, peaks {setting.high:g} and {setting.low:g}, ", end="")
        print(f"{setting.seeds} seeds | mean | 95 % interval | holds |\n|---|---|---|---|")
        for figure in figures(setting):
            low, high = figure.interval
            holds = figure.holds(low, high)
            failed += not holds
            verdict = "yes" if holds else "NO"
            print(
                f"| {figure.statement} | {figure.values.mean():.4f} | {low:.4f} to {high:.4f} | {verdict} |"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
