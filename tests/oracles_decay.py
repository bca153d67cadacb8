"""Rates of decays, steps and free schedules by someone else's code, or by their papers' formulas."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytorch_optimizer
import torch
import transformers
from oracles import Args, Array, factors, stepped, steps
from torch.optim import lr_scheduler as lrs


def loop(args: Args, rate: Callable[[int], float]) -> Array:
    return np.array([rate(t) for t in range(args["total"])])


def falling(args: Args, profile: Callable[[float], float]) -> Array:
    """A linear warmup, then ``floor + (1 - floor) * profile(x)`` of the peak."""
    rise, total, floor = steps(args, "warmup"), args["total"], args["floor"]

    def rate(t: int) -> float:
        if t < rise:
            return args["peak"] * t / rise
        return args["peak"] * (floor + (1 - floor) * profile((t - rise) / (total - rise)))

    return loop(args, rate)


def rex_theirs(args: Args) -> Array:
    """REXScheduler, by what it calls its rate: its first one is not in the optimizer."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=args["peak"])
    low = args["floor"] * args["peak"]
    scheduler = pytorch_optimizer.REXScheduler(optimizer, args["total"], max_lr=args["peak"], min_lr=low)
    rates = [scheduler.get_lr()]
    while len(rates) < args["total"]:
        rates.append(scheduler.step())
    return np.array(rates)


def rex_profile(args: Args) -> Array:
    d = args["d"]
    return falling(args, lambda x: (1 - x) / ((1 - d) + d * (1 - x)))


def uba_formula(args: Args) -> Array:
    phi = args["phi"]

    def profile(x: float) -> float:
        c = 1 + math.cos(math.pi * x)
        return 2 * c / (2 * phi + (2 - phi) * c)

    return falling(args, profile)


def cosine_power_formula(args: Args) -> Array:
    p = args["p"]
    return falling(args, lambda x: (p ** ((1 + math.cos(math.pi * x)) / 2) - 1) / (p - 1))


def damped_cosine_formula(args: Args) -> Array:
    k, damping = 2 * args["waves"] + 1, args["damping"]
    return falling(args, lambda x: 0.5 * (1 + math.cos(math.pi * k * x)) * math.exp(-damping * x))


def modernbert(args: Args) -> Array:
    """The rule of CosineInverseSqrtScheduler with its gamma and delta."""
    rise, first, last = (steps(args, name) for name in ("warmup", "cosine", "cooldown"))
    total, f = args["total"], args["floor"]
    delta = first * (1 + f - math.pi * (1 - f)) / (math.pi * (1 - f)) if f < 1 else 0.0
    gamma = (1 + f) / 2 * math.sqrt(first + delta)

    def middle(s: int) -> float:
        if s <= first or f == 1:
            return f + (1 - f) * (1 + math.cos(math.pi * 0.5 * s / first)) / 2
        return gamma / math.sqrt(s + delta)

    def factor(t: int) -> float:
        if t < rise:
            return t / rise
        if t >= total - last:
            top = middle(total - last - rise)
            return top + (f - top) * (t - (total - last)) / last
        return middle(t - rise)

    return args["peak"] * loop(args, factor)


def noam_formula(args: Args) -> Array:
    w, width = steps(args, "warmup"), args["d_model"]
    return loop(
        args,
        lambda t: args["scale"] * width**-0.5 * min((t + 1) ** -0.5, (t + 1) * w**-1.5),
    )


def inverse_sqrt_transformers(args: Args) -> Array:
    rise = steps(args, "warmup")
    unit = args["timescale"] * rise
    return factors(args, transformers.get_inverse_sqrt_schedule, num_warmup_steps=rise, timescale=unit)


def inverse_sqrt_lingua(args: Args) -> Array:
    rise, p = steps(args, "warmup"), args["p"]
    return args["peak"] * loop(args, lambda t: t / rise if t < rise else max(rise**p / t**p, args["floor"]))


def slow_start_formula(args: Args) -> Array:
    rise, start, left = steps(args, "warmup"), args["start"], args["total"] - steps(args, "warmup")
    return args["peak"] * loop(
        args,
        lambda t: start + (1 - start) * t / rise if t < rise else args["floor"] ** ((t - rise) / left),
    )


def polynomial_torch(args: Args) -> Array:
    return stepped(args, lrs.PolynomialLR, total_iters=args["total"], power=args["power"])


def polynomial_transformers(args: Args) -> Array:
    return factors(
        args,
        transformers.get_polynomial_decay_schedule_with_warmup,
        num_warmup_steps=steps(args, "warmup"),
        num_training_steps=args["total"],
        lr_end=args["floor"] * args["peak"],
        power=args["power"],
    )


def exponential_torch(args: Args) -> Array:
    return stepped(args, lrs.ExponentialLR, gamma=args["floor"] ** (1 / args["total"]))


