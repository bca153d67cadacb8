"""A decay by layer-tokens instead of steps, for training that drops tokens (random-LTD). arXiv 2211.11586."""

import math
from itertools import pairwise
from typing import Annotated

import numpy as np

from workbench.params import Choice, Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import steps

Shape = Annotated[str, Choice(("linear", "cosine", "sqrt"), help="curve of the decay")]
Kept = Annotated[
    float,
    Param(0, 1, open_low=True, unit="of length", slider=(0.05, 1), help="share of a sequence kept at first"),
]
Layers = Annotated[float, Param(0, 1, unit="of layers", help="share of the layers that drop tokens")]
Grow = Annotated[float, Param(0, 1, unit="of total", help="share of total after which nothing is dropped")]
Stages = Annotated[int, Param(1, 12, help="equal levels in which the kept length grows")]


@schedule(title="Layer-token decay (random-LTD)", paper="2211.11586", family="decay")
def layer_token(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    floor: Floor = 0.0,
    shape: Shape = "linear",
    kept: Kept = 0.125,
    layers: Layers = 0.9,
    grow: Grow = 0.7,
    stages: Stages = 8,
) -> Schedule:
    """Let a decay run by the layer-tokens consumed, of which each step has more until nothing is dropped.

    One update consumes ``d(t) = layers * s(t) + 1 - layers``, in units of an undropped one, with
    ``s(t) = kept + (1 - kept) floor(stages t / G) / stages`` for t < G = grow * total and 1 after. With
    ``z(t)`` the sum of d before update t over the sum of all, ``rate = peak * z / warmup`` for z < warmup,
    then ``peak * (1 - (1 - floor) g(x))``, x = (z - warmup) / (1 - warmup), g by `shape`: linear x,
    cosine ``(1 - cos(pi x)) / 2``, sqrt ``sqrt(x)``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of all layer-tokens that rises from 0 to `peak`, ended at a whole step.
    floor : float
        Rate at the end as a share of `peak`.
    shape : str
        Curve of the decay.
    kept : float
        Share of each sequence that the dropping layers see at first.
    layers : float
        Share of the layers that drop tokens; the paper leaves out the first and the last.
    grow : float
        Share of `total` after which nothing is dropped.
    stages : int
        Equal levels in which the kept length grows, as DeepSpeed grows it by a fixed increment.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it with random layerwise token dropping: early steps see less, and a decay by steps would fall too
    fast for them. Without dropping (kept = 1 or layers = 0) it is the same decay by steps. What a step
    consumes is DeepSpeed's rule; that rate and warmup follow its sum is told by the paper, without code
    (medium confidence).

    References
    ----------
    Yao et al., "Random-LTD", 2022, arXiv 2211.11586.
    """
    edges, each = _pace(steps(total, grow), total, kept, layers, stages)
    consumed = np.concatenate([[0.0], np.cumsum(np.diff(edges) * each)])
    turn = int(np.interp(warmup * consumed[-1], consumed, edges) + 0.5)
    rise = float(np.interp(turn, edges, consumed))
    phases: list[Phase] = []
    for (start, stop), (before, after), pace in zip(pairwise(edges), pairwise(consumed), each, strict=True):
        if start < turn:
            ends = (peak * before / rise, peak * min(after, rise) / rise)
            phases.append(Phase("warmup", min(stop, turn) - start, *ends))
        if stop > turn:
            span, first = (consumed[-1] - rise) / pace, max(before - rise, 0.0) / pace
            n = stop - max(start, turn)
            phases.append(Phase("decay", n, peak, floor * peak, shape, max(span, first + n), first=first))
    return Schedule(tuple(phases))


def _pace(growing: int, total: int, kept: float, layers: float, stages: int) -> tuple[list[int], list[float]]:
    """Where each stretch at one length begins, and the end of the last; layer-tokens of each one's steps."""
    starts = [*(math.ceil(k * growing / stages) for k in range(stages)), growing]
    edges, paces = [total], list[float]()
    for k in reversed(range(stages + 1)):
        pace = layers * (kept + (1 - kept) * k / stages) + 1 - layers
        if starts[k] == edges[0]:
            continue
        if paces and paces[0] == pace:
            edges[0] = starts[k]
        else:
            edges, paces = [starts[k], *edges], [pace, *paces]
    return edges, paces
