"""What a builder's row in the table of cases holds, and how its arguments are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from oracles import Args, Oracle, steps


@dataclass(frozen=True)
class Case:
    """A builder under test.

    `args` draws valid arguments whose shares are whole steps, `oracles` are held to 1e-12 of the peak,
    `optax` to float32, `lands` is the rate at which the last phase ends, `hand` holds rates by step.
    `reaches` is the step at which it first has its peak, rising until then (None: it promises none), and
    `top` the highest rate that it may have. `together` makes arguments that were drawn one by one valid
    together, where chance seldom does.
    """

    args: st.SearchStrategy[dict[str, Any]]
    oracles: Mapping[str, Oracle]
    lands: Callable[[Args], float]
    hand: tuple[tuple[Args, Mapping[int, float]], ...]
    optax: Mapping[str, Oracle] = field(default_factory=dict)
    reaches: Callable[[Args], int | None] | None = lambda a: steps(a, "warmup")
    top: Callable[[Args], float] = lambda a: a["peak"]
    together: Callable[[dict[str, Any]], dict[str, Any]] = lambda a: a


PEAK = st.floats(1e-6, 10)
FLOOR = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))


@st.composite
def shares(draw: st.DrawFn, *names: str, least: int = 0) -> dict[str, Any]:
    """`total`, and shares of it that are whole steps and together at most 1."""
    total = draw(st.integers(2, 120))
    left, out = total, {"total": total}
    for name in names:
        steps = draw(st.integers(least, left))
        left -= steps
        out[name] = steps / total
    return out


def args_of(*names: str, least: int = 0, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    parts = st.tuples(shares(*names, least=least), st.fixed_dictionaries({"peak": PEAK, **more}))
    return parts.map(lambda both: {**both[0], **both[1]})
