"""Python values as JSON and back, equal: JSON has no infinities, NaN and tuples, so they are tagged."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

_DEPTH = 50


def encode(value: Any, place: str) -> Any:
    """`value` as what JSON holds.

    Text, numbers, booleans, None, lists, tuples and mappings with text as names pass, nested at will.
    A float that is not finite becomes ``{"$float": "nan"}``, a tuple ``{"$tuple": [...]}``; NumPy's
    scalars become Python's.

    Parameters
    ----------
    value : object
        What is to be written.
    place : str
        What it is called in the error, such as "facts".

    Raises
    ------
    ValueError
        For anything else, naming its place.
    """
    return _encode(value, place, _DEPTH)


def decode(value: Any) -> Any:
    """The value that `encode` wrote."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$float"} and value["$float"] in ("nan", "inf", "-inf"):
        return float(value["$float"])
    if set(value) == {"$tuple"} and isinstance(value["$tuple"], list):
        return tuple(decode(item) for item in value["$tuple"])
    return {key: decode(item) for key, item in value.items()}


def _encode(value: Any, place: str, depth: int) -> Any:
    if depth == 0:
        raise ValueError(f"{place.split('[')[0]} must be nested at most {_DEPTH} deep")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": str(float(value))}
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, f"{place}[{i}]", depth - 1) for i, item in enumerate(value)]}
    if isinstance(value, list):
        return [_encode(item, f"{place}[{i}]", depth - 1) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or key.startswith("$"):
                raise ValueError(f"names in {place} must be text that does not start with '$'; got {key!r}")
        return {str(key): _encode(item, f"{place}[{key!r}]", depth - 1) for key, item in value.items()}
    raise ValueError(
        f"{place} must be text, a number, true, false, none, or a list or mapping of these; "
        f"got {type(value).__name__}"
    )
