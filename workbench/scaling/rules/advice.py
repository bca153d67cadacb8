"""What a rule says of a run, and what of it lies beyond what the rule was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.views.words import figure


@dataclass(frozen=True)
class Advice:
    """Values for a run.

    Parameters
    ----------
    rate : float, optional
        Peak learning rate.
    batch_tokens : float, optional
        Tokens of an update.
    weight_decay : float, optional
        As AdamW takes it: multiplied by the rate.
    eps : float, optional
        Of Adam.
    intervals : mapping
        90 % interval of those that have one, by name.
    notes : tuple of str
        What of it lies beyond the rule's data.
    """

    rate: float | None = None
    batch_tokens: float | None = None
    weight_decay: float | None = None
    eps: float | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = []
        for name in ("rate", "batch_tokens", "weight_decay", "eps"):
            value = getattr(self, name)
            if value is not None:
                low, high = self.intervals.get(name, (None, None))
                band = f" ({figure(low, 3)} to {figure(high, 3)})" if low is not None and high else ""
                parts.append(f"{name} {figure(value, 3)}{band}")
        return "; ".join([*parts, *self.notes])


def beyond(**given: tuple[float, float, float]) -> tuple[str, ...]:
    """A sentence for each ``name=(value, low, high)`` whose value is outside of what a rule was fitted on."""
    out = []
    for name, (value, low, high) in given.items():
        if not low <= value <= high:
            out.append(
                f"{name} {figure(value, 3)} is outside of the {figure(low, 3)} to {figure(high, 3)} that the "
                "rule was fitted on"
            )
    return tuple(out)
