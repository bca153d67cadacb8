"""How the curves are looked at: axes, smoothing, and whether the loss of the batches is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from workbench.explore.alone import alone
from workbench.explore.parts import row
from workbench.explore.studio.axis import STEPS, TOKENS, UNITS
from workbench.explore.studio.tracks import Tracks


class View:
    """Controls of `Tracks`; `log` is whether the loss axis is logarithmic.

    Parameters
    ----------
    tracks : Tracks
        What is looked at.
    on_change : callable
        Called after a change, when the tracks are drawn anew.
    """

    def __init__(self, tracks: Tracks, on_change: Callable[[], None]) -> None:
        self._tracks, self._on_change = tracks, on_change
        style = {"description_width": "initial"}
        self.unit = widgets.Dropdown(
            options=UNITS, value=STEPS, description="x axis", style=style, layout={"width": "190px"}
        )
        self.smoothing = widgets.FloatSlider(
            value=0,
            min=0,
            max=0.98,
            step=0.02,
            description="smoothing",
            readout_format=".2f",
            style=style,
            layout={"width": "270px"},
            tooltip="share of the points before that counts; 0 shows what was measured",
        )
        self.logarithmic = widgets.Checkbox(
            value=False, description="log loss axis", indent=False, layout={"width": "auto"}
        )
        self.train = widgets.Checkbox(
            value=False, description="loss of the batches", indent=False, layout={"width": "auto"}
        )
        for control in (self.unit, self.smoothing, self.logarithmic, self.train):
            control.observe(self._changed, "value")
        self.box = row([self.unit, self.smoothing, self.logarithmic, self.train])

    @property
    def log(self) -> bool:
        """Whether the loss axis is logarithmic."""
        return self.logarithmic.value

    @alone
    def offer(self) -> None:
        """Offer tokens only where the lanes say how many an update takes."""
        units = UNITS if self._tracks.batch_tokens else tuple(unit for unit in UNITS if unit != TOKENS)
        if self.unit.options != units:
            value = self.unit.value if self.unit.value in units else STEPS
            with self.unit.hold_trait_notifications():
                self.unit.options = units
                self.unit.value = value

    @alone
    def _changed(self, _: Any) -> None:
        self._tracks.look(unit=self.unit.value, smoothing=self.smoothing.value, train=self.train.value)
        self._on_change()
