"""All views of one schedule in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.params import number
from workbench.schedule import Schedule
from workbench.views.areas import annealing_area, area
from workbench.views.averaging import averaging_window, timescale, update_weights
from workbench.views.convex import convex_bound
from workbench.views.rates import DECAY, Rates, below_one, rates_of
from workbench.views.shares import Share, shares
from workbench.views.words import annealing_label, figure, percent, table, text_table


@dataclass(frozen=True)
class Summary:
    """Numbers of one schedule; those that it does not have are ``None``.

    Attributes
    ----------
    steps : int
        Updates.
    peak, end : float
        Highest and last rate.
    area, annealing_area : float
        S1 and S2 of the whole schedule.
    timescale : float or None
        Updates over which AdamW forgets at the peak, 1 / (peak weight_decay).
    averaged, half : float and int, or None
        Effective number of updates that the final parameters average over, and how many of the last
        ones hold half of the weight.
    initial : float or None
        Weight of the initialisation in the final parameters.
    gamma, bound : float or None
        Best factor of the rates in the convex bound for D = G = 1, and the bound there.
    shares : mapping of str to Share
        Of updates and area, by phase; empty for an array of rates.
    momentum, ignore_warmup : float and bool
        What S2 was computed for.
    weight_decay : float
        What AdamW's numbers were computed for.
    """

    steps: int
    peak: float
    end: float
    area: float
    annealing_area: float
    timescale: float | None
    averaged: float | None
    half: int | None
    initial: float | None
    gamma: float | None
    bound: float | None
    shares: Mapping[str, Share]
    momentum: float
    ignore_warmup: bool
    weight_decay: float

    __hash__ = None  # type: ignore[assignment]

    def rows(self) -> list[tuple[str, str]]:
        """What is shown: a name with its setting, and the number with its unit."""
        adamw, nothing = f"AdamW, weight decay {self.weight_decay:g}", "none"

        def count(value: float | None) -> str:
            return nothing if value is None else f"{figure(round(value) if value >= 1e4 else value)} updates"

        def plain(value: float | None) -> str:
            return nothing if value is None else figure(value)

        return [
            ("steps", figure(self.steps)),
            ("peak", figure(self.peak)),
            ("last rate", figure(self.end)),
            ("area S1", figure(self.area)),
            (annealing_label(self.momentum, self.ignore_warmup), figure(self.annealing_area)),
            (f"timescale at the peak ({adamw})", count(self.timescale)),
            (f"effective averaging window ({adamw})", count(self.averaged)),
            (f"half of the weight lies on the last ({adamw})", count(self.half)),
            (f"weight of the initialisation ({adamw})", plain(self.initial)),
            ("best factor in the convex bound (D = G = 1)", plain(self.gamma)),
            ("convex bound at that factor (D = G = 1)", plain(self.bound)),
            *(
                (f"phase {name}", f"{percent(share.steps)} of the steps, {percent(share.area)} of the area")
                for name, share in self.shares.items()
            ),
        ]

    def to_dict(self) -> dict[str, Any]:
        """All numbers as plain values."""
        plain = {name: value for name, value in vars(self).items() if name != "shares"}
        return {**plain, "shares": {name: share._asdict() for name, share in self.shares.items()}}

    def __str__(self) -> str:
        return text_table(self.rows())

    def _repr_html_(self) -> str:
        return table(("view", "value"), self.rows())


def summary(
    s: Rates, *, momentum: float = 0.999, ignore_warmup: bool = True, weight_decay: float = 0.1
) -> Summary:
    """All views of a schedule in one table.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.
    momentum, ignore_warmup : float and bool
        Of the annealing area S2; see `annealing_area`.
    weight_decay : float
        AdamW's, at least 0.

    Raises
    ------
    ValueError
        For rates that are negative or not finite, or a setting outside its range. A number that this
        schedule does not have, such as AdamW's weights where ``rate * weight_decay`` exceeds 1, is
        ``None`` instead.
    """
    rates = rates_of(s)
    decay, momentum = number("weight_decay", weight_decay, DECAY), below_one("momentum", momentum)
    peak = float(rates.max())
    adamw = peak * decay <= 1
    window = averaging_window(rates, decay) if adamw and peak else None
    scale = float(np.min(timescale(rates, decay)))
    bound = convex_bound(rates) if peak >= 1e-50 else None
    return Summary(
        steps=len(rates),
        peak=peak,
        end=float(rates[-1]),
        area=float(area(rates)[-1]),
        annealing_area=float(annealing_area(rates, momentum, ignore_warmup=ignore_warmup)[-1]),
        timescale=scale if adamw and np.isfinite(scale) else None,
        averaged=window.effective if window else None,
        half=window.last[0.5] if window else None,
        initial=update_weights(rates, decay).initial if adamw else None,
        gamma=bound.gamma if bound else None,
        bound=bound.best if bound else None,
        shares=shares(s) if isinstance(s, Schedule) else {},
        momentum=momentum,
        ignore_warmup=ignore_warmup,
        weight_decay=decay,
    )
