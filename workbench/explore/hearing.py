"""What a browser may say to a figure, checked: it is not ours, so nothing of it is believed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

Points = list[tuple[float, float]]
_MOST = 4_096


def clicked(content: Mapping[str, Any], keys: Collection[str]) -> tuple[str, float, float]:
    """Key, x and y of a click on a line.

    Raises
    ------
    ValueError
        For a line that is not drawn, or a place that is not two finite numbers.
    """
    key = content.get("key")
    if not isinstance(key, str) or key not in keys:
        raise ValueError(f"key of a click must be a drawn line; got {_cut(key)}")
    return key, _number("x of a click", content.get("x")), _number("y of a click", content.get("y"))


def dragged(content: Mapping[str, Any], handles: Points, mark: float | None) -> tuple[Points, bool]:
    """Points that the handles were dragged to, and whether the drag has ended.

    Raises
    ------
    ValueError
        Where their number is not that of the handles, they are not finite, x falls or a y is negative, or
        a handle of the past (x up to `mark`) has moved.
    """
    found, done = content.get("points"), content.get("done")
    if not isinstance(done, bool):
        raise ValueError(f"done of a drag must be true or false; got {_cut(done)}")
    points = pairs("points of a drag", found)
    if len(points) != len(handles):
        raise ValueError(f"points of a drag must be {len(handles)}; got {len(points)}")
    for was, now in zip(handles, points, strict=True):
        if mark is not None and was[0] <= mark and not (_near(was[0], now[0]) and _near(was[1], now[1])):
            raise ValueError(f"points of a drag must leave the past, up to {mark:g}, as it is; got {now}")
        if mark is not None and was[0] > mark and now[0] < mark and not _near(now[0], mark):
            raise ValueError(f"points of a drag must not go back beyond {mark:g}; got {now}")
    return points, done


def pairs(name: str, found: Any) -> Points:
    """A list of (x, y): finite, x not falling, y not negative.

    Raises
    ------
    ValueError
        Naming `name`, what is allowed and what came.
    """
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) > _MOST:
        raise ValueError(f"{name} must be a list of at most {_MOST} pairs (x, y); got {_cut(found)}")
    out: Points = []
    for pair in found:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"{name} must be pairs (x, y); got {_cut(pair)}")
        out.append((_number(f"x in {name}", pair[0]), _number(f"y in {name}", pair[1])))
    for (a, _), (b, _) in zip(out, out[1:], strict=False):
        if b < a:
            raise ValueError(f"{name} must have an x that does not fall; got {b:g} after {a:g}")
    if any(y < 0 for _, y in out):
        raise ValueError(f"{name} must have no negative y; got {min(y for _, y in out):g}")
    return out


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) and not hasattr(value, "__float__"):
        raise ValueError(f"{name} must be a number; got {_cut(value)}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number; got {_cut(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite; got {_cut(value)}")
    return number


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12)


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
