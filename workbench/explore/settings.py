"""What the start page can ask: which model the law was measured on, and what can be trained to check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench import defaults
from workbench.fitted import Fit


@dataclass(frozen=True)
class Setting:
    """A fitted law with the sliders that suit it and, where there is one, the task that it describes.

    Parameters
    ----------
    title : str
        Shown in the chooser.
    law : str
        Name of the shipped fit.
    unit : str
        Of the loss.
    args : mapping
        Arguments of builders at the start.
    ranges : mapping
        What sliders offer, by argument.
    task : callable, optional
        Makes the task that Train trains.
    """

    title: str
    law: str
    unit: str
    args: Mapping[str, Any]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    task: Callable[[], Any] | None = None

    def fit(self) -> Fit:
        """The shipped fit."""
        return defaults.load(self.law)


def _gpt() -> Any:
    from workbench.train import tasks

    return tasks.gpt(preset="0.1M")


SETTINGS: Mapping[str, Setting] = {
    "gpt": Setting(
        title="Small GPT (trains here)",
        law="gpt/0.1M",
        unit="nats per byte",
        args={"total": 1000, "peak": 5e-3, "warmup": 0.03, "decay": 0.2},
        ranges={"total": (400, 3000), "peak": (1e-3, 2e-2)},
        task=_gpt,
    ),
    "llama": Setting(
        title="100M LLaMA (public curves)",
        law="multipower/100M",
        unit="nats per token",
        args={"total": 24_000, "peak": 3e-4, "warmup": 0.09, "decay": 0.2, "floor": 0.1},
        ranges={"total": (8_000, 72_000), "peak": (1e-4, 1e-3)},
    ),
}
"""Every setting of the start page, the first being the default."""
