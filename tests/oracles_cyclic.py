"""Rates of schedules with cycles by someone else's code, or written down again."""

from __future__ import annotations

import numpy as np
import pytorch_optimizer
import torch
import transformers
from oracles import Args, Array, by_optax, factors, stepped, steps, warm
from oracles_budgets import half, line
from torch.optim import lr_scheduler as lrs


def first_cycle(args: Args) -> int:
    """Updates of the first fall of SGDR, whose growth is whole."""
    warmups = steps(args, "warmup") + (args["cycles"] - 1) * steps(args, "rewarm")
    return (args["total"] - warmups) // sum(round(args["growth"]) ** i for i in range(args["cycles"]))


def fall_only(args: Args) -> Args:
    """SGDR's cycles without any warmup."""
    n = sum(round(args["growth"]) ** i for i in range(args["cycles"]))
    return {**args, "total": first_cycle(args) * n, "warmup": 0.0, "rewarm": 0.0}


def sgdr_torch(args: Args) -> Array:
    return stepped(
        args,
        lrs.CosineAnnealingWarmRestarts,
        T_0=first_cycle(args),
        T_mult=round(args["growth"]),
        eta_min=args["floor"] * args["peak"],
    )


def equal_cycles(args: Args) -> Args:
    rise, total = steps(args, "warmup"), steps(args, "warmup") + args["cycles"] * first_cycle(args)
    more = {"growth": 1.0, "gamma": 1.0, "floor": 0.0, "rewarm": 0.0, "start": 0.0}
    return {**args, **more, "total": total, "warmup": rise / total}


def sgdr_transformers(args: Args) -> Array:
    return factors(
        args,
        transformers.get_cosine_with_hard_restarts_schedule_with_warmup,
        num_warmup_steps=steps(args, "warmup"),
        num_training_steps=args["total"],
        num_cycles=args["cycles"],
    )


def warm_cycles(args: Args) -> Args:
    """The same warmup, of one update at least, before every cycle, and a floor below every peak."""
    bare = fall_only(args)
    rise = steps(args, "warmup") + 1
    total = bare["total"] + args["cycles"] * rise
    floor = args["floor"] * args["gamma"] ** (args["cycles"] - 1)
    return {
        **args,
        "total": total,
        "warmup": rise / total,
        "rewarm": rise / total,
        "floor": floor,
        "start": floor,
    }


def sgdr_pytorch_optimizer(args: Args) -> Array:
    rise = steps(args, "warmup")
    return stepped(
        args,
        pytorch_optimizer.CosineAnnealingWarmupRestarts,
        first_cycle_steps=rise + first_cycle(args),
        cycle_mult=args["growth"],
        max_lr=args["peak"],
        min_lr=args["floor"] * args["peak"],
        warmup_steps=rise,
        gamma=args["gamma"],
    )


def optax_cycles(args: Args) -> Args:
    rise = steps(args, "warmup")
    total = 3 * rise + 7 * ((args["total"] - rise) // 10)
    more = {"cycles": 3, "growth": 2.0, "gamma": 0.8, "floor": 0.1, "start": 0.1}
    return {**args, **more, "total": total, "warmup": rise / total, "rewarm": rise / total}


def sgdr_optax(args: Args) -> Array:
    rise, fall = steps(args, "warmup"), first_cycle(args)
    cycles = [
        {
            "init_value": args["floor"] * args["peak"],
            "peak_value": args["peak"] * args["gamma"] ** i,
            "warmup_steps": rise,
            "decay_steps": rise + fall * 2**i,
            "end_value": args["floor"] * args["peak"],
        }
        for i in range(args["cycles"])
    ]
    return by_optax(args, "sgdr_schedule", cosine_kwargs=cycles)


def multiplicative(args: Args) -> Array:
    """Cycles that end at ``T_0 (m**(i + 1) - 1) / (m - 1)``, each a rise and a fall."""
    m, peak = round(args["growth"]), args["peak"]
    low, first = args["floor"] * peak, args["total"] // sum(m**i for i in range(args["cycles"]))
    out = []
    for i in range(args["cycles"]):
        rise = round(args["warmup"] * first * m**i)
        fall = first * m**i - rise
        out += [
            line(low, peak, rise),
            half(peak, low, fall) if args["shape"] == "cosine" else line(peak, low, fall),
        ]
    return np.concatenate(out)


def multiplicative_torch(args: Args) -> Array:
    return sgdr_torch({**args, "rewarm": 0.0})


def clr_torch(args: Args) -> Array:
    return stepped(
        args,
        lrs.CyclicLR,
        base_lr=args["base"] * args["peak"],
        max_lr=args["peak"],
        step_size_up=args["total"] // (2 * args["cycles"]),
        mode=args["mode"],
        gamma=args["height"] ** (1 / args["total"]),
        cycle_momentum=False,
    )


def range_numpy(args: Args) -> Array:
    space = np.geomspace if args["shape"] == "geometric" else np.linspace
    return space(args["start"] * args["peak"], args["peak"], args["total"])


def range_torch(args: Args) -> Array:
    """A straight range test is the first half wave of CLR."""
    low = args["start"] * args["peak"]
    options = {"step_size_up": args["total"] - 1, "cycle_momentum": False}
    return stepped(args, lrs.CyclicLR, base_lr=low, max_lr=args["peak"], **options)


def in_cycle(args: Args) -> Args:
    """Arguments of one cycle that torch has: every phase of two updates at least."""
    args = warm(args, 3)
    rise = steps(args, "warmup")
    total = max(args["total"], 2 * rise + 2) if args["phases"] == 3 else args["total"]
    return {**args, "total": total, "warmup": rise / total}


def momentum_torch(args: Args) -> Array:
    """What torch's one cycle does to the momentum of the optimizer."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    scheduler = lrs.OneCycleLR(
        optimizer,
        max_lr=1.0,
        total_steps=args["total"],
        pct_start=args["warmup"],
        anneal_strategy={"cosine": "cos", "linear": "linear"}[args["shape"]],
        base_momentum=args["low"],
        max_momentum=args["high"],
        three_phase=args["phases"] == 3,
    )
    out = []
    for t in range(args["total"]):
        out.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if t + 1 < args["total"]:
            scheduler.step()
    return np.array(out)


def three_linear(args: Args) -> Args:
    return in_cycle({**args, "phases": 3, "shape": "linear"})


def linear_one_cycle_optax(args: Args) -> Array:
    """Optax turns at int(pct * transition_steps)."""
    up, last = steps(args, "warmup") - 1, args["total"] - 1
    return by_optax(
        args,
        "linear_onecycle_schedule",
        transition_steps=last,
        peak_value=args["peak"],
        pct_start=(up + 0.5) / last,
        pct_final=(2 * up + 0.5) / last,
        div_factor=args["div"],
        final_div_factor=args["final_div"],
    )
