"""Several budgets: one run that cools down at each, branches of one run, or a run for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.design.limits import limits, peak_of
from workbench.design.measure import measure_of
from workbench.fitted import Fit
from workbench.params import Numbers, Param, numbers_in
from workbench.schedule import Schedule
from workbench.schedules import cosine, wsd_branches, wsd_s
from workbench.views.table import Table

_BUDGETS = Numbers(Param(0, 1, open_low=True), least=2, most=12, increasing=True, last=1.0)


def budgets(
    fit: Fit | None,
    total: int,
    shares: Sequence[float] = (0.25, 0.5, 1.0),
    *,
    peak: float | None = None,
    warmup: float = 0.01,
    floor: float = 0.0,
    decay: float = 0.1,
    shape: str = "sqrt",
) -> Table:
    """What models of several budgets cost and give: by WSD-S, by branches of WSD, by separate cosines.

    Parameters
    ----------
    fit : Fit or None
        A fitted law, or None for the convex bound.
    total : int
        Updates of the longest budget.
    shares : sequence of float
        Budgets as shares of `total`, increasing, the last 1.
    peak, warmup, floor
        As of `optimise`; each cosine has the warmup of the others in updates.
    decay : float
        Share of each budget that cools down, of WSD-S and WSD.
    shape : str
        Curve of those cooldowns, one of `wb.schedules.wsd`.

    Returns
    -------
    Table
        A row for each way and budget: predicted loss with its 90 % interval, how much lower than the
        cosine of that budget it is (paired interval), and the updates that the way takes for all budgets.

    Raises
    ------
    ValueError
        For an argument outside its range, or a warmup longer than the first budget.

    Notes
    -----
    Use it before a family of models. WSD-S takes the updates of the longest alone, branches pay every
    cooldown again, cosines pay every run in full. A law that was fitted on runs without a jump back up
    says little about those of WSD-S.

    References
    ----------
    Wen et al., ICLR 2025, arXiv 2410.05192. Hu et al., 2024, arXiv 2404.06395.
    """
    measure = measure_of(fit)
    asked = limits(total, peak_of(measure, peak), warmup, floor)
    parts = numbers_in("shares", shares, _BUDGETS)
    common: dict[str, Any] = {
        "total": asked.total, "peak": asked.peak, "warmup": asked.warmup, "floor": asked.floor,
        "decay": decay, "shape": shape, "budgets": parts,
    }  # fmt: skip
    branches = wsd_branches(**common)
    stops = [len(branch) for branch in branches]
    one = wsd_s(**common)
    rising = len(asked.rising) if asked.rising else 0
    cosines = [cosine(stop, asked.peak, rising / stop, asked.floor) for stop in stops]
    trunk = ("warmup", "stable")
    cooldowns = [
        sum(span.stop - span.start for span in b.spans() if span.name not in trunk) for b in branches
    ]
    ways: dict[str, tuple[list[Schedule], int]] = {
        "WSD-S, one run": ([one.until(stop) for stop in stops], stops[-1]),
        "WSD, branches": (list(branches), stops[-1] + sum(cooldowns[:-1])),
        "cosine, a run each": (cosines, sum(stops)),
    }
    rows = []
    for way, (schedules, cost) in ways.items():
        for stop, s, against in zip(stops, schedules, cosines, strict=True):
            row: dict[str, Any] = {"way": way, "budget": stop}
            if measure.fit:
                curve = measure.fit.predict(s, [stop - 1])
                assert curve.low is not None and curve.high is not None
                ends = {"loss": curve.loss, "low": curve.low, "high": curve.high}
                row |= {name: float(end[0]) for name, end in ends.items()}
            else:
                row["bound"] = measure.final(s)
            if s is against:
                row |= {"below cosine": 0.0, "from": 0.0, "to": 0.0}
            else:
                gain = measure.gain(s, against, "cosine")
                row |= {"below cosine": gain.mean, "from": gain.low, "to": gain.high}
            rows.append({**row, "updates of all": cost})
    notes = ["jumps back up, as WSD-S makes, were in no fitted run unless you fitted one"] if fit else []
    title = f"Budgets of up to {asked.total:,} updates, peak {asked.peak:.3g}, by {measure.title}"
    return Table(title, tuple(rows), (*notes, *measure.cautions(branches[-1])))
