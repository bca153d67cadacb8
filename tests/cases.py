"""One row per schedule builder: valid arguments, what other libraries say, and values by hand.

A new builder gets a row here, or in the file of its family, and is then tested by every property in
test_builders.py.
"""

from __future__ import annotations

import math

import cases_cyclic
import cases_decay
import cases_other
import transformers
from case import FLOOR, Case, args_of
from hypothesis import strategies as st
from oracles import (
    SHAPES,
    Oracle,
    by_optax,
    cold,
    constant_torch,
    cosine_torch,
    cosine_transformers,
    factors,
    inverse_sqrt_transformers,
    linear_torch,
    linear_transformers,
    one_cycle_optax,
    one_cycle_torch,
    polynomial_torch,
    steps,
    to_zero,
    warm,
    wsd_closed_form,
    wsd_there,
    wsd_transformers,
)

_FLOOR_OF_WSD = st.fixed_dictionaries(
    {
        "shape": st.sampled_from(SHAPES),
        "floor": FLOOR,
        "power": st.floats(0.2, 5),
        "drop": st.floats(0.1, 1),
    }
).map(lambda d: {**d, "floor": max(d["floor"], 1e-6)} if d["shape"] in ("exp", "inverse_linear") else d)

_BASICS: dict[str, Case] = {
    "constant": Case(
        args_of("warmup"),
        {
            "transformers": Oracle(
                lambda a: factors(
                    a, transformers.get_constant_schedule_with_warmup, num_warmup_steps=steps(a, "warmup")
                )
            ),
            "torch LinearLR": Oracle(constant_torch, warm),
        },
        lambda a: a["peak"],
        (
            ({"total": 10, "peak": 2.0, "warmup": 0.5}, {0: 0, 1: 0.4, 4: 1.6, 5: 2, 9: 2, 50: 2}),
            ({"total": 3, "peak": 0.1}, {0: 0.1, 2: 0.1}),
        ),
        {
            "warmup_constant_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "warmup_constant_schedule",
                    init_value=0.0,
                    peak_value=a["peak"],
                    warmup_steps=steps(a, "warmup"),
                ),
                warm,
            )
        },
    ),
    "linear": Case(
        args_of("warmup", floor=FLOOR),
        {
            "torch LinearLR": Oracle(linear_torch, cold),
            "torch PolynomialLR": Oracle(polynomial_torch, lambda a: to_zero(cold(a))),
            "transformers": Oracle(linear_transformers, to_zero),
        },
        lambda a: a["floor"] * a["peak"] if steps(a, "warmup") < a["total"] else a["peak"],
        (
            (
                {"total": 10, "peak": 1.0, "warmup": 0.2, "floor": 0.0},
                {0: 0, 1: 0.5, 2: 1, 3: 0.875, 6: 0.5, 9: 0.125, 10: 0.125},
            ),
            ({"total": 4, "peak": 2.0, "warmup": 0, "floor": 0.5}, {0: 2, 1: 1.75, 2: 1.5, 3: 1.25}),
        ),
        {
            "linear_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "linear_schedule",
                    init_value=a["peak"],
                    end_value=a["floor"] * a["peak"],
                    transition_steps=a["total"],
                ),
                cold,
            )
        },
    ),
    "cosine": Case(
        args_of("warmup", floor=FLOOR),
        {
            "torch CosineAnnealingLR": Oracle(cosine_torch, cold),
            "transformers": Oracle(cosine_transformers, lambda a: warm(a, 1)),
        },
        lambda a: a["floor"] * a["peak"] if steps(a, "warmup") < a["total"] else a["peak"],
        (
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "floor": 0},
                {0: 1, 2: 0.8535533905932737, 4: 0.5, 6: 0.14644660940672624},
            ),
            ({"total": 12, "peak": 3.0, "warmup": 1 / 3, "floor": 0.1}, {0: 0, 2: 1.5, 4: 3, 8: 1.65}),
        ),
        {
            "warmup_cosine_decay_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "warmup_cosine_decay_schedule",
                    init_value=0.0,
                    peak_value=a["peak"],
                    warmup_steps=steps(a, "warmup"),
                    decay_steps=a["total"],
                    end_value=a["floor"] * a["peak"],
                ),
                lambda a: warm(a, 1),
            )
        },
    ),
    "wsd": Case(
        st.tuples(args_of("warmup", "decay"), _FLOOR_OF_WSD).map(lambda both: {**both[0], **both[1]}),
        {"transformers": Oracle(wsd_transformers, wsd_there), "closed form": Oracle(wsd_closed_form)},
        lambda a: a["floor"] * a["peak"] if steps(a, "decay") else a["peak"],
        (
            (
                {"total": 10, "peak": 1.0, "warmup": 0.2, "decay": 0.4, "shape": "sqrt"},
                {0: 0, 1: 0.5, 2: 1, 6: 1, 7: 0.5, 8: 0.2928932188134524, 9: 0.1339745962155614},
            ),
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "decay": 0.5, "shape": "exp", "floor": 0.0625},
                {3: 1, 4: 1, 5: 0.5, 6: 0.25, 7: 0.125},
            ),
            (
                {"total": 4, "peak": 1.0, "warmup": 0, "decay": 1, "shape": "lowered_linear", "drop": 0.7},
                {0: 0.7, 1: 0.525, 2: 0.35, 3: 0.175},
            ),
            (
                {"total": 4, "peak": 1.0, "warmup": 0, "decay": 1, "shape": "inverse_linear", "floor": 0.1},
                {0: 1, 1: 1 / 3.25, 2: 1 / 5.5, 3: 1 / 7.75},
            ),
        ),
        reaches=lambda a: None if a["shape"] == "lowered_linear" else steps(a, "warmup"),
    ),
    "inverse_sqrt": Case(
        args_of("warmup", least=1),
        {"transformers": Oracle(inverse_sqrt_transformers)},
        lambda a: a["peak"] * min(1.0, math.sqrt(steps(a, "warmup") / a["total"])),
        (({"total": 20, "peak": 1.0, "warmup": 0.2}, {0: 0, 1: 0.25, 4: 1, 9: 2 / 3, 16: 0.5}),),
    ),
    "one_cycle": Case(
        args_of(
            "warmup",
            div=st.floats(1, 1e3),
            final_div=st.floats(1, 1e6),
            shape=st.sampled_from(("cosine", "linear")),
        ),
        {"torch OneCycleLR": Oracle(one_cycle_torch, lambda a: warm(a, 2))},
        lambda a: a["peak"] / a["div"] / a["final_div"] if steps(a, "warmup") < a["total"] else a["peak"],
        (
            (
                {"total": 11, "peak": 1.0, "warmup": 3 / 11, "div": 25.0, "final_div": 1e4},
                {0: 0.04, 1: 0.52, 2: 1, 6: (1 + 4e-6) / 2, 10: 4e-6, 30: 4e-6},
            ),
            (
                {"total": 5, "peak": 1.0, "warmup": 0.6, "div": 2.0, "final_div": 2.0, "shape": "linear"},
                {0: 0.5, 1: 0.75, 2: 1, 3: 0.625, 4: 0.25},
            ),
        ),
        {"cosine_onecycle_schedule": Oracle(one_cycle_optax, lambda a: warm(a, 2))},
        reaches=lambda a: max(steps(a, "warmup") - 1, 0),
    ),
}

CASES: dict[str, Case] = {**_BASICS, **cases_cyclic.CASES, **cases_decay.CASES, **cases_other.CASES}
