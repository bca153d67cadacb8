"""optax: a schedule that JAX can trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench import files
from workbench.export import float32
from workbench.export.exporter import Exporter
from workbench.export.source import head
from workbench.schedule import Schedule


def optax(schedule: Schedule) -> Callable[[Any], Any]:
    """The schedule as an optax one: a function of the count, 0 at the first update, that works inside jit.

    Parameters
    ----------
    schedule : Schedule
        Any.

    Returns
    -------
    callable
        Whole counts of any shape to float32 rates of the same shape. No array of the steps is held:
        phases are formulas in whole numbers, so that a million steps cost no accuracy.

    Raises
    ------
    ValueError
        For what is not a schedule.
    ImportError
        Without JAX.

    Notes
    -----
    Hand it to any optimizer of optax as ``learning_rate``. optax counts as we do: the first update
    has count 0.
    """
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule; got {files.short(schedule)}")
    try:
        from jax import numpy as jnp
    except ImportError:
        raise ImportError("export to optax needs JAX: pip install optax") from None
    return float32.function(schedule, jnp)


def _code(schedule: Schedule) -> str:
    return (
        "import optax\n"
        + head(schedule)
        + "learning_rate = wb.export.optax(schedule)  # count -> float32 rate, works inside jit\n"
        + "optimizer = optax.adamw(learning_rate)\n"
    )


EXPORTER = Exporter("optax", "optax schedule", ".py", "optax", _code)
