"""Rates of schedules by someone else's code: torch, transformers, optax, and one closed form."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch.optim import lr_scheduler as lrs

Array = NDArray[np.float64]
Args = Mapping[str, Any]
SHAPES = (
    "linear",
    "cosine",
    "mirror_cosine",
    "square",
    "sqrt",
    "exp",
    "lowered_linear",
    "inverse_linear",
    "power",
    "half_life",
)


def _any(args: Args) -> Args:
    return args


@dataclass(frozen=True)
class Oracle:
    """Someone else's code: the rates of all updates, for the arguments that it can express.

    `within` moves any valid arguments to some that it can express.
    """

    rates: Callable[[Args], Array]
    within: Callable[[Args], Args] = _any


def steps(args: Args, name: str) -> int:
    """Whole steps of a share."""
    return round(args[name] * args["total"])


def sgd(peak: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)


def stepped(args: Args, make: Callable[..., lrs.LRScheduler], **options: Any) -> Array:
    """Rates of a torch scheduler, read before each update as a trainer does."""
    optimizer = sgd(args["peak"])
    scheduler = make(optimizer, **options)
    rates = []
    for t in range(args["total"]):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        if t + 1 < args["total"]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                scheduler.step()
    return np.array(rates)


def factors(args: Args, make: Callable[..., lrs.LambdaLR], **options: Any) -> Array:
    """Rates of a transformers schedule, from its factor."""
    factor = make(sgd(args["peak"]), **options).lr_lambdas[0]
    return args["peak"] * np.array([factor(t) for t in range(args["total"])], dtype=float)


def by_optax(args: Args, name: str, **options: Any) -> Array:
    import jax
    import optax

    schedule = getattr(optax, name)(**options)
    return np.asarray(jax.vmap(schedule)(np.arange(args["total"])), dtype=float)


def cold(args: Args) -> Args:
    """The same without a warmup."""
    return {**args, "warmup": 0.0}


def to_zero(args: Args) -> Args:
    return {**args, "floor": 0.0}


def warm(args: Args, most: int = 0) -> Args:
    """The same with a warmup of 2 steps at the least, and at least `most` steps after it."""
    total = args["total"] + 2 + most
    return {**args, "total": total, "warmup": min(steps(args, "warmup") + 2, total - most) / total}


def linear_torch(args: Args) -> Array:
    return stepped(args, lrs.LinearLR, start_factor=1.0, end_factor=args["floor"], total_iters=args["total"])


def polynomial_torch(args: Args, power: float = 1.0) -> Array:
    return stepped(args, lrs.PolynomialLR, total_iters=args["total"], power=power)


def linear_transformers(args: Args) -> Array:
    make = transformers.get_linear_schedule_with_warmup
    return factors(args, make, num_warmup_steps=steps(args, "warmup"), num_training_steps=args["total"])


def constant_torch(args: Args) -> Array:
    """LinearLR may not start at 0 itself, only near it."""
    rise = steps(args, "warmup")
    return stepped(args, lrs.LinearLR, start_factor=1e-15, end_factor=1.0, total_iters=rise)


def cosine_torch(args: Args) -> Array:
    return stepped(args, lrs.CosineAnnealingLR, T_max=args["total"], eta_min=args["floor"] * args["peak"])


def cosine_transformers(args: Args) -> Array:
    return factors(
        args,
        transformers.get_cosine_with_min_lr_schedule_with_warmup,
        num_warmup_steps=steps(args, "warmup"),
        num_training_steps=args["total"],
        min_lr_rate=args["floor"],
    )


_WSD_THERE = {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt"}


def wsd_there(args: Args) -> Args:
    # There the floor also lifts the warmup, which then starts at the floor: one of the two only.
    fall = max(1, steps(args, "decay"))
    rise = 0 if args["floor"] else min(steps(args, "warmup"), args["total"] - fall)
    shape = list(_WSD_THERE)[SHAPES.index(args["shape"]) % len(_WSD_THERE)]
    return {**args, "shape": shape, "warmup": rise / args["total"], "decay": fall / args["total"]}


def wsd_transformers(args: Args) -> Array:
    rise, fall = steps(args, "warmup"), steps(args, "decay")
    return factors(
        args,
        transformers.get_wsd_schedule,
        num_warmup_steps=rise,
        num_decay_steps=fall,
        num_stable_steps=args["total"] - rise - fall,
        warmup_type=_WSD_THERE[args["rise"]],
        decay_type=_WSD_THERE[args["shape"]],
        min_lr_ratio=args["floor"],
    )


def wsd_closed_form(args: Args) -> Array:
    """The table of cooldown shapes, written down again as functions of the rate."""
    total, peak, r = args["total"], args["peak"], args["floor"]
    rise, fall = steps(args, "warmup"), steps(args, "decay")

    def rate(t: int) -> float:
        if t < rise:
            u = t / rise
            return {"linear": u, "cosine": (1 - math.cos(math.pi * u)) / 2, "sqrt": 1 - math.sqrt(1 - u)}[
                args["rise"]
            ]
        x = (t - (total - fall)) / fall if fall else -1.0
        if x < 0:
            return 1.0
        cosine = (1 + math.cos(math.pi * x)) / 2
        affine = {
            "linear": 1 - x,
            "cosine": cosine,
            "mirror_cosine": 2 * (1 - x) - cosine,
            "square": 1 - x**2,
            "sqrt": 1 - math.sqrt(x),
            "lowered_linear": args["drop"] * (1 - x),
            "power": (1 - x) ** args["power"],
        }
        if args["shape"] == "exp":
            return r**x
        if args["shape"] == "half_life":
            return max(r, 0.5 ** (x / args["half_life"]))
        if args["shape"] == "inverse_linear":
            return 1 / (x / r + 1 - x)
        return r + (1 - r) * affine[args["shape"]]

    return peak * np.array([rate(t) for t in range(total)])


def one_cycle_torch(args: Args) -> Array:
    return stepped(
        args,
        lrs.OneCycleLR,
        max_lr=args["peak"],
        total_steps=args["total"],
        pct_start=args["warmup"],
        anneal_strategy={"cosine": "cos", "linear": "linear"}[args["shape"]],
        cycle_momentum=False,
        div_factor=args["div"],
        final_div_factor=args["final_div"],
        three_phase=args["phases"] == 3,
    )


def one_cycle_optax(args: Args) -> Array:
    """Optax reaches the peak at int(pct * transition_steps) and the end at transition_steps."""
    rise, last = steps(args, "warmup"), args["total"] - 1
    return by_optax(
        args,
        "cosine_onecycle_schedule",
        transition_steps=last,
        peak_value=args["peak"],
        pct_start=(rise - 0.5) / last,
        div_factor=args["div"],
        final_div_factor=args["final_div"],
    )
