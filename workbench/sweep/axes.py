"""Grids, zips and lists: which parameters are given to which task."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

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
            found = list(range(*map(int, spread)))
        except (ValueError, TypeError):
            found = []
        if not found or len(found) > MAX_TASKS:
            raise ValueError(
                f"{parameter.name}={text} must be first:stop or first:stop:step in whole numbers"
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
    for name, listed in [*grid.items(), *zipped.items()]:
        if isinstance(listed, str | bytes | Mapping) or not isinstance(listed, Iterable) or not list(listed):
            raise ValueError(f"{name} must have a list of values that is not empty; got {listed!r}")
    lengths = {name: len(list(listed)) for name, listed in zipped.items()}
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


def _spread(parameter: Parameter, text: str, kind: str, *rest: str) -> list[Any]:
    try:
        low, high, count = float(rest[0]), float(rest[1]), int(rest[2])
        if len(rest) != 3 or count < 2 or (kind == "log" and min(low, high) <= 0):
            raise ValueError
        found = np.linspace(low, high, count) if kind == "lin" else np.geomspace(low, high, count)
    except (ValueError, IndexError):
        raise ValueError(
            f"{parameter.name}={text} must be {kind}:low:high:count with a count of at least 2"
            + (" and ends above 0" if kind == "log" else "")
        ) from None
    return [parameter.check(float(f"{value:.12g}")) for value in found]
