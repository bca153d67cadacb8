"""Tables of sweeps and runs of a store, as points: columns by their usual names, units as said."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workbench.curve import Run
from workbench.files import short
from workbench.params import Param, number
from workbench.scaling.table import COLUMNS, CONVENTION, Points

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "n_params": ("n_params", "params", "parameters", "model size", "n", "size"),
    "tokens": ("tokens", "n_tokens", "training tokens", "d"),
    "loss": ("loss", "val_loss", "final_loss", "validation loss"),
    "flops": ("flops", "flop", "compute", "training flop", "training flops", "c"),
    "unique_tokens": ("unique_tokens",),
    "steps": ("steps", "updates"),
}
_NEEDED = ("n_params", "tokens", "flops")
_UNIT = Param(0, 1e30, open_low=True)


def points(
    data: Any,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Points:
    """Points from a table, a CSV file, runs, or a store.

    Where only two of size, tokens and FLOPs are there, the third is ``flops = 6 n_params tokens``.

    Parameters
    ----------
    data : Points, mapping of columns, pandas.DataFrame, path of a CSV file, Store, or sequence of Run
        One row per finished run.
    columns : mapping, optional
        Our name to the table's: ``{"n_params": "N"}``; usual names are found without it.
    units : mapping, optional
        Our name to what one unit of the table's column is: ``{"tokens": 1e9}``.
    facts : mapping, optional
        Plain values that are kept: "counting", "loss", "source".

    Raises
    ------
    ValueError
        When a column is missing or means two things, or as for `Points`.

    Notes
    -----
    Runs say their size in ``task["n_params"]`` (or the fact of that name), and their tokens per update in
    ``batch_tokens``. Runs that diverged or were stopped are refused, as their loss is not that of their
    schedule: leave them out (``store.table(status="finished")`` lists the others).
    """
    if isinstance(data, Points):
        return data
    if hasattr(data, "ids") and hasattr(data, "load"):
        data = [data.load(id) for id in data.ids()]
    if isinstance(data, str | os.PathLike):
        data = _csv(Path(data))
    elif not hasattr(data, "keys"):
        data = _runs(data)
    names = [str(name) for name in data.keys()]  # noqa: SIM118, a DataFrame iterates over its columns too
    _known(columns, "columns")
    _known(units, "units")
    found = {}
    for ours in COLUMNS:
        theirs = (columns or {}).get(ours) or _find(ours, names)
        if theirs is None:
            continue
        if theirs not in names:
            raise ValueError(f"columns[{ours!r}] must be one of {short(names)}; got {theirs!r}")
        unit = number(f"units[{ours!r}]", (units or {}).get(ours, 1.0), _UNIT)
        found[ours] = _numbers(ours, data[theirs]) * unit
    if "loss" not in found:
        raise ValueError(
            f"the table needs a column of losses; it has {short(names)}: say columns={{'loss': ...}}"
        )
    given = [name for name in _NEEDED if name in found]
    if len(given) < 2:
        raise ValueError(
            f"the table needs two of n_params, tokens and flops; it has {' and '.join(given) or 'none'}: say "
            "columns={'n_params': ..., 'tokens': ...}"
        )
    about = dict(facts or {})
    if "tokens" not in found:
        found["tokens"] = found["flops"] / (6 * found["n_params"])
        about.setdefault("tokens", "flops / (6 n_params)")
    if "n_params" not in found:
        found["n_params"] = found["flops"] / (6 * found["tokens"])
        about.setdefault("counting", "flops / (6 tokens)")
    about.setdefault("flops", "as given" if "flops" in found else CONVENTION)
    return Points(**found, facts=about)


def _known(given: Mapping[str, Any] | None, what: str) -> None:
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"{what} must map names such as 'tokens' to values; got {short(given)}")
    for name in given or {}:
        if name not in COLUMNS:
            raise ValueError(f"{what} may name {', '.join(COLUMNS)}; got {name!r}")


def _find(ours: str, names: list[str]) -> str | None:
    """The first usual name that the table has; a capital N is parameters, a small n the same."""
    folded = {}
    for name in names:
        folded.setdefault(name.strip().casefold(), name)
    return next((folded[usual] for usual in _KNOWN[ours] if usual in folded), None)


def _numbers(name: str, values: Any) -> np.ndarray:
    try:
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a column of numbers; got {short(values)}") from None


def _csv(path: Path) -> dict[str, list[str]]:
    import csv

    try:
        with path.expanduser().open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a CSV file that can be read: {error}") from None
    if len(rows) < 2:
        raise ValueError(f"{path} must have a line of names and at least one row; got {len(rows)} lines")
    head, body = rows[0], [row for row in rows[1:] if row]
    ragged = next((i for i, row in enumerate(body) if len(row) != len(head)), None)
    if ragged is not None:
        raise ValueError(f"row {ragged} of {path} must have {len(head)} cells; got {len(body[ragged])}")
    columns = {name: [row[i] for row in body] for i, name in enumerate(head)}
    return {name: [cell or "nan" for cell in cells] for name, cells in columns.items()}


def _runs(data: Any) -> dict[str, list[float]]:
    runs = list(data) if isinstance(data, Iterable) else []
    if not runs or not all(isinstance(run, Run) for run in runs):
        raise ValueError(
            "data must be a table of columns, the path of a CSV file, a store, or a list of runs; got "
            f"{short(data)}"
        )
    out: dict[str, list[float]] = {"n_params": [], "tokens": [], "loss": [], "steps": []}
    for i, run in enumerate(runs):
        known = {**run.facts, **run.task}
        if known.get("status", "finished") != "finished":
            raise ValueError(f"run {i} must be finished; it is {known['status']!r}: leave it out")
        for name in ("n_params", "batch_tokens"):
            if known.get(name) is None:
                raise ValueError(f"run {i} must say {name} in its task or facts; it does not")
        steps = len(run.curve) and int(run.curve.step[-1]) + 1
        out["n_params"].append(known["n_params"])
        out["tokens"].append(steps * known["batch_tokens"])
        out["steps"].append(steps)
        out["loss"].append(run.final_loss)
    return out
