"""Fitted laws that ship with the package, parameters with their provenance: no download, no fit."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from workbench.fitted import Fit

_FILE = "defaults.json"


def names() -> list[str]:
    """Every shipped fit."""
    return list(_all())


def load(name: str) -> Fit:
    """The shipped fit called `name`; its ``facts`` say what it was fitted on and how well it did."""
    table = _all()
    if name not in table:
        raise ValueError(f"fit must be one of {', '.join(table)}; got {name!r}")
    return table[name]


@cache
def _all() -> dict[str, Fit]:
    rows = json.loads(resources.files("workbench").joinpath(_FILE).read_text("utf-8"))
    return {name: Fit.from_dict(row) for name, row in rows.items()}
