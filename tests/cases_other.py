"""Cases of continual, stepwise and free schedules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import oracles_decay as by
from case import PEAK, Case, args_of
from hypothesis import strategies as st
from oracles import Args, Array, Oracle, by_optax, cold, steps

TENTH = 0.1**0.5


def _landing(drops: Callable[[Args], float]) -> Callable[[Args], float]:
    """Where it ends, unless the warmup lasts to the end: after all drops in either case."""
    return lambda a: a["peak"] * drops(a)


def _before_the_first(share: Callable[[Args], float]) -> Callable[[Args], int | None]:
    """The end of the warmup, where no drop comes before it."""
    return lambda a: steps(a, "warmup") if steps(a, "warmup") < round(share(a) * a["total"]) else None


@st.composite
def _drops(draw: st.DrawFn, *parts: int) -> dict[str, Any]:
    """A total with whole steps at every drop, after which one update is left at least."""
    drops = draw(st.integers(1, 20)) if not parts else 1
    total = draw(st.integers(1, 12)) * (parts[0] if parts else drops + 1)
    args = {"total": total, "peak": draw(PEAK), "warmup": draw(st.integers(0, total)) / total}
    return args if parts else {**args, "drops": drops}


@st.composite
def _milestones(draw: st.DrawFn) -> dict[str, Any]:
    total = draw(st.integers(2, 120))
    at = draw(st.lists(st.integers(1, total), unique=True, min_size=1, max_size=12))
    factors = draw(st.lists(st.floats(0, 1), max_size=len(at)))
    return {
        "total": total,
        "peak": draw(PEAK),
        "warmup": draw(st.integers(0, total)) / total,
        "milestones": tuple(each / total for each in sorted(at)),
        "gamma": draw(st.floats(0.01, 1)),
        "factors": tuple(factors),
    }


def _all_factors(args: Args) -> list[float]:
    more = len(args["milestones"]) - len(args["factors"])
    return [*args["factors"], *[args["gamma"]] * more]


def _multi_step_landing(args: Args) -> float:
    pairs = zip(args["milestones"], _all_factors(args), strict=True)
    # A drop at the very end comes after the last update.
    return args["peak"] * math.prod(factor for share, factor in pairs if share < 1)


def _gone(args: Args) -> Args:
    return {**cold(args), "factors": ()}


def _three(args: Args) -> Args:
    return {**cold(args), "drops": 3}


@st.composite
def _points(draw: st.DrawFn) -> dict[str, Any]:
    # Places closer than a rounding error are a jump, where a step may fall on either side.
    places = draw(st.lists(st.integers(0, 10**6), unique=True, min_size=2, max_size=8))
    rates = draw(st.lists(st.floats(0, 10), min_size=len(places), max_size=len(places)))
    u = tuple(each / 10**6 for each in sorted(places))
    return {"total": draw(st.integers(1, 99)), "u": u, "rate": tuple(rates)}


def _common(args: dict[str, Any]) -> dict[str, Any]:
    """Points of which each has a place and a rate."""
    n = min(len(args["u"]), len(args["rate"]))
    return {**args, "u": args["u"][:n], "rate": args["rate"][:n]}


@st.composite
def _norms(draw: st.DrawFn) -> dict[str, Any]:
    norms = tuple(draw(st.lists(st.floats(0.01, 100), min_size=1, max_size=40)))
    return {
        "total": draw(st.sampled_from((len(norms), 2, 37, 120)).filter(lambda n: n > 1)),
        "peak": draw(PEAK),
        "norms": norms,
        "smoothing": draw(st.floats(0, 1)),
        "kind": draw(st.sampled_from(("sgd", "adam"))),
    }


FORMULAS: dict[str, Callable[[float, float, float, float], float]] = {
    "peak * min(1, 10 * x) * (1 - x)": lambda x, t, total, peak: peak * min(1, 10 * x) * (1 - x),
    "peak * exp(-t / total) if t >= 5 else peak * t / 5": lambda x, t, total, peak: (
        peak * math.exp(-t / total) if t >= 5 else peak * t / 5
    ),
    "peak * 0.5 ** floor(t / 7)": lambda x, t, total, peak: peak * 0.5 ** (t // 7),
    "peak * (t % 7 + 1) / 8": lambda x, t, total, peak: peak * (t % 7 + 1) / 8,
    "max(peak * (1 + cos(pi * x)) / 2, peak / 10)": lambda x, t, total, peak: max(
        peak * (1 + math.cos(math.pi * x)) / 2, peak / 10
    ),
    "abs(-+peak) * sqrt(1 - x ** 2) * tanh(e) / (1 + log(1 + t // 3))": lambda x, t, total, peak: (
        peak * math.sqrt(1 - x**2) * math.tanh(math.e) / (1 + math.log(1 + t // 3))
    ),
}


def _typed(args: Args, t: int) -> float:
    return FORMULAS[args["formula"]](t / args["total"], t, args["total"], args["peak"])


def _formula(args: Args) -> Array:
    return by.loop(args, lambda t: _typed(args, t))


CASES: dict[str, Case] = {
    "step": Case(
        st.tuples(_drops(), st.fixed_dictionaries({"gamma": st.floats(0.01, 1)})).map(lambda d: d[0] | d[1]),
        {
            "torch StepLR": Oracle(by.step_torch, cold),
            "product": Oracle(
                lambda a: by.milestones_formula(
                    a,
                    [k / (a["drops"] + 1) for k in range(1, a["drops"] + 1)],
                    [a["gamma"]] * a["drops"],
                )
            ),
        },
        _landing(lambda a: a["gamma"] ** a["drops"]),
        (
            (
                {"total": 6, "peak": 1.0, "drops": 2, "gamma": 0.5},
                {0: 1, 1: 1, 2: 0.5, 3: 0.5, 4: 0.25, 9: 0.25},
            ),
        ),
        {
            "exponential_decay": Oracle(
                lambda a: by_optax(
                    a,
                    "exponential_decay",
                    init_value=a["peak"],
                    transition_steps=a["total"] // (a["drops"] + 1),
                    decay_rate=a["gamma"],
                    staircase=True,
                ),
                _three,
            )
        },
        reaches=_before_the_first(lambda a: 1 / (a["drops"] + 1)),
    ),
    "multi_step": Case(
        _milestones(),
        {
            "torch MultiStepLR": Oracle(lambda a: by.milestones_torch(a, a["milestones"], a["gamma"]), _gone),
            "product": Oracle(lambda a: by.milestones_formula(a, a["milestones"], _all_factors(a))),
        },
        _multi_step_landing,
        (
            (
                {"total": 10, "peak": 1.0, "milestones": "0.3, 0.5 0.7", "factors": (0.5,), "gamma": 0.1},
                {0: 1, 2: 1, 3: 0.5, 5: 0.05, 6: 0.05, 7: 0.005},
            ),
            (
                {"total": 4, "peak": 1.0, "milestones": (0.25,), "gamma": 0.5, "warmup": 0.5},
                {0: 0, 1: 0.25, 2: 0.5, 3: 0.5},
            ),
        ),
        {
            "piecewise_constant_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "piecewise_constant_schedule",
                    init_value=a["peak"],
                    boundaries_and_scales={
                        round(share * a["total"]): factor
                        for share, factor in zip(a["milestones"], _all_factors(a), strict=True)
                    },
                ),
                lambda a: {**cold(a), "factors": (0.3,)},
            )
        },
        reaches=_before_the_first(lambda a: a["milestones"][0]),
        together=lambda a: {**a, "factors": a["factors"][: len(a["milestones"])]},
    ),
    "thirty_sixty_ninety": Case(
        st.tuples(_drops(10), st.fixed_dictionaries({"gamma": st.floats(0.01, 1)})).map(
            lambda d: d[0] | d[1]
        ),
        {
            "torch MultiStepLR": Oracle(lambda a: by.milestones_torch(a, (0.3, 0.6, 0.9), a["gamma"]), cold),
            "product": Oracle(lambda a: by.milestones_formula(a, (0.3, 0.6, 0.9), [a["gamma"]] * 3)),
        },
        _landing(lambda a: a["gamma"] ** 3),
        (({"total": 90, "peak": 1.0, "gamma": 0.5}, {26: 1, 27: 0.5, 54: 0.25, 81: 0.125}),),
        reaches=_before_the_first(lambda a: 0.3),
    ),
    "eight_one_one": Case(
        _drops(10),
        {
            "torch MultiStepLR": Oracle(lambda a: by.milestones_torch(a, (0.8, 0.9), TENTH), cold),
            "product": Oracle(lambda a: by.milestones_formula(a, (0.8, 0.9), (TENTH, TENTH))),
        },
        _landing(lambda a: 0.1),
        (({"total": 10, "peak": 1.0, "warmup": 0.2}, {0: 0, 1: 0.5, 2: 1, 7: 1, 8: TENTH, 9: 0.1}),),
        reaches=_before_the_first(lambda a: 0.8),
    ),
    "points": Case(
        _points(),
        {"lines": Oracle(by.straight)},
        lambda a: a["rate"][-1],
        (
            (
                {"total": 10, "u": "0 0.5 1", "rate": (0.0, 1.0, 0.5)},
                {0: 0, 1: 0.2, 5: 1, 7: 0.8, 9: 0.6},
            ),
            ({"total": 4, "u": (0.25, 0.75), "rate": "2, 1"}, {0: 2, 1: 2, 2: 1.5, 3: 1, 9: 1}),
        ),
        reaches=None,
        top=lambda a: max(a["rate"]),
        together=_common,
    ),
    "expression": Case(
        args_of(formula=st.sampled_from(sorted(FORMULAS))),
        {"formula": Oracle(_formula)},
        lambda a: _typed(a, a["total"]),
        (
            ({"total": 10, "peak": 2.0, "formula": "peak * (1 - x)"}, {0: 2, 5: 1, 7: 0.6}),
            ({"total": 90, "formula": "floor(t / 29) + total / 100"}, {28: 0.9, 29: 1.9, 58: 2.9, 87: 3.9}),
        ),
        reaches=None,
    ),
    "refined": Case(
        _norms(),
        {"loop over steps": Oracle(by.refined_formula)},
        lambda a: 0.0,
        (
            ({"total": 5, "peak": 2.0, "norms": (3.0,)}, {0: 2, 1: 1.5, 2: 1, 3: 0.5, 4: 0}),
            (
                {"total": 3, "peak": 1.0, "norms": (2.0, 1.0, 1.0), "smoothing": 0, "kind": "adam"},
                {0: 1, 1: 1, 2: 0},
            ),
            (
                {"total": 3, "peak": 1.0, "norms": (2.0, 1.0, 1.0), "smoothing": 0, "kind": "sgd"},
                {0: 0.5, 1: 1, 2: 0},
            ),
        ),
        reaches=None,
    ),
}
