"""What a training says of itself: amounts, times and states as people write them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

_ORDER = ("running", "waiting", "paused", "finished", "stopped", "diverged", "failed", "replaced")


def amount(value: float) -> str:
    """A speed or a count in three digits: 0.52, 34, 12,300."""
    if value >= 1000:
        digits = 2 - int(math.floor(math.log10(value)))
        return f"{round(value, digits):,.0f}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """A time as 18 s, 3 min 20 s, 2 h 5 min."""
    whole = int(math.ceil(max(seconds, 0)))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def memory(count: float) -> str:
    """Bytes as MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def lanes(count: int) -> str:
    """1 lane, 3 lanes."""
    return f"{count} lane{'s' * (count != 1)}"


def tally(branches: Iterable[Any]) -> str:
    """How many lanes are in which state: 2 running, 1 finished."""
    counts = Counter(branch.status for branch in branches)
    known = [status for status in _ORDER if counts[status]]
    return ", ".join(f"{counts[status]} {status}" for status in known)


def going(progress: Any) -> str:
    """Progress in one line: updates, speed, time left, memory."""
    parts = [f"update {progress.done:,} of {progress.total:,}"]
    if progress.updates_per_second:
        parts.append(f"{amount(progress.updates_per_second)} updates/s")
    if progress.tokens_per_second:
        parts.append(f"{amount(progress.tokens_per_second)} tokens/s")
    if progress.seconds_left is not None and math.isfinite(progress.seconds_left):
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.memory:
        parts.append(memory(progress.memory))
    return " · ".join(parts)
