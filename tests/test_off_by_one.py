"""The table of docs/off_by_one.md: each row against the library that it is about, or its published rule."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_optimizer
import torch
import transformers
from oracles import Array, by_optax, factors, stepped
from torch.optim import lr_scheduler as lrs

import workbench as wb

TABLE = Path(__file__).resolve().parents[1] / "docs" / "off_by_one.md"


@dataclass(frozen=True)
class Told:
    """What a library is told, and the floor of its last update where it is not `floor`."""

    w: int
    n: int
    d: int
    peak: float
    floor: float


def _optax(a: Told) -> Array:
    return by_optax(
        {"total": a.n},
        "warmup_cosine_decay_schedule",
        init_value=0.0,
        peak_value=a.peak,
        warmup_steps=a.w,
        decay_steps=a.n,
        end_value=a.floor * a.peak,
    )


def _transformers(name: str, **more: Any) -> Callable[[Told], Array]:
    def rates(a: Told) -> Array:
        options = {key: value(a) for key, value in more.items()}
        return factors(
            {"total": a.n, "peak": a.peak},
            getattr(transformers, name),
            num_warmup_steps=a.w,
            num_training_steps=a.n,
            **options,
        )

    return rates


def _linear_then_cosine(a: Told) -> Array:
    def make(optimizer: torch.optim.Optimizer) -> lrs.LRScheduler:
        parts = [
            lrs.LinearLR(optimizer, total_iters=a.w),
            lrs.CosineAnnealingLR(optimizer, T_max=a.n - a.w, eta_min=a.floor * a.peak),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return lrs.SequentialLR(optimizer, parts, milestones=[a.w])

    return stepped({"total": a.n, "peak": a.peak}, make)


def _torch(name: str, options: Callable[[Told], dict[str, Any]]) -> Callable[[Told], Array]:
    return lambda a: stepped({"total": a.n, "peak": a.peak}, getattr(lrs, name), **options(a))


def _rex(a: Told) -> Array:
    """The rates that the optimizer has at its updates."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=a.peak)
    scheduler = pytorch_optimizer.REXScheduler(optimizer, a.n, max_lr=a.peak)
    rates = []
    for _ in range(a.n):
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    return np.array(rates)


def _nano_gpt(a: Told) -> Array:
    def rate(t: int) -> float:
        if t < a.w:
            return a.peak * (t + 1) / (a.w + 1)
        x = (t - a.w) / (a.n - a.w)
        return a.peak * (a.floor + 0.5 * (1 + math.cos(math.pi * x)) * (1 - a.floor))

    return np.array([rate(t) for t in range(a.n + 1)])


def _nanochat(a: Told) -> Array:
    def factor(t: int) -> float:
        if t < a.w:
            return (t + 1) / a.w
        if t <= a.n - a.d:
            return 1.0
        left = (a.n - t) / a.d
        return left + (1 - left) * a.floor

    return a.peak * np.array([factor(t) for t in range(a.n)])


def _lr_scheduling_warmup(a: Told) -> list[float]:
    return [1e-10 + t / a.w * (1 - 1e-10) for t in range(a.w)]


def _lr_scheduling_cosine(a: Told) -> Array:
    t = np.arange(a.n - a.w)
    main = a.floor + 0.5 * (1 - a.floor) * (1 + np.cos(t / (len(t) - 1) * np.pi))
    return a.peak * np.concatenate([_lr_scheduling_warmup(a), main])


def _lr_scheduling_wsd(a: Told) -> Array:
    main = np.ones(a.n - a.w - a.d)
    cooldown = 1 - (np.arange(a.d) + 1) * (1 - a.floor) / a.d
    return a.peak * np.concatenate([_lr_scheduling_warmup(a), main, cooldown])


def _multi_power_law(a: Told) -> Array:
    x = np.arange(a.n - a.w) / (a.n - a.w)
    fall = a.floor + 0.5 * (1 - a.floor) * (1 + np.cos(np.pi * x))
    return a.peak * np.concatenate([np.linspace(0, 1, a.w), fall])


