"""``python -m benchmarks.saturation [FILE.png]``: what a lane costs as lanes and models grow.

Prints a markdown table of microseconds for one update of one lane, and draws it where a file is named.
A row ends where one more doubling would take longer than its share of the budget.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import torch

import workbench as wb
from workbench import train

LANES = tuple(2**k for k in range(9))
SECONDS = 2.0
"""Longest update that is still measured."""


def tasks() -> dict[str, Any]:
    """What is measured, by name: on a CPU only what trains there in seconds."""
    gpt = train.tasks.gpt
    found = {"bigram": train.tasks.bigram(measurements=1), "gpt 0.1M": gpt(measurements=1)}
    found |= {f"gpt {preset}": gpt(preset=preset, measurements=1) for preset in ("0.3M", "1M", "3M", "10M")}
    if torch.cuda.is_available():
        found["gpt 124M"] = gpt(preset="124M", context=1024, batch=8, measurements=1)
    return found


def microseconds(task: Any, lanes: int) -> float:
    """Of one update of one lane, all lanes in one batched model."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    schedules = [wb.hold(10**6, task.suggested_peak * (1 + i / lanes)) for i in range(lanes)]
    progress = train.events(task, schedules, device=device, at_once=lanes)
    done, begin = 0, None
    for event in progress:
        if event.lane != 0:
            continue
        # The first report is warm-up.
        if begin is None:
            begin, first = time.perf_counter(), event.step
        elif time.perf_counter() - begin > 0.5:
            done = event.step - first
            break
    spent = time.perf_counter() - (begin or 0.0)
    progress.close()
    return 1e6 * spent / done / lanes


def measured() -> dict[str, list[tuple[int, float]]]:
    """Microseconds by lanes, for each task."""
    found: dict[str, list[tuple[int, float]]] = {}
    for name, task in tasks().items():
        found[name] = []
        for lanes in LANES:
            cost = microseconds(task, lanes)
            found[name].append((lanes, cost))
            if 2 * lanes * cost > 1e6 * SECONDS:
                break
    return found


def draw(found: dict[str, list[tuple[int, float]]], file: str) -> None:
    """Curves of cost over lanes, both on logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, points in found.items():
        axes.loglog(*zip(*points, strict=True), marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(LANES, [str(lanes) for lanes in LANES])
    axes.set(xlabel="lanes in one batched model", ylabel="µs for an update of one lane")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    figure.savefig(file, dpi=120)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    found = measured()
    print(f"| µs per update and lane, {device} | " + " | ".join(map(str, LANES)) + " |")
    print("|---" * (len(LANES) + 1) + "|")
    for name, points in found.items():
        cells = [f"{cost:.0f}" for _, cost in points] + [""] * (len(LANES) - len(points))
        print(f"| {name} | " + " | ".join(cells) + " |")
    if arguments:
        draw(found, arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
