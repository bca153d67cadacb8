"""How two schedules differ, in numbers and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.params import Param, number
from workbench.schedule import Schedule
from workbench.views.areas import annealing_area
from workbench.views.rates import Rates, below_one, rates_of
from workbench.views.shares import Share, shares
from workbench.views.words import annealing_label, figure, listed, percent, table, told, updates

Array = NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """How two schedules differ. Every pair is (first, second).

    Attributes
    ----------
    names : tuple of str
        Builders that made them, "" where that is not known.
    steps : tuple of int
        Lengths.
    parts_at : int or None
        First step at which they part; ``None`` when they are equal at every step of the longer one.
    most_at : int or None
        Step at which they differ most.
    most : tuple of float
        Rates there; the last ones where they never part.
    peaks, ends, areas, annealing_areas : tuple of float
        Highest rates, last rates, S1 and S2 of the whole schedules.
    shares : tuple of mapping
        Of updates and area by phase; empty for an array of rates.
    momentum, ignore_warmup : float and bool
        What S2 was computed for.
    rtol : float
        Share of the higher peak up to which rates count as equal.
    """

    names: tuple[str, str]
    steps: tuple[int, int]
    parts_at: int | None
    most_at: int | None
    most: Pair
    peaks: Pair
    ends: Pair
    areas: Pair
    annealing_areas: Pair
    shares: tuple[Mapping[str, Share], Mapping[str, Share]]
    momentum: float
    ignore_warmup: bool
    rtol: float

    __hash__ = None  # type: ignore[assignment]

    @property
    def equal(self) -> bool:
        """Whether both have one length and are equal at every step."""
        return self.parts_at is None and self.steps[0] == self.steps[1]

    @property
    def words(self) -> tuple[str, ...]:
        """The difference in a few plain sentences."""
        if self.equal:
            return (self._lengths(), "They are equal at every step.", *self._phases())
        return (self._lengths(), *self._rates(), *self._numbers(), *self._phases())

    def _lengths(self) -> str:
        n, m = self.steps
        first, second = map(_called, ("The first", "the second"), self.names)
        if n == m:
            return f"{first} and {second} both have {updates(n)}."
        after = "first" if n < m else "second"
        return (
            f"{first} has {updates(n)}, {second} {updates(m)}; "
            f"after the end of the {after} its last rate is taken to hold."
        )

    def _rates(self) -> tuple[str, ...]:
        if self.parts_at is None or self.most_at is None:
            return ("Their rates are equal at every step.",)
        (a, b), gap = told(*self.most), abs(self.most[0] - self.most[1])
        return (
            f"They part at step {figure(self.parts_at)}."
            if self.parts_at
            else "They part at step 0, the first.",
            f"They differ most at step {figure(self.most_at)}, by {figure(gap)} "
            f"({percent(gap / max(self.peaks))} of the higher peak): "
            f"there the first has the rate {a}, the second {b}.",
        )

    def _numbers(self) -> tuple[str, ...]:
        return tuple(self._number(what, values) for what, values in self._pairs())

    def _pairs(self) -> tuple[tuple[str, Pair], ...]:
        return (
            ("peak", self.peaks),
            ("last rate", self.ends),
            ("area S1", self.areas),
            (annealing_label(self.momentum, self.ignore_warmup), self.annealing_areas),
        )

    def _number(self, what: str, values: Pair) -> str:
        one, other = told(*values)
        if one == other:
            return f"The {what} of both is {one}."
        times = figure(values[1] / values[0]) if min(values) > 0 else "1"
        ratio = "" if times == "1" else f", {times} times as much"
        return f"The {what} of the first is {one}, that of the second {other}{ratio}."

    def _phases(self) -> tuple[str, ...]:
        if self.shares[0] == self.shares[1]:
            return ()
        lines = []
        for which, phases in zip(("first", "second"), self.shares, strict=True):
            parts = [f"{percent(share.steps)} on {name}" for name, share in phases.items()]
            if parts:
                lines.append(f"The {which} spends of its steps {listed(parts)}.")
        return tuple(lines)

    def __str__(self) -> str:
        return "\n".join(self.words)

    def _repr_html_(self) -> str:
        head = ("", *map(_called, ("first", "second"), self.names))
        counts = ("steps", *(figure(n) for n in self.steps))
        rows = [counts, *((what, *told(*values)) for what, values in self._pairs())]
        return f"{table(head, rows)}<p>{'<br>'.join(map(escape, self.words))}</p>"


def compare(
    a: Rates, b: Rates, *, rtol: float = 1e-12, momentum: float = 0.999, ignore_warmup: bool = True
) -> Comparison:
    """How two schedules differ: where they part, areas, last rates, in numbers and in words.

    After the end of the shorter its last rate is taken to hold, as it does in a trainer.

    Parameters
    ----------
    a, b : Schedule or array_like, shape (T,)
        Schedules, or the rate of every update; their lengths may differ.
    rtol : float
        Rates count as equal up to this share of the higher of the two peaks, from 0 to 1.
    momentum, ignore_warmup : float and bool
        Of the annealing area S2; see `annealing_area`.

    Returns
    -------
    Comparison
        Its ``words`` are the sentences that are shown.

    Raises
    ------
    ValueError
        For rates that are negative or not finite, or a setting outside its range.

    Examples
    --------
    >>> from workbench import hold, views
    >>> print(views.compare(hold(2_000, 0.5), hold(2_000, 0.25)).words[5])
    The area S1 of the first is 1,000, that of the second 500, 0.5 times as much.
    """
    rates = rates_of(a, "a"), rates_of(b, "b")
    rtol, momentum = number("rtol", rtol, Param(0, 1)), below_one("momentum", momentum)
    n = max(map(len, rates))
    first, second = (np.pad(each, (0, n - len(each)), mode="edge") for each in rates)
    peaks = float(rates[0].max()), float(rates[1].max())
    gap = np.abs(first - second)
    apart = gap > rtol * max(peaks)
    parts = bool(apart.any())
    most = int(np.argmax(gap)) if parts else n - 1
    return Comparison(
        names=(_name(a), _name(b)),
        steps=(len(rates[0]), len(rates[1])),
        parts_at=int(np.argmax(apart)) if parts else None,
        most_at=most if parts else None,
        most=(float(first[most]), float(second[most])),
        peaks=peaks,
        ends=(float(first[-1]), float(second[-1])),
        areas=_both(rates, np.sum),
        annealing_areas=_both(
            rates, lambda each: annealing_area(each, momentum, ignore_warmup=ignore_warmup)[-1]
        ),
        shares=(_shares(a), _shares(b)),
        momentum=momentum,
        ignore_warmup=ignore_warmup,
        rtol=rtol,
    )


def _both(rates: tuple[Array, Array], view: Callable[[Array], Any]) -> Pair:
    return float(view(rates[0])), float(view(rates[1]))


def _called(which: str, name: str) -> str:
    return f"{which} ({name})" if name else which


def _name(s: Rates) -> str:
    recipe = s.recipe if isinstance(s, Schedule) else None
    return str((recipe or {}).get("name", ""))


def _shares(s: Rates) -> Mapping[str, Share]:
    return shares(s) if isinstance(s, Schedule) else {}
