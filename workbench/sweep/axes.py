"""Grids, zips and lists: which parameters are given to which task."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from workbench.files import short
from workbench.sweep.parameter import Parameter

MAX_TASKS = 1_000_000


def values(parameter: Parameter, text: str) -> list[Any]:
    """The values that `text` of the command line lists, checked.

    ``1e-3,3e-3`` lists them; ``0:5`` and ``0:10:2`` count whole numbers like Python's ``range``;
    ``lin:0:1:5`` and ``log:1e-4:1e-2:5`` place numbers evenly, both ends included. For a parameter that is
    itself a list or a mapping, ``;`` separates the values.

    Raises
    ------
    ValueError
        Naming the parameter, what is allowed and what came.
    """
    spread = text.split(":")
    numeric = parameter.type in ("int", "float", "any") and len(spread) > 1
    if numeric and spread[0] in ("lin", "log"):
        return _spread(parameter, text, *spread)
    if numeric:
        try:
            found = range(*map(int, spread))
        except (ValueError, TypeError):
            found = range(0)
        # The length of a range of huge numbers cannot be asked for; whether it goes on can.
        if not found or found[MAX_TASKS:]:
            raise ValueError(
                f"{parameter.name}={short(text)} must be first:stop or first:stop:step in whole numbers, "
                f"at most {MAX_TASKS:,} of them"
            )
        return [parameter.check(value) for value in found]
    separator = ";" if parameter.type in ("list", "dict") else ","
    return [parameter.read(part.strip()) for part in text.split(separator)]


def product(
    grid: Mapping[str, Sequence[Any]], zipped: Mapping[str, Sequence[Any]], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every combination of the rows, the values of the grid and the zipped values, the last fastest.

    Raises
    ------
    ValueError
        For lists that are empty, zipped lists of different lengths, a name that is given twice, or more than
        `MAX_TASKS` combinations.
    """
    grid = {name: _listed(name, listed) for name, listed in grid.items()}
    zipped = {name: _listed(name, listed) for name, listed in zipped.items()}
    lengths = {name: len(listed) for name, listed in zipped.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise ValueError(f"zipped parameters must have lists of one length; got {said}")
    ways = [list(rows), *([{name: value} for value in listed] for name, listed in grid.items())]
    if zipped:
        ways.append([dict(zip(zipped, one, strict=True)) for one in zip(*zipped.values(), strict=True)])
    names = [name for way in ways for name in dict.fromkeys(n for one in way for n in one)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice: say its values in one place")
    count = int(np.prod([float(len(way)) for way in ways]))
    if count > MAX_TASKS:
        raise ValueError(f"a sweep must have at most {MAX_TASKS:,} tasks; these values make {count:,}")
    return [{k: v for one in chosen for k, v in one.items()} for chosen in itertools.product(*ways)]


def _listed(name: str, listed: Any) -> list[Any]:
    # Once: a generator has its values for one reader.
    good = isinstance(listed, Iterable) and not isinstance(listed, str | bytes | Mapping)
    values = list(itertools.islice(listed, MAX_TASKS + 1)) if good else []
    if not values:
        raise ValueError(f"{name} must have a list of values that is not empty; got {short(listed)}")
    return values


def _spread(parameter: Parameter, text: str, kind: str, *rest: str) -> list[Any]:
    try:
        low, high, count = float(rest[0]), float(rest[1]), int(rest[2])
        if len(rest) != 3 or not 2 <= count <= MAX_TASKS or (kind == "log" and min(low, high) <= 0):
            raise ValueError
        if not math.isfinite(high - low):
            raise ValueError
        found = np.linspace(low, high, count) if kind == "lin" else np.geomspace(low, high, count)
    except (ValueError, IndexError):
        raise ValueError(
            f"{parameter.name}={short(text)} must be {kind}:low:high:count with finite ends"
            + (" above 0" if kind == "log" else "")
            + f" and a count from 2 to {MAX_TASKS:,}"
        ) from None
    return [parameter.check(float(f"{value:.12g}")) for value in found]