def step_torch(args: Args) -> Array:
    return stepped(args, lrs.StepLR, step_size=args["total"] // (args["drops"] + 1), gamma=args["gamma"])


def milestones_torch(args: Args, shares: Any, gamma: float) -> Array:
    at = [round(share * args["total"]) for share in shares]
    return stepped(args, lrs.MultiStepLR, milestones=at, gamma=gamma)


def milestones_formula(args: Args, shares: Any, drops: Any) -> Array:
    """The product of a warmup and of all drops so far."""
    rise = steps(args, "warmup")

    def rate(t: int) -> float:
        gone = [drop for share, drop in zip(shares, drops, strict=True) if round(share * args["total"]) <= t]
        return args["peak"] * math.prod(gone) * (min(1.0, t / rise) if rise else 1.0)

    return loop(args, rate)


def power_law(args: Args, t: int) -> float:
    tokens = t * args["batch"] * args["sequence"]
    amplitude = args["a"] * args["batch"] * args["sequence"] / 4096
    return min(args["peak"], amplitude * tokens ** args["b"]) if tokens else args["peak"]


def power_formula(args: Args) -> Array:
    """The three lines of the paper, with the exponential of dolomite-engine at the end."""
    rise, fall, total = steps(args, "warmup"), steps(args, "decay"), args["total"]
    end = power_law(args, total - fall)
    r = args["floor"] * args["peak"] / end
    a, b = (1 - r) * math.e / (math.e - 1), (r * math.e - 1) / (math.e - 1)

    def rate(t: int) -> float:
        if t < rise:
            return t / rise * power_law(args, rise)
        if t < total - fall:
            return power_law(args, t)
        return end * (a * math.exp(-(t - (total - fall)) / fall) + b)

    return loop(args, rate)


def power_dolomite(args: Args) -> Array:
    """Its PowerScheduler: a is the paper's times the batch, c the tokens of a step; there is no decay."""
    rise, peak, b = steps(args, "warmup"), args["peak"], args["b"]
    a, c = args["a"] * args["batch"], args["batch"] * args["sequence"]
    top = min(1, a / peak * (rise * c) ** b)
    return peak * loop(args, lambda t: top / rise * t if t <= rise else min(1, a / peak * (t * c) ** b))


def refined_formula(args: Args) -> Array:
    """The median filter and the sums, one after the other."""
    norms, total = list(args["norms"]), args["total"]
    n, half = len(norms), int(args["smoothing"] * len(norms) / 2)
    edged = [norms[0]] * half + norms + [norms[-1]] * half
    smooth = [statistics.median(edged[i : i + 2 * half + 1]) for i in range(n)]

    def norm(t: int) -> float:
        place = min(max((t + 0.5) * n / total - 0.5, 0.0), n - 1.0)
        below = min(int(place), n - 2) if n > 1 else 0
        return smooth[below] + (place - below) * (smooth[min(below + 1, n - 1)] - smooth[below])

    weight = [norm(t) ** (-2 if args["kind"] == "sgd" else -1) for t in range(total)]
    rates = np.array([weight[t] * math.fsum(weight[t + 1 :]) for t in range(total)])
    return args["peak"] * rates / rates.max()


def layer_token_pace(args: Args) -> list[float]:
    """Layer-tokens of each step: DeepSpeed's rule with the length in whole increments."""
    growing = steps(args, "grow")
    out = []
    for t in range(args["total"]):
        level = args["stages"] if t >= growing else (t * args["stages"]) // growing
        length = args["kept"] + (1 - args["kept"]) * level / args["stages"]
        out.append(args["layers"] * length + (1 - args["layers"]))
    return out


def layer_token_clock(args: Args) -> tuple[list[float], int]:
    """The share of all layer-tokens before each step, and the step nearest to the end of the warmup."""
    pace = layer_token_pace(args)
    z = [math.fsum(pace[:t]) / math.fsum(pace) for t in range(args["total"])] + [1.0]
    after = next((t for t, each in enumerate(z) if each > args["warmup"]), args["total"])
    before = max(after - 1, 0)
    part = (args["warmup"] - z[before]) / (z[after] - z[before]) if after > before else 0.0
    return z, int(before + part + 0.5)


def layer_token_loop(args: Args) -> Array:
    z, turn = layer_token_clock(args)
    g = {"linear": lambda x: x, "cosine": lambda x: (1 - math.cos(math.pi * x)) / 2, "sqrt": math.sqrt}

    def rate(t: int) -> float:
        if t < turn:
            return args["peak"] * z[t] / z[turn]
        x = max(z[t] - z[turn], 0.0) / (1 - z[turn])
        return args["peak"] * (1 - (1 - args["floor"]) * g[args["shape"]](x))

    return loop(args, rate)


def straight(args: Args) -> Array:
    """Between two points the line through them, outside all of them the nearest rate."""
    u, rate = args["u"], args["rate"]

    def at(t: int) -> float:
        x = t / args["total"]
        if x <= u[0]:
            return rate[0]
        for i in range(1, len(u)):
            if x <= u[i]:
                return rate[i - 1] + (rate[i] - rate[i - 1]) * (x - u[i - 1]) / (u[i] - u[i - 1])
        return rate[-1]

    return loop(args, at)


def poly_theirs(peak: float, total: int, power: float) -> Array:
    """pytorch_optimizer's PolyScheduler, which is no oracle of a decay."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler = pytorch_optimizer.lr_scheduler.PolyScheduler(
        optimizer, poly_order=power, t_max=total, max_lr=peak, min_lr=0.0, init_lr=peak, warmup_steps=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array([scheduler.step() for _ in range(total)])
