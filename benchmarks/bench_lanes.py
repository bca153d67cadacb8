"""What lanes and forks save: lanes of one batched model against the same lanes one at a time.

On CUDA where there is one, else on the CPU; the targets of the two differ. All runs are of one process
and take turns.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch

import workbench as wb
from benchmarks.rows import Row, at_least, at_most
from workbench import train

REPEATS = 3


def rows() -> list[Row]:
    """Throughput of lanes over lanes in turn, and the time of a forked tree over separate runs."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cuda = device == "cuda"
    gpt = train.tasks.gpt
    cases: list[tuple[str, Any, int, int, float]] = [
        ("bigram", train.tasks.bigram(measurements=1), 16, 400, 10.0 if cuda else 4.0),
        ("gpt 0.1M", gpt(measurements=1), 16, 60 if cuda else 6, 10.0 if cuda else 1.0),
    ]
    if cuda:
        cases += [
            ("gpt 1M", gpt(preset="1M", measurements=1), 8, 60, 4.0),
            ("gpt 10M", gpt(preset="10M", context=256, measurements=1), 8, 40, 2.0),
        ]
    out = []
    for name, task, lanes, updates, target in cases:
        schedules = [wb.hold(updates, task.suggested_peak * (0.5 + i / lanes)) for i in range(lanes)]
        together, apart = turns(
            [
                lambda s=schedules, t=task: spent(t, s, device),
                lambda s=schedules, t=task: in_turn(t, s, device),
            ]
        )
        speed = lanes * updates / together
        out.append(Row(f"{name}, {lanes} lanes, {device}", speed, "updates/s"))
        out.append(
            at_least(f"{name}: throughput of {lanes} lanes over in turn", apart / together, target, "times")
        )
    return out + cooldowns(device, 200 if cuda else 60)


def cooldowns(device: str, updates: int) -> list[Row]:
    """Eight cooldowns of one trunk, forked and apart."""
    task = train.tasks.gpt(measurements=1)
    eight = [
        wb.schedules.wsd(updates, 5e-3, warmup=0.05, decay=0.2, shape=shape, floor=floor)
        for shape in ("linear", "cosine", "sqrt", "square")
        for floor in (0.0, 0.1)
    ]
    forked, apart = turns([lambda: spent(task, eight, device), lambda: in_turn(task, eight, device)])
    name = f"gpt 0.1M, eight cooldowns of one trunk, {device}: time over that of separate runs"
    return [at_most(name, forked / apart, 0.35, "times")]


def spent(task: Any, schedules: Sequence[wb.Schedule], device: str, **options: Any) -> float:
    """Seconds of a training, from its first event on."""
    progress = train.events(task, schedules, device=device, **options)
    begin = time.perf_counter()
    for _ in progress:
        pass
    return time.perf_counter() - begin


def in_turn(task: Any, schedules: Sequence[wb.Schedule], device: str) -> float:
    """Seconds of as many trainings of one lane."""
    return sum(spent(task, [schedule], device) for schedule in schedules)


def turns(calls: Sequence[Any]) -> list[float]:
    """Median of each call, after one that warms it up."""
    for call in calls:
        call()
    taken = [[call() for call in calls] for _ in range(REPEATS)]
    return [median(each) for each in zip(*taken, strict=True)]
