"""What a scaling law is fitted to: finished runs, each with one size, one number of tokens and one loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.files import short
from workbench.params import Param

Array = NDArray[np.float64]

COLUMNS = ("n_params", "tokens", "loss", "flops", "unique_tokens", "steps")
"""What a point may say of itself; the first three are needed."""

_ALLOWED = {
    "n_params": (2e3, 1e15, "parameters"),
    "tokens": (3e4, 1e17, "tokens"),
    "loss": (1e-3, 30.0, "nats per token"),
    "flops": (1e9, 1e30, "FLOPs"),
    "unique_tokens": (3e4, 1e17, "tokens"),
    "steps": (1.0, 1e9, "updates"),
}
"""Smallest and largest value: wide for runs, and too narrow for a column in another unit by 1e9."""
_COUNTING = 10.0
"""Conventions of counting FLOPs differ by less than this factor; a wrong unit does not."""
CONVENTION = "6ND"
SEED = Param(0, 2**32 - 1, help="seed of draws")


@dataclass(frozen=True, eq=False)
class Points:
    """Finished runs, one row each.

    Parameters
    ----------
    n_params : array_like, shape (n,)
        Number of parameters, by whatever counting `facts` says.
    tokens : array_like, shape (n,)
        Tokens trained on, repeated ones included.
    loss : array_like, shape (n,)
        Final loss in nats per token (or per byte), above 0.
    flops : array_like, shape (n,), optional
        Training compute; ``6 n_params tokens`` where it is not given.
    unique_tokens : array_like, shape (n,), optional
        Different tokens among those trained on.
    steps : array_like, shape (n,), optional
        Updates.
    facts : mapping
        Units and conventions as plain values: "counting", "loss", "source", "flops".

    Raises
    ------
    ValueError
        When a column has another length, misses values, or has values in another unit (sizes or tokens
        in billions, a loss that no vocabulary gives, FLOPs that are not near ``6 n_params tokens``).
    """

    n_params: Array
    tokens: Array
    loss: Array
    flops: Array | None = None
    unique_tokens: Array | None = None
    steps: Array | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        length = None
        for name in COLUMNS:
            given = getattr(self, name)
            if given is None and name not in COLUMNS[:3]:
                continue
            column = _column(name, given)
            length = len(column) if length is None else length
            if len(column) != length:
                raise ValueError(f"{name} must have the length of n_params, {length}; got {len(column)}")
            object.__setattr__(self, name, column)
        if self.flops is not None:
            _agree(self.flops, 6 * self.n_params * self.tokens)
        if self.unique_tokens is not None and np.any(self.unique_tokens > self.tokens * (1 + 1e-9)):
            raise ValueError("unique_tokens must be at most tokens, of which they are a part")

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        size, tokens = (f"{c.min():.3g} to {c.max():.3g}" for c in (self.n_params, self.tokens))
        return f"<Points: {len(self)} runs, {size} parameters, {tokens} tokens>"

    @property
    def compute(self) -> Array:
        """Training compute of each run, ``6 n_params tokens`` where none was given."""
        return 6 * self.n_params * self.tokens if self.flops is None else self.flops

    @property
    def convention(self) -> str:
        """How `compute` was counted."""
        return CONVENTION if self.flops is None else str(self.facts.get("flops", "as given"))

    def column(self, name: str) -> Array:
        """A column by name, "compute" among them.

        Raises
        ------
        ValueError
            When these runs do not have it.
        """
        found = self.compute if name == "compute" else getattr(self, name, None) if name in COLUMNS else None
        if found is None:
            raise ValueError(f"this law needs the column {name!r} for every run; the table does not have it")
        return found

    def take(self, rows: ArrayLike) -> Points:
        """The runs that a mask or indices choose."""
        rows = np.asarray(rows)
        picked = {name: getattr(self, name)[rows] for name in COLUMNS if getattr(self, name) is not None}
        return replace(self, **picked)

    def without_worst(self, count: int) -> Points:
        """The runs less the `count` of highest loss, in their order."""
        if isinstance(count, bool) or not 0 <= count < len(self):
            raise ValueError(f"count must be at least 0 and below {len(self)}; got {count!r}")
        keep = np.sort(np.argsort(self.loss, kind="stable")[: len(self) - count])
        return self.take(keep)


def _column(name: str, given: Any) -> Array:
    low, high, unit = _ALLOWED[name]
    try:
        column = np.array(given, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be numbers; got {type(given).__name__} with something else") from None
    if column.ndim != 1 or not len(column):
        raise ValueError(f"{name} must be a column of at least one number; got the shape {column.shape}")
    missing = ~np.isfinite(column)
    if missing.any():
        raise ValueError(
            f"{name} is missing or not finite in {missing.sum()} of {len(column)} rows, the first of them "
            f"row {int(np.argmax(missing))}: fill these in, or leave the runs out"
        )
    if np.any(column <= 0):
        worst = int(np.argmin(column))
        raise ValueError(f"{name} must be above 0 {unit}; got {column[worst]:g} in row {worst}")
    outside = (column < low) | (column > high)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"{name} must be {low:g} to {high:g} {unit}; got {column[row]:g} in row {row}: is it in another "
            f"unit? (billions: units={{{name!r}: 1e9}})"
        )
    column.flags.writeable = False
    return column


def _agree(flops: Array, product: Array) -> None:
    ratio = float(np.median(flops / product))
    if not 1 / _COUNTING <= ratio <= _COUNTING:
        raise ValueError(
            f"flops must be near 6 n_params tokens, by whatever convention; they are {ratio:.3g} times that: "
            "one of the three columns is in another unit"
        )


@dataclass(frozen=True, eq=False)
class Place:
    """Where a law is asked: sizes and tokens, and what some laws need beside, of shapes that broadcast."""

    n_params: Any
    tokens: Any
    unique_tokens: Any = None
    steps: Any = None
    flops: Any = None

    @property
    def compute(self) -> Any:
        """``6 n_params tokens``, or the FLOPs given."""
        return 6 * self.n_params * self.tokens if self.flops is None else self.flops

    def row(self) -> Place:
        """The same as rows (1, m), for parameters of shape (S, 1)."""
        given = [value for value in self._all().values() if value is not None]
        shape = np.broadcast_shapes(*map(np.shape, given))
        flat = {
            k: None if v is None else np.broadcast_to(v, shape).reshape(1, -1) for k, v in self._all().items()
        }
        return Place(**flat)

    def _all(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def column(self, name: str) -> Any:
        """A quantity by name."""
        found = getattr(self, name)
        if found is None:
            raise ValueError(f"this law needs {name}, beside n_params and tokens, to predict")
        return found


def quantity(name: str, value: Any) -> Array:
    """A number or array of them above 0, as float64.

    Raises
    ------
    ValueError
        Naming the argument and what came.
    """
    try:
        out = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        out = np.array(np.nan)
    if not np.all(np.isfinite(out) & (out > 0)) or isinstance(value, bool):
        raise ValueError(f"{name} must be a finite number above 0, or an array of them; got {short(value)}")
    return out


def where(
    n_params: Any, tokens: Any, unique_tokens: Any = None, steps: Any = None, flops: Any = None
) -> Place:
    """A checked `Place`, its values of one shape."""
    given = {
        "n_params": n_params,
        "tokens": tokens,
        "unique_tokens": unique_tokens,
        "steps": steps,
        "flops": flops,
    }
    values = {name: quantity(name, value) for name, value in given.items() if value is not None}
    try:
        shape = np.broadcast_shapes(*(value.shape for value in values.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in values.items())
        raise ValueError(f"n_params and tokens must have shapes that broadcast; got {shapes}") from None
    return Place(**{name: np.broadcast_to(value, shape) for name, value in values.items()})
