"""What the page of the small GPT asks of its runs: which schedule is best, and how early the law knew it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from workbench import schedules
from workbench.curve import Curve, Run
from workbench.explore.studio.comparing import apart
from workbench.fitted import Fit
from workbench.live.asking import Answer, ask
from workbench.schedule import Schedule
from workbench.views.table import Table

WARMUP = 0.05


def eight(total: int = 1000, peak: float = 5e-3) -> dict[str, Schedule]:
    """Eight schedules of equal length by name; the constant one and the WSDs have one trunk.

    Parameters
    ----------
    total : int
        Updates of each.
    peak : float
        Highest rate of each.
    """
    given = {"total": total, "peak": peak, "warmup": WARMUP}
    decays = {f"WSD, {share:.0%} cooldown": share for share in (0.1, 0.2, 0.5)}
    return {
        "constant": schedules.constant(**given),
        **{name: schedules.wsd(**given, decay=share) for name, share in decays.items()},
        "WSD, 20% linear": schedules.wsd(**given, decay=0.2, shape="linear"),
        "cosine": schedules.cosine(**given),
        "linear": schedules.linear(**given),
        "inverse sqrt": schedules.inverse_sqrt(**given),
    }


class _Lane(NamedTuple):
    seed: object
    curves: Mapping[str, Curve]
    status: str


def paired(runs: Sequence[Run], plans: Mapping[str, Schedule], against: str = "cosine") -> Table:
    """Final losses less those of one schedule, seed by seed: ``mean -+ t_{0.95, n-1} sd / sqrt(n)``.

    Parameters
    ----------
    runs : sequence of Run
        With several seeds; those of other schedules are left out.
    plans : mapping of name to Schedule
        What they trained.
    against : str
        Name of the schedule that the others are compared with.

    Raises
    ------
    ValueError
        When `against` is none of the names, or nothing of it is measured.

    Notes
    -----
    What a seed does to all schedules cancels, so that far smaller differences show than between means.
    """
    if against not in plans:
        raise ValueError(f"against must be one of {', '.join(plans)}; got {against!r}")
    lanes = {name: _lanes(runs, schedule) for name, schedule in plans.items()}
    if not lanes[against]:
        raise ValueError(f"nothing of {against} is measured yet")
    rows = []
    for name, own in lanes.items():
        if not own:
            continue
        found = apart(own, lanes[against])
        finals = [float(lane.curves["loss"].loss[-1]) for lane in own]
        rows.append({
            "schedule": name,
            "final loss": round(float(np.mean(finals)), 4),
            f"less {against}": round(found.mean, 4),
            "90 % interval": "" if name == against else _interval(found.low, found.high),
            "seeds": found.pairs,
        })  # fmt: skip
    rows.sort(key=lambda row: row["final loss"])
    note = f"differences from {against}, pairs of equal seed; an interval without 0 shows a difference"
    return Table("Which ends lowest", tuple(rows), (note,))


def cut(run: Run, share: float) -> Run:
    """What of a run has come in when a share of its updates is done."""
    keep = run.curve.step < share * len(run.schedule)
    return replace(run, curve=Curve(run.curve.step[keep], run.curve.loss[keep]))


def asked(fit: Fit, runs: Sequence[Run], share: float) -> Answer:
    """What the law said of the ends of runs when a share of each had come in."""
    return ask(fit, [cut(run, share) for run in runs], list(runs))


def learning(fit: Fit, runs: Sequence[Run], shares: Sequence[float] = (0.0, 0.4, 0.6, 0.8, 0.95)) -> Table:
    """How far the law was from the final losses, and how sure it was, while they came in."""
    rows = []
    for share in shares:
        answer = asked(fit, runs, share)
        ends = [(end, run.final_loss) for end, run in zip(answer.ends, runs, strict=True)]
        off = [abs(end.loss - loss) for end, loss in ends]
        rows.append({
            "seen": f"{share:.0%}",
            "mean error": round(float(np.mean(off)), 4),
            "half of the 90 % band": round(float(np.median([end.high - end.low for end, _ in ends])) / 2, 4),
            "bands that hold it": f"{sum(end.low <= loss <= end.high for end, loss in ends)} of {len(ends)}",
        })  # fmt: skip
    return Table("The law while it trains", tuple(rows), ("losses in nats per byte",))


def foretold(fit: Fit, runs: Sequence[Run], share: float = 0.6, *, caption: str = "") -> Any:
    """Figure: what the law said when a share had come in, dashed with its band, and what was measured."""
    from workbench import plots

    chosen = list(runs)[:8]
    names = [str(run.facts.get("name", f"run {i}")) for i, run in enumerate(chosen)]
    pairs = zip(names, chosen, asked(fit, chosen, share).curves, strict=True)
    rows = {name: (run.schedule, curve) for name, run, curve in pairs}
    measured = {name: run.curve for name, run in zip(names, chosen, strict=True)}
    return plots.rates_and_losses(rows, measured, unit="nats per byte", caption=caption)


def _lanes(runs: Sequence[Run], schedule: Schedule) -> list[_Lane]:
    same = [run for run in runs if run.schedule == schedule and len(run.curve)]
    return [
        _Lane(run.facts.get("seed"), {"loss": run.curve}, str(run.facts.get("status", ""))) for run in same
    ]


def _interval(low: float, high: float) -> str:
    return f"{low:+.4f} to {high:+.4f}" if np.isfinite(low) else "needs two seeds"
