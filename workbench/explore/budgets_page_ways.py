"""Four ways to models of several budgets: what each trains, and what it costs. arXiv 2410.05192."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from workbench.params import Choice, Param, check, number
from workbench.registry import Field
from workbench.schedule import Schedule
from workbench.schedules import cosine, cyclic_cosine, wsd_branches, wsd_s
from workbench.schedules.cooldown import COOLDOWNS

WSD, WSDS, CYCLIC, COSINE = "WSD, a branch each", "WSD-S", "cyclic cosine", "cosine, a run each"
WAYS = (WSD, WSDS, CYCLIC, COSINE)
"""Names of the four ways, in the order in which they are drawn."""
COLORS: Mapping[str, str] = dict(zip(WAYS, ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), strict=True))
EQUAL = ("the same budgets", "the same compute")
"""What is equal between the ways: every model's updates, or all updates of a way together."""
FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field(
            "total",
            int,
            Param(40, 1_000_000, log=True, slider=(800, 3000), unit="updates", help="the longest budget"),
            3000,
        ),
        Field("count", int, Param(1, 6, log=True, help="how many budgets"), 4),
        Field("spacing", str, Choice(("doubling", "even"), help="how the budgets grow"), "doubling"),
        Field(
            "decay", float, Param(0, 1, open_low=True, slider=(0.02, 0.82), help="share that cools down"), 0.2
        ),
        Field(
            "counted",
            str,
            Choice(("total", "segment"), help="decay is a share of the run so far, or since the last budget"),
            "segment",
        ),
        Field("shape", str, Choice(COOLDOWNS, help="curve of the cooldowns"), "inverse_linear"),
        Field(
            "peak",
            float,
            Param(0, 1e4, open_low=True, log=True, slider=(1e-3, 2e-2), help="highest rate"),
            5e-3,
        ),
        Field(
            "cosine_peak",
            float,
            Param(0, 100, open_low=True, slider=(0.25, 4), unit="of peak", help="peak of the cosines"),
            1.0,
        ),
        Field(
            "floor", float, Param(0.001, 1, slider=(0.02, 0.52), help="rate at a budget, of the peak"), 0.1
        ),
        Field("warmup", float, Param(0, 0.1, help="share of total that rises to the peak"), 0.01),
        Field("equal", str, Choice(EQUAL, help="what the ways have in common"), EQUAL[0]),
    )
}
"""What the page asks, each with its slider and first value."""


@dataclass(frozen=True)
class Way:
    """One way: a schedule for each budget, which ends where the model is taken."""

    name: str
    schedules: tuple[Schedule, ...]

    @cached_property
    def strands(self) -> tuple[Strand, ...]:
        """What is trained, the longest schedule first."""
        return strands(self.schedules)

    @property
    def updates(self) -> int:
        """What it costs: updates that schedules have in common are trained once."""
        return sum(strand.stop - strand.start for strand in self.strands)

    @property
    def budgets(self) -> tuple[int, ...]:
        """Updates that each model has had."""
        return tuple(map(len, self.schedules))


class Strand(NamedTuple):
    """Updates ``start <= t < stop`` that only schedule number `of` asks for, branching from `parent`."""

    of: int
    start: int
    stop: int
    parent: int | None


def strands(schedules: Sequence[Schedule]) -> tuple[Strand, ...]:
    """What must be trained for all schedules, if what two begin with alike is trained once.

    Returns
    -------
    tuple of Strand
        The longest schedule whole, then of every other what no earlier one has; empty stretches are
        models on the way of another schedule. It is the tree of `workbench.train.plan` for one seed.
    """
    tables = [schedule.array() for schedule in schedules]
    out: list[Strand] = []
    for i in sorted(range(len(tables)), key=lambda i: -len(tables[i])):
        shared = [(_agree(tables[i], tables[each.of]), -j, each.of) for j, each in enumerate(out)]
        start, _, parent = max(shared, default=(0, 0, None))
        out.append(Strand(i, start, len(tables[i]), parent if start else None))
    return tuple(out)


