"""Sliders and choosers made from the arguments of a registered builder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets as widgets

from workbench.params import Choice, Flag, Numbers, Param
from workbench.registry import Field

LAYOUT = {"width": "310px"}
STYLE = {"description_width": "84px"}
_DIGITS = (
    *(1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.2, 2.4, 2.5, 2.7, 3),
    *(3.3, 3.6, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9),
)
"""What a logarithmic slider offers of each decade, about evenly spread."""


def control(field: Field, value: Any, ranges: Mapping[str, tuple[float, float]]) -> widgets.ValueWidget:
    """The control of one argument, at `value`; `ranges` overrides what a slider offers, by name."""
    param = field.param
    common = {"description": field.name, "tooltip": _tip(field), "layout": LAYOUT, "style": STYLE}
    if isinstance(param, Choice):
        return widgets.Dropdown(options=param.options, value=value, **common)
    if isinstance(param, Flag):
        return widgets.Checkbox(value=value, **common)
    if isinstance(param, Numbers):
        text = ", ".join(f"{number:.12g}" for number in value)
        return widgets.Text(value=text, continuous_update=False, **common)
    if not isinstance(param, Param):
        return widgets.Text(value=value, continuous_update=False, **common)
    low, high = ranges.get(field.name, param.slider or (param.low, param.high))
    low, high = min(low, value), max(high, value)
    if param.log:
        offered = _round_numbers(low, high, value, whole=field.type is int)
        return widgets.SelectionSlider(options=[(plain(x), x) for x in offered], value=value, **common)
    digits = ".3f" if high - low <= 2 else ".1f"
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=(high - low) / 200, readout_format=digits, **common
    )


def read(field: Field, value: Any) -> Any:
    """A control's value as the builder's argument."""
    return int(round(value)) if field.type is int else value


def shown(field: Field, values: Mapping[str, Any]) -> bool:
    """Whether an argument counts beside the other `values`."""
    only = getattr(field.param, "only", None)
    return only is None or values.get(only[0]) == only[1]


def hide(fields: Iterable[Field], controls: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Hide the controls that do not count beside `values`, and show the others."""
    for field in fields:
        controls[field.name].layout.display = None if shown(field, values) else "none"


def plain(value: float) -> str:
    """A number as people write it: 24,000, 0.25, 5e-3."""
    if 0.1 <= abs(value) < 1e7:
        return f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"


def _round_numbers(low: float, high: float, value: float, *, whole: bool) -> list[float]:
    """Round numbers, about evenly spread in the logarithm, with both ends and `value` itself.

    A slider over the logarithm would show 23,993 where 24,000 is meant.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    offered = {float(f"{digits}e{decade}") for decade in decades for digits in _DIGITS}
    inside = {x for x in offered if low <= x <= high} | {low, high, value}
    return sorted({int(round(x)) if whole else float(x) for x in inside})


def _tip(field: Field) -> str:
    unit = getattr(field.param, "unit", "")
    return f"{field.param.help}{f' ({unit})' if unit else ''}; {field.param.allowed}"
