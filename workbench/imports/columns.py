"""Which columns of a log are the step and the rate, and their values as two arrays."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.imports.tables import Table
from workbench.params import MAX_STEPS, RATE

Array = NDArray[np.float64]

STEPS = (
    *("step", "global_step", "trainer/global_step", "train/global_step", "train_step", "steps"),
    *("iteration", "iterations", "iter", "iter_num", "it", "update", "updates", "num_updates", "t", "_step"),
)
"""Names of the step, the likeliest first; W&B's own _step counts log calls, so it comes last."""

RATES = (
    *("lr", "learning_rate", "rate", "learning rate", "learning-rate", "learningrate", "train/learning_rate"),
    *(
        "train/lr",
        "train_lr",
        "train/learning-rate",
        "optim/lr",
        "optimizer/lr",
        "lr_0",
        "lr/group0",
        "lr-adamw",
    ),
)
"""Names of the rate, the likeliest first."""


class Logged(NamedTuple):
    """Steps and rates of a log, and sentences on where they were found."""

    steps: Array
    rates: Array
    notes: tuple[str, ...]


def logged(table: Table, name: str, step: str | None, rate: str | None) -> Logged:
    """Steps (n,), increasing, and rates (n,) of a table.

    Rows without a rate are skipped. Where the step goes back to one that was logged before, the run was
    resumed there, and the rows from there on are replaced.

    Raises
    ------
    ValueError
        Naming the file and the line: no such column, no row with a rate, a value that is not a number,
        not finite or negative, a step that goes back to one never logged.
    """
    names = list(dict.fromkeys(key for _, row in table.rows for key in row))
    rate_name = _column(names, rate, RATES, "rate", name)
    if rate_name is None:
        raise ValueError(
            f"{name} needs a column with the rate, such as lr; got {short(names)}: name it with rate="
        )
    step_name = _column(names, step, STEPS, "step", name)
    steps: list[int] = []
    rates: list[float] = []
    replaced = skipped = 0
    for line, row in table.rows:
        value = row.get(rate_name)
        if value is None or (isinstance(value, str) and not value.strip()):
            skipped += 1
            continue
        where = f"{name} line {line}"
        one = _value(value, f"{where}: {rate_name}", RATE.low, RATE.high)
        at = len(steps) if step_name is None else _step(row.get(step_name), f"{where}: {step_name}")
        while steps and at <= steps[-1]:
            if at < steps[-1] and not _among(steps, at):
                raise ValueError(
                    f"{where}: {step_name} must increase, or go back to a step that was logged; "
                    f"got {at} after {steps[-1]}"
                )
            steps.pop()
            rates.pop()
            replaced += 1
        steps.append(at)
        rates.append(one)
    if not steps:
        raise ValueError(f"{name} has no row with a number in {rate_name!r}")
    if step_name is None:
        notes = [f"rate from {rate_name!r}, rows counted as steps from 0"]
    else:
        notes = [f"step from {step_name!r}, rate from {rate_name!r}"]
    if replaced:
        notes.append(f"{_rows(replaced)} replaced by later ones of the same steps")
    if skipped:
        notes.append(f"{_rows(skipped)} without a rate skipped")
    return Logged(np.array(steps, dtype=float), np.array(rates), tuple(notes))


def _rows(n: int) -> str:
    return f"{n} row{'s' if n > 1 else ''}"


def _among(steps: list[int], at: int) -> bool:
    """Whether the increasing `steps` hold `at`."""
    k = int(np.searchsorted(np.array(steps), at))
    return k < len(steps) and steps[k] == at


def _column(names: list[str], given: str | None, usual: tuple[str, ...], what: str, file: str) -> str | None:
    if given is not None:
        if given not in names:
            raise ValueError(f"{what} must be a column of {file}, one of {short(names)}; got {short(given)}")
        return given
    plain = {name.strip().lower(): name for name in reversed(names)}
    for name in usual:
        if name in plain:
            return plain[name]
    # A logger's own prefix: "metrics/lr", "train.learning_rate", "lr-AdamW/pg1".
    short_usual = set(usual) - {"t", "it"}
    for name in names:
        parts = name.strip().lower().replace(".", "/").split("/")
        if parts[-1] in short_usual or (what == "rate" and parts[0].startswith("lr-")):
            return name
    return None


def _value(value: Any, what: str, low: float, high: float) -> float:
    try:
        out = float("bool") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} must be a number; got {short(value)}") from None
    if not (math.isfinite(out) and low <= out <= high):
        raise ValueError(f"{what} must be at least {low:g} and at most {high:g}; got {short(value)}")
    return out


def _step(value: Any, what: str) -> int:
    out = _value(value, what, -1, MAX_STEPS)
    if not out.is_integer():
        raise ValueError(f"{what} must be a whole number; got {short(value)}")
    return int(out)