@dataclass(frozen=True)
class Plan:
    """The four ways to the same budgets, or to budgets that cost the same together.

    Parameters
    ----------
    total, count, spacing, decay, counted, shape, peak, cosine_peak, floor, warmup, equal
        See `FIELDS`. With ``equal = "the same compute"`` WSD and the cosines get budgets that are shorter by
        one factor, such that each way trains as many updates in all as WSD-S, `total`.

    Raises
    ------
    ValueError
        For an argument outside its range, a warmup longer than the first budget, budgets too short to differ.
    """

    total: int = 3000
    count: int = 4
    spacing: str = "doubling"
    decay: float = 0.2
    counted: str = "segment"
    shape: str = "inverse_linear"
    peak: float = 5e-3
    cosine_peak: float = 1.0
    floor: float = 0.1
    warmup: float = 0.01
    equal: str = EQUAL[0]

    def __post_init__(self) -> None:
        for name, field in FIELDS.items():
            object.__setattr__(self, name, field.check(getattr(self, name)))
        steps = [round(share * self.total) for share in self.shares]
        if steps[0] < 2 or len(set(steps)) < len(steps):
            raise ValueError(
                f"total must leave each of {self.count} budgets 2 updates or more, all different; "
                f"got {self.total}, which gives {', '.join(map(str, steps))}"
            )
        _ = self.ways  # what the builders refuse is refused here

    @property
    def shares(self) -> tuple[float, ...]:
        """The budgets as shares of `total`."""
        if self.spacing == "doubling":
            return tuple(2.0 ** (k + 1 - self.count) for k in range(self.count))
        return tuple((k + 1) / self.count for k in range(self.count))

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """In the order of `WAYS`."""
        made = {name: Way(name, self._made(name, self.total)) for name in WAYS}
        if self.equal == EQUAL[1]:
            for name in (WSD, COSINE):
                made[name] = self._fitted(name, made[name])
        return tuple(made.values())

    def way(self, name: str) -> Way:
        """One of `WAYS`."""
        check("way", name, Choice(WAYS))
        return self.ways[WAYS.index(name)]

    def cosines(self, factor: float) -> Way:
        """The cosines at another peak, for tuning: `factor` in units of `peak`."""
        factor = number("factor", factor, Param(0, 100, open_low=True))
        plan = replace(self, cosine_peak=factor)
        return Way(f"cosine, peak x{factor:g}", plan.way(COSINE).schedules)

    def _made(self, name: str, total: int) -> tuple[Schedule, ...]:
        # The warmup has as many updates in every way.
        common: dict[str, Any] = {"peak": self.peak, "warmup": self.warmup * self.total / total}
        common |= {"floor": self.floor, "budgets": self.shares}
        cooled = {"decay": self.decay, "counted": self.counted, "shape": self.shape}
        if name == WSD:
            return wsd_branches(total, **common, **cooled)
        if name == COSINE:
            return tuple(self._cosine(round(share * total)) for share in self.shares)
        whole = wsd_s(total, **common, **cooled) if name == WSDS else cyclic_cosine(total, **common)
        return tuple(whole.until(int(share * total + 0.5)) for share in self.shares)

    def _cosine(self, total: int) -> Schedule:
        warm = min(1.0, self.warmup * self.total / total)
        return cosine(total, self.peak * self.cosine_peak, warmup=warm, floor=self.floor)

    def _fitted(self, name: str, way: Way) -> Way:
        """The way with budgets shorter by a factor, whose updates are nearest to `total` from below."""
        total = float(self.total)
        for _ in range(4):
            total *= self.total / way.updates
            way = Way(name, self._made(name, max(1, round(total))))
        total = max(1, round(total))
        while way.updates > self.total:
            total -= 1
            way = Way(name, self._made(name, total))
        return way


def _agree(a: np.ndarray, b: np.ndarray) -> int:
    """How many first updates two schedules have in common."""
    length = min(len(a), len(b))
    differs = a[:length] != b[:length]
    return int(differs.argmax()) if differs.any() else length
