"""Sliders and choosers made from the arguments of a registered builder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from workbench.params import Choice, Flag, Param
from workbench.registry import Field

LAYOUT = widgets.Layout(width="310px")
STYLE = {"description_width": "84px"}
_LOG_STEP = 0.001
_DIGITS = 3
"""Significant digits of a value from a logarithmic slider, whose own steps are a little finer."""


def control(field: Field, value: Any, ranges: Mapping[str, tuple[float, float]]) -> widgets.ValueWidget:
    """The control of one argument, at `value`; `ranges` overrides what a slider offers, by name."""
    param = field.param
    common = {"description": field.name, "tooltip": _tip(field), "layout": LAYOUT, "style": STYLE}
    if isinstance(param, Choice):
        return widgets.Dropdown(options=param.options, value=value, **common)
    if isinstance(param, Flag):
        return widgets.Checkbox(value=value, **common)
    if not isinstance(param, Param):
        return widgets.Text(value=value, continuous_update=False, **common)
    low, high = ranges.get(field.name, param.slider or (param.low, param.high))
    low, high = min(low, value), max(high, value)
    if param.log:
        ends = {"min": math.log10(low), "max": math.log10(high), "base": 10}
        digits = ",.0f" if field.type is int else ".2e"
        return widgets.FloatLogSlider(value=value, step=_LOG_STEP, readout_format=digits, **ends, **common)
    digits = ".3f" if high - low <= 2 else ".1f"
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=(high - low) / 200, readout_format=digits, **common
    )


def read(field: Field, value: Any) -> Any:
    """A control's value as the builder's argument: a logarithmic slider gives round numbers."""
    if isinstance(field.param, Param) and field.param.log:
        value = float(f"{value:.{_DIGITS}g}")
    return int(round(value)) if field.type is int else value


def shown(field: Field, values: Mapping[str, Any]) -> bool:
    """Whether an argument counts beside the other `values`."""
    only = getattr(field.param, "only", None)
    return only is None or values.get(only[0]) == only[1]


def _tip(field: Field) -> str:
    unit = getattr(field.param, "unit", "")
    return f"{field.param.help}{f' ({unit})' if unit else ''}; {field.param.allowed}"
