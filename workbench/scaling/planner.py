"""Which model, on how much data: from FLOPs, GPU-hours, euros, or the loss that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.files import short
from workbench.params import Param, number
from workbench.scaling import constants, gpus
from workbench.scaling.gpus import MFU, flops_of
from workbench.scaling.parametric import optimum
from workbench.scaling.reaching import cheapest
from workbench.scaling.result import ScalingFit
from workbench.scaling.sizing import Sizing
from workbench.scaling.table import Place

Array = NDArray[np.float64]
_BUDGETS = ("flops", "gpu_hours", "euros", "target_loss")
_FLOPS = Param(1e10, 1e32)


def plan(
    law: ScalingFit | str = "besiroglu",
    *,
    flops: float | None = None,
    gpu_hours: float | None = None,
    euros: float | None = None,
    target_loss: float | None = None,
    gpu: str | None = None,
    mfu: float = MFU,
    euros_per_hour: float | None = None,
    served_tokens: float = 0.0,
) -> Sizing:
    """The best size and number of tokens.

    With a budget: the lowest loss for ``6 n_params tokens + 2 n_params served_tokens = budget``. With a
    loss: the least compute that reaches it, training and serving together.

    Parameters
    ----------
    law : ScalingFit or str
        A fit of a law of size and data, or a name of `workbench.scaling.constants`.
    flops, gpu_hours, euros, target_loss : float
        One of them: model FLOPs, hours of `gpu`, money at `euros_per_hour`, or the loss to be reached.
    gpu : str
        One of `workbench.scaling.gpus.GPUS`, for hours and euros.
    mfu : float
        Model FLOPs utilisation, the share of the peak that the training reaches.
    euros_per_hour : float
        Price of one GPU for an hour.
    served_tokens : float
        Tokens that the model will be asked for in its life; each costs a third of a trained one, so that
        many make a smaller model best.

    Raises
    ------
    ValueError
        For none or several of the budgets, a law without an optimum, a loss below what the law reaches,
        serving that takes all of the budget, or a published frontier, which says nothing of losses.

    Notes
    -----
    The law counts parameters as the table did that it was fitted to; compute is 6ND with that count.
    A plan far beyond the fitted runs is an extrapolation, and its notes say by how much.
    """
    asked = {"flops": flops, "gpu_hours": gpu_hours, "euros": euros, "target_loss": target_loss}
    given = [name for name in _BUDGETS if asked[name] is not None]
    if len(given) != 1:
        raise ValueError(f"give one of {', '.join(_BUDGETS)}; got {' and '.join(given) or 'none'}")
    name, params, source = _law(law)
    served = number("served_tokens", served_tokens, Param(0, 1e20))
    mfu = number("mfu", mfu, Param(0, 1, open_low=True))
    if gpu is not None:
        gpu = gpus.gpu(gpu).name
    kept: dict[str, Any] = {given[0]: asked[given[0]], "served_tokens": served}
    if given[0] == "target_loss":
        return _for_loss(law, name, params, source, target_loss, served, kept)
    if given[0] == "flops":
        budget = number("flops", flops, _FLOPS)
    else:
        if gpu is None:
            raise ValueError(f"{given[0]} need a gpu: say gpu='H100', and mfu where it is not {MFU}")
        kept |= {"gpu": gpu, "mfu": mfu}
        hours = gpu_hours
        if given[0] == "euros":
            if euros_per_hour is None:
                raise ValueError("euros need euros_per_hour, the price of one GPU for an hour")
            kept["euros_per_hour"] = euros_per_hour
            price = number("euros_per_hour", euros_per_hour, Param(0, 1e6, open_low=True))
            hours = number("euros", euros, Param(0, 1e15, open_low=True)) / price
        budget = number("flops", flops_of(hours, gpu, mfu), _FLOPS)  # pyright: ignore[reportArgumentType]
    n, tokens, loss = _best(name, params, budget, served)
    if not np.isfinite(loss[0]):
        raise ValueError(
            f"served_tokens must leave compute to train with: serving {served:g} tokens takes all of "
            f"{budget:.3g} FLOPs at any size"
        )
    draws = np.empty((0, 2))
    if isinstance(law, ScalingFit):
        sizes, data, _ = _best(name, law.draws.params, budget, served)
        draws = np.stack([sizes, data], axis=1)
    interval = _interval(law, float(n[0]), float(tokens[0]))
    notes = _beyond(law, float(n[0]), float(tokens[0]))
    return Sizing(
        float(n[0]), float(tokens[0]), float(loss[0]), interval, budget, served, name, params, source, draws,
        kept, notes,
    )  # fmt: skip


def _law(law: Any) -> tuple[str, Mapping[str, float], str]:
    if isinstance(law, ScalingFit):
        if set(law.entry.form.columns) != {"n_params", "tokens"} or law.law == "repetition":
            raise ValueError(
                f"law must be of size and data; {law.law} needs {', '.join(law.entry.form.columns)}"
            )
        return law.law, law.params, f"a fit of {law.entry.title} to {len(law.points)} runs"
    if not isinstance(law, str):
        raise ValueError(f"law must be a ScalingFit or a name of a published law; got {short(law)}")
    one = constants.get(law)
    if not one.law:
        raise ValueError(
            f"{one.name} is a frontier and says nothing of losses: choose a law, or call its best()"
        )
    return one.law, one.params, one.title


def _best(name: str, params: Mapping[str, Any], budget: float, served: float) -> tuple[Array, Array, Array]:
    """Best size, tokens and loss (S,) for a budget."""
    values = {key: np.asarray(value, dtype=float).reshape(-1, 1) for key, value in params.items()}
    n, tokens, loss = optimum(name, values, budget, tokens_of=lambda c, size: (c / size - 2 * served) / 6)
    return n[:, 0], tokens[:, 0], loss[:, 0]


def _for_loss(
    law: Any,
    name: str,
    params: Mapping[str, float],
    source: str,
    loss: Any,
    served: float,
    kept: dict[str, Any],
) -> Sizing:
    loss = number("target_loss", loss, Param(1e-3, 30))
    function = registry.get("scaling", name).function
    lowest = float(function(Place(1e300, 1e300), **params))
    n, tokens = (float(v[0]) for v in cheapest(function, params, loss, served))
    if not np.isfinite(n):
        raise ValueError(
            f"target_loss must be above what the law reaches with any compute, {lowest:.4f}; got {loss:g}"
        )
    draws, notes = np.empty((0, 2)), _beyond(law, n, tokens)
    if isinstance(law, ScalingFit):
        sizes, data = cheapest(function, law.draws.params, loss, served)
        reached = np.isfinite(sizes)
        draws = np.stack([sizes[reached], data[reached]], axis=1)
        if not reached.all():
            notes += (f"in {1 - reached.mean():.0%} of resampled tables no compute reaches this loss",)
    flops = 6 * n * tokens + 2 * n * served
    said = float(function(Place(n, tokens), **params))
    return Sizing(
        n, tokens, said, _interval(law, n, tokens), flops, served, name, params, source, draws, kept, notes
    )


def _interval(law: Any, n: float, tokens: float) -> tuple[float, float] | None:
    if not isinstance(law, ScalingFit):
        return None
    said = law.predict(n, tokens)
    return float(said.low), float(said.high)


def _beyond(law: Any, n: float, tokens: float) -> tuple[str, ...]:
    if not isinstance(law, ScalingFit):
        return ()
    out = []
    if not law.converged or law.at_bound:
        out.append(
            f"the fit is not determined by its runs (at bound: {', '.join(law.at_bound) or 'not converged'})"
        )
    for what, value, column in (
        ("compute", 6 * n * tokens, law.points.compute),
        ("tokens per parameter", tokens / n, law.points.tokens / law.points.n_params),
    ):
        if value > 1.001 * column.max():
            out.append(f"{what} is {value / column.max():.3g} times that of any fitted run")
        elif value < column.min() / 1.001:
            out.append(f"{what} is {value / column.min():.2g} times that of any fitted run")
    return tuple(out)
