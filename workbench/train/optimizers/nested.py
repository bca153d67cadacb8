"""What a library's optimizer remembers, as named tensors and plain values, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.files import short


def apart(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """`value` as JSON holds it; its tensors are added to `tensors` under names that begin with `name`.

    Raises
    ------
    ValueError
        For what is neither a tensor nor plain, such as a random generator.
    """
    if isinstance(value, Tensor):
        tensors[name] = value.detach().clone()
        return {"tensor": name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [apart(each, f"{name}.{i}", tensors) for i, each in enumerate(value)]}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, Mapping) and all(isinstance(key, str | int | float) for key in value):
        return {"map": [[key, apart(each, f"{name}.{key}", tensors)] for key, each in value.items()]}
    raise ValueError(f"{name} must be numbers, text or tensors to be kept; got {type(value).__name__}")


def together(kept: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The value that `apart` took apart, in memory of its own."""
    if isinstance(kept, Mapping) and len(kept) == 1:
        ((kind, value),) = kept.items()
        if kind == "tensor" and value in tensors:
            return tensors[value].clone()
        if kind == "float" and value in ("nan", "inf", "-inf"):
            return float(value)
        if kind == "value" and (value is None or isinstance(value, bool | int | float | str)):
            return value
        if kind in ("list", "tuple") and isinstance(value, list):
            parts = [together(each, tensors) for each in value]
            return parts if kind == "list" else tuple(parts)
        if kind == "dtype" and isinstance(dtype := getattr(torch, str(value), None), torch.dtype):
            return dtype
        if kind == "map" and isinstance(value, list):
            return {key: together(each, tensors) for key, each in value}
    raise ValueError(f"what was kept of an optimizer cannot be read: {short(kept)}")