def _noam(a: Told) -> Array:
    s = np.arange(1, a.n + 1)
    return a.peak * a.w**0.5 * np.minimum(s**-0.5, s * a.w**-1.5)


THEIRS: dict[str, Callable[[Told], Array]] = {
    "optax `warmup_cosine_decay_schedule`": _optax,
    "transformers `get_cosine_with_min_lr_schedule_with_warmup`": _transformers(
        "get_cosine_with_min_lr_schedule_with_warmup", min_lr_rate=lambda a: a.floor
    ),
    "transformers `get_wsd_schedule`": _transformers(
        "get_wsd_schedule", num_decay_steps=lambda a: a.d, decay_type=lambda a: "linear"
    ),
    "torch `LinearLR` + `CosineAnnealingLR`": _linear_then_cosine,
    "torch `OneCycleLR`": _torch(
        "OneCycleLR", lambda a: {"max_lr": a.peak, "total_steps": a.n, "pct_start": a.w / a.n}
    ),
    "torch `LinearLR`": _torch("LinearLR", lambda a: {"total_iters": a.w}),
    "pytorch_optimizer `REXScheduler`": _rex,
    "nanoGPT": _nano_gpt,
    "nanochat": _nanochat,
    "lr-scheduling `CosineSchedule`": _lr_scheduling_cosine,
    "lr-scheduling `WSDSchedule`": _lr_scheduling_wsd,
    "MultiPowerLaw `cosine_lrs`": _multi_power_law,
    'Noam, as in "Attention Is All You Need"': _noam,
}
FLOORS: dict[str, float] = {
    "torch `OneCycleLR`": 1 / 25 / 1e4,
    "transformers `get_wsd_schedule`": 0.0,
    "pytorch_optimizer `REXScheduler`": 0.0,
    'Noam, as in "Attention Is All You Need"': 0.0,
}
"""Floors that a row does not take from us."""


def _table() -> dict[str, list[str]]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]
    return {row[0]: row[1:] for row in rows}


ROWS = _table()


def _value(cell: str, a: Told) -> Any:
    assert cell.startswith("`") and cell.endswith("`"), cell
    return eval(cell.strip("`"), {"wb": wb}, vars(a))


def test_every_row_has_a_library_and_every_library_a_row() -> None:
    assert set(ROWS) == set(THEIRS)
    assert all(len(cells) == 4 for cells in ROWS.values())


@pytest.mark.parametrize(
    "told", [Told(3, 20, 5, 1.0, 0.1), Told(10, 64, 16, 3e-4, 0.25), Told(2, 9, 3, 7.0, 0)]
)
@pytest.mark.parametrize("library", THEIRS)
def test_the_row_is_what_the_library_does(library: str, told: Told) -> None:
    start, top, last, here = ROWS[library]
    theirs = THEIRS[library](told)
    tolerance = (2e-6 if library.startswith("optax") else 1e-12) * told.peak
    ours = _value(here, told)
    assert isinstance(ours, wb.Schedule) and len(ours) == len(theirs)
    np.testing.assert_allclose(ours.array(), theirs, rtol=0, atol=tolerance)
    assert theirs[0] == pytest.approx(_value(start, told), abs=tolerance)
    near_peak = np.flatnonzero(np.abs(theirs - told.peak) <= tolerance)
    assert near_peak[:1].tolist() == ([] if top == "none" else [_value(top, told)])
    floor = FLOORS.get(library, told.floor) * told.peak
    above = theirs[-1] - floor
    assert last in ("the floor", "one notch above", "the peak")
    assert abs(above) <= tolerance if last == "the floor" else above > tolerance
    assert (abs(theirs[-1] - told.peak) <= tolerance) == (last == "the peak")


def test_the_words_about_ours_are_true() -> None:
    ours = wb.schedules.linear(total=100, peak=1.0, warmup=0.1, floor=0.1)
    assert ours(0) == 0 and ours(10) == 1 and np.argmax(ours.array()) == 10
    assert ours(99) == pytest.approx(0.1 + 0.9 / 90) and ours(100) == ours(99)
    assert ours.phases[-1].landing == pytest.approx(0.1)
