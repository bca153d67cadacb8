"""A schedule from the arguments of a transformers Trainer, by transformers' own code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from workbench.files import short
from workbench.imports.reduced import Reduced, reduce
from workbench.imports.torch_scheduler import followed
from workbench.params import RATE, STEPS, Param, known, number

_DEFAULTS = {
    "lr_scheduler_type": "linear",
    "learning_rate": 5e-5,
    "warmup_steps": 0,
    "warmup_ratio": 0.0,
    "max_steps": -1,
    "lr_scheduler_kwargs": None,
}
"""What a Trainer takes where nothing is said."""

_LOSS = ("reduce_lr_on_plateau", "greedy")


def from_transformers(args: Any, total: int | None = None, *, tolerance: float | None = None) -> Reduced:
    """Find the phases of the schedule that a transformers Trainer makes of its arguments.

    ``rate(t) = learning_rate * f(t)``, with f by ``transformers.get_scheduler``.

    Parameters
    ----------
    args : transformers.TrainingArguments or mapping
        Or a mapping with some of ``lr_scheduler_type``, ``learning_rate``, ``warmup_steps`` (below 1 a
        share, as in transformers 5), ``warmup_ratio``, ``max_steps``, ``lr_scheduler_kwargs``; other
        training arguments are passed over.
    total : int, optional
        Updates in the whole run, needed where ``max_steps`` is not set.
    tolerance : float, optional
        As in `reduce`.

    Returns
    -------
    Reduced

    Raises
    ------
    ValueError
        For unknown names, values that transformers refuses, schedules that look at the loss, or no
        number of updates.

    Notes
    -----
    ``max_steps`` counts updates, not batches. With ``num_train_epochs`` the Trainer learns the number
    from its data; give it as `total` then.
    """
    try:
        import torch
        import transformers
    except ImportError:
        raise ValueError(
            "from_transformers needs transformers and PyTorch: pip install transformers torch"
        ) from None
    given = _given(args, transformers)
    kind = given["lr_scheduler_type"]
    kind = str(getattr(kind, "value", kind))
    if kind in _LOSS:
        raise ValueError(
            f"lr_scheduler_type {kind!r} looks at the loss, so its rates are not known before a training"
        )
    peak = number("learning_rate", given["learning_rate"], RATE)
    steps = _total(given["max_steps"], total)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    try:
        scheduler = transformers.get_scheduler(
            kind,
            optimizer,
            num_warmup_steps=_warmup(given, steps),
            num_training_steps=steps,
            scheduler_specific_kwargs=dict(given["lr_scheduler_kwargs"] or {}),
        )
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"transformers makes no schedule of {short(given)}: {reason}") from error
    return reduce(followed(scheduler, optimizer, steps)[:, 0], tolerance=tolerance)


def _given(args: Any, transformers: Any) -> dict[str, Any]:
    if isinstance(args, Mapping):
        names = [field.name for field in dataclasses.fields(transformers.TrainingArguments)]
        known(list(dict.fromkeys([*_DEFAULTS, *names])), list(args), "the training arguments")
        return {key: args.get(key, default) for key, default in _DEFAULTS.items()}
    if not isinstance(args, transformers.TrainingArguments):
        raise ValueError(f"args must be TrainingArguments or a mapping of their names; got {short(args)}")
    return {key: getattr(args, key, default) for key, default in _DEFAULTS.items()}


def _total(most: Any, given: int | None) -> int:
    if given is not None:
        return int(number("total", given, STEPS, integer=True))
    if most is None or most == -1:
        raise ValueError("total is needed, the number of updates, because max_steps is not set")
    return int(number("max_steps", most, STEPS, integer=True))


def _warmup(given: Mapping[str, Any], total: int) -> int:
    """Updates of the warmup; steps come before the share, as in the Trainer."""
    steps = number("warmup_steps", given["warmup_steps"] or 0, Param(0, STEPS.high, help="warmup"))
    if steps >= 1:
        return int(steps)
    share = steps or number("warmup_ratio", given["warmup_ratio"] or 0, Param(0, 1, help="warmup"))
    return math.ceil(total * share)
