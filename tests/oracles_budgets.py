"""Rates of warmups, cooldowns, budgets and continuations by someone else's code, or written down again."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytorch_optimizer
import transformers
from oracles import Args, Array, by_optax, factors, stepped, steps, wsd_closed_form
from torch.optim import lr_scheduler as lrs

RISES = {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt"}


def rise_transformers(args: Args, fall: str = "linear") -> Array:
    """A warmup of any curve, then all the rest by one decay, or none for a constant."""
    rise = steps(args, "warmup")
    left = args["total"] - rise
    return factors(
        args,
        transformers.get_wsd_schedule,
        num_warmup_steps=rise,
        num_decay_steps=left if fall else 0,
        num_stable_steps=0 if fall else left,
        warmup_type=RISES[args["rise"]],
        decay_type=fall or "linear",
        min_lr_ratio=args.get("start", 0.0),
    )


def by_pytorch_optimizer(args: Args, floor: float = 0.0) -> Array:
    """Its cooldowns; with any but the cosine one they are right for a floor of 0 alone."""
    rise, fall = steps(args, "warmup"), steps(args, "decay")
    names = {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt", "square": "1-square"}
    return factors(
        args,
        pytorch_optimizer.get_wsd_schedule,
        num_warmup_steps=rise,
        num_decay_steps=fall,
        num_stable_steps=args["total"] - rise - fall,
        cooldown_type=names[args["shape"]],
        min_lr_ratio=floor,
    )


def line(start: float, end: float, n: int) -> Array:
    """n updates of a straight line."""
    return start + (end - start) * np.arange(n) / max(n, 1)


def half(peak: float, end: float, n: int, meant: float = 0) -> Array:
    """The first n updates of torch's cosine from `peak` to `end`, meant to last `meant` (n)."""
    if n == 0:
        return np.array([])
    return stepped({"peak": peak, "total": n}, lrs.CosineAnnealingLR, T_max=meant or n, eta_min=end)


def stops(args: Args) -> list[int]:
    """The budgets in updates."""
    return [round(share * args["total"]) for share in args["budgets"]]


def wsd_s_closed_form(args: Args) -> Array:
    """Every segment is the end of a WSD of its own."""
    out, begun, rise = [], 0, steps(args, "warmup")
    for stop in stops(args):
        whole = stop if args["counted"] == "total" else stop - begun
        start = rise if begun == 0 else begun
        fall = min(round(args["decay"] * whole), stop - start)
        segment = {**args, "total": stop - start, "warmup": 0.0, "decay": fall / max(stop - start, 1)}
        out += [wsd_closed_form(segment)] if stop > start else []
        begun = stop
    return np.concatenate([line(0, args["peak"], rise), *out])


def cyclic_cosine_torch(args: Args) -> Array:
    rise, peak = steps(args, "warmup"), args["peak"]
    edges = [rise, *stops(args)]
    return np.concatenate(
        [line(0, peak, rise), *(half(peak, args["floor"] * peak, b - a) for a, b in pairwise(edges))]
    )


def cyclic_cosine_optax(args: Args) -> Array:
    rise, begun, cycles = steps(args, "warmup"), 0, []
    for stop in stops(args):
        cycles.append(
            {
                "init_value": 0.0,
                "peak_value": args["peak"],
                "warmup_steps": 0 if begun else rise,
                "decay_steps": stop - begun,
                "end_value": args["floor"] * args["peak"],
            }
        )
        begun = stop
    return by_optax(args, "sgdr_schedule", cosine_kwargs=cycles)


def wsdc_there(args: Args) -> Args:
    shape = {"linear": "linear", "cosine": "cosine"}.get(args["shape"], "sqrt")
    fall = max(1, steps(args, "decay"))
    rise = 0 if args["floor"] else min(steps(args, "warmup"), args["total"] - fall)
    held = min(steps(args, "hold"), args["total"] - fall - rise)
    total = args["total"]
    return {**args, "shape": shape, "warmup": rise / total, "decay": fall / total, "hold": held / total}


def wsdc_transformers(args: Args) -> Array:
    """Its WSD, run beyond its end."""
    rise, fall, held = (steps(args, name) for name in ("warmup", "decay", "hold"))
    return factors(
        args,
        transformers.get_wsd_schedule,
        num_warmup_steps=rise,
        num_decay_steps=fall,
        num_stable_steps=args["total"] - rise - fall - held,
        decay_type=RISES[args["shape"]],
        min_lr_ratio=args["floor"],
    )


def infinite_closed_form(args: Args) -> Array:
    total, peak, level, floor = (args[name] for name in ("total", "peak", "level", "floor"))
    rise, fall, last = (steps(args, name) for name in ("warmup", "cooldown", "anneal"))

    def h(u: float) -> float:
        return 1 / math.sqrt(1 + args["alpha"] * u) - 1

    def rate(t: int) -> float:
        if t < rise:
            return t / rise
        if t < rise + fall:
            u = (t - rise) / fall
            if args["shape"] == "cosine":
                return level + (1 - level) * (1 + math.cos(math.pi * u)) / 2
            return 1 + (level - 1) / h(1) * h(u)
        x = max(0.0, (t - (total - last)) / last) if last else 0.0
        return level * (floor / level) ** x

    return peak * np.array([rate(t) for t in range(total)])


def rewarm_torch(args: Args) -> Array:
    rise, peak = steps(args, "warmup"), args["peak"]
    up = line(args["start"] * peak, peak, rise)
    return np.concatenate([up, half(peak, args["floor"] * peak, args["total"] - rise)])


def warm_start_optax(args: Args) -> Array:
    """Its warmup and cosine, which stays at the end it has come to."""
    held = steps(args, "hold") if "hold" in args else 0
    return by_optax(
        args,
        "warmup_cosine_decay_schedule",
        init_value=args["start"] * args["peak"],
        peak_value=args["peak"],
        warmup_steps=steps(args, "warmup"),
        decay_steps=args["total"] - held,
        end_value=args["floor"] * args["peak"],
    )


def truncated_torch(args: Args) -> Array:
    rise, last, peak = steps(args, "warmup"), steps(args, "decay"), args["peak"]
    n, meant = args["total"] - rise - last, args["horizon"] * args["total"] - rise
    # One update more shows where the cosine is cut.
    cosine = half(peak, args["floor"] * peak, n + 1, meant) if n else np.array([peak])
    return np.concatenate([line(0, peak, rise), cosine[:n], line(cosine[-1], 0, last)])


def cosine_constant_torch(args: Args) -> Array:
    rise, held, peak = steps(args, "warmup"), steps(args, "hold"), args["peak"]
    low = args["floor"] * peak
    cosine = half(peak, low, args["total"] - rise - held)
    return np.concatenate([line(args["start"] * peak, peak, rise), cosine, np.full(held, low)])


def cosine_at_end(args: Args) -> float:
    """Rate after the last update of a truncated cosine without an end of its own."""
    rise = steps(args, "warmup")
    if rise == args["total"]:
        return args["peak"]
    x = (args["total"] - rise) / (args["horizon"] * args["total"] - rise)
    return args["peak"] * (args["floor"] + (1 - args["floor"]) * (1 + math.cos(math.pi * x)) / 2)
