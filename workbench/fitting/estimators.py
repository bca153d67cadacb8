"""Estimators of a law's parameters: the raw optimum, and ones that hold what short data leave open.

The multi-power law trades the size of a drop's gain (B) for its speed (C, beta, gamma), and the raw
optimum uses that freedom to follow noise. Its simpler form, in which a drop pays off at once, has no
such freedom: what it says of B is held, or is a prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.fitting.problem import Part, Problem
from workbench.fitting.sample import Sample
from workbench.fitting.solver import FAR
from workbench.params import Param, known, number
from workbench.registry import Entry


@dataclass(frozen=True)
class Estimator:
    """How parameters are estimated.

    Parameters
    ----------
    name : str
        As in ``fit(..., estimator=name)``.
    weights : str
        See `workbench.fitting.weights.weigh`.
    width : float, optional
        Relative width of the prior of the law's anchors around what its simpler form says: none, so
        that all are free, or 0, so that they are held there.
    """

    name: str
    weights: str
    width: float | None = None
    typical: bool = True


_WIDTH = Param(1e-6, 1e3, help="relative width of a prior")
RAW = Estimator("raw", "points", typical=False)
FREE = Estimator("free", "log")
_ANCHORED = tuple(
    Estimator(name, "log", width)
    for name, width in (("soft 10 %", 0.1), ("soft 3 %", 0.03), ("soft 1 %", 0.01), ("held", 0.0))
)


def candidates(entry: Entry) -> tuple[Estimator, ...]:
    """Every estimator of a law; those with a prior where the law says what its anchors are."""
    return (RAW, FREE, *(_ANCHORED if entry.anchors else ()))


def standing(entry: Entry) -> Estimator:
    """The estimator that predicted left-out training curves of the public data best."""
    return named(entry, entry.estimator or FREE.name)


def named(entry: Entry, name: object) -> Estimator:
    """The estimator called `name`."""
    table = {estimator.name: estimator for estimator in candidates(entry)}
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"estimator of {entry.name} must be one of {', '.join(table)}; got {name!r}")
    return table[name]


@dataclass(frozen=True)
class Known:
    """What is not fitted, by name, and the priors of what is: value and relative width."""

    fixed: Mapping[str, float]
    prior: Mapping[str, tuple[float, float]]

    def join(self, centres: Mapping[str, float], width: float | None) -> Known:
        """With the anchors held, or near, `centres`; what is known already stays."""
        new = {name: v for name, v in centres.items() if name not in self.fixed and name not in self.prior}
        if width is None or not new:
            return self
        if width == 0:
            return Known({**self.fixed, **new}, self.prior)
        return Known(self.fixed, {**self.prior, **{name: (value, width) for name, value in new.items()}})


def anchored(
    sample: Sample, parts: Sequence[Part], known: Known, near: Mapping[str, float]
) -> dict[str, float]:
    """Values of the anchors by the law's simpler form on `parts`, solved from `near`."""
    entry = sample.entry
    simple = {name: v for name, v in (entry.simple or {}).items() if name not in known.fixed}
    if not entry.anchors or all(name in known.fixed or name in known.prior for name in entry.anchors):
        return {}
    held = {**known.fixed, **simple}
    problem = Problem(entry, parts, held, known.prior, typical=True, x=sample.stack(parts))
    params = problem.params(problem.solve(problem.at(near), FAR).z)
    return {name: params[name] for name in entry.anchors}


def knowing(
    entry: Entry,
    fixed: Mapping[str, float] | None,
    prior: Mapping[str, tuple[float, float]] | None,
    free: Sequence[str],
) -> Known:
    """What a user holds or knows, checked."""
    held, soft = dict(fixed or {}), dict(prior or {})
    names = [field.name for field in entry.fields]
    known(names, [*held, *soft, *free], f"law {entry.name}")
    both = [name for name in held if name in soft or name in free]
    if both:
        raise ValueError(f"{both[0]} is fixed, so that it can be neither free nor have a prior")
    for field in entry.fields:
        if not field.required and field.name not in (*soft, *free):
            held.setdefault(field.name, field.default)
    held = {field.name: field.check(held[field.name]) for field in entry.fields if field.name in held}
    if len(held) == len(names):
        raise ValueError(f"fixed must leave a parameter of {entry.name} to fit; got all of them")
    for field in entry.fields:
        if field.name in soft:
            pair = soft[field.name]
            if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
                raise ValueError(f"prior of {field.name} must be (value, relative width); got {pair!r}")
            width = number(f"width of {field.name}", pair[1], _WIDTH)
            soft[field.name] = (field.check(pair[0]), width)
            if soft[field.name][0] == 0:
                raise ValueError(f"prior of {field.name} must not be 0, which has no relative width")
    return Known(held, soft)
