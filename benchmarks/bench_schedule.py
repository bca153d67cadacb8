"""A schedule as an array: against stepping torch's LambdaLR, and the time of every builder."""

from __future__ import annotations

import warnings

from benchmarks.rows import Row, alternated, at_least, at_most, seconds
from workbench import schedules

STEPS = 100_000
LONG = 1_000_000


def rows() -> list[Row]:
    """The ratio to torch for two schedules, and milliseconds per million steps of every builder."""
    ratios = [_against_torch(name) for name in ("wsd", "cosine")]
    times = [
        at_most(
            f"{name}, {LONG:,} steps to an array",
            1e3 * seconds(lambda name=name: _array(name, LONG), repeats=3),
            60,
            "ms",
        )
        for name in schedules.names()
    ]
    return ratios + times


def _array(name: str, total: int) -> object:
    return schedules.build({"name": name, "total": total}).array()


def _against_torch(name: str) -> Row:
    """Both sides from nothing to every rate; torch's lambda reads a ready list, which flatters torch."""
    import torch

    factors = _array(name, STEPS).tolist()  # type: ignore[attr-defined]

    def stepped() -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        with warnings.catch_warnings():
            # No optimizer.step() between: only the schedule is timed here.
            warnings.simplefilter("ignore")
            scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda step: factors[min(step, STEPS - 1)]
            )
            rates = []
            for _ in range(STEPS):
                rates.append(optimizer.param_groups[0]["lr"])
                scheduler.step()
        return rates

    torchs, ours = alternated([stepped, lambda: _array(name, STEPS)], repeats=5)
    return at_least(f"{name}, {STEPS:,} steps: LambdaLR's time over ours", torchs / ours, 100, "times")
