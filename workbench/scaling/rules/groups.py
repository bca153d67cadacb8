"""A parametrisation for a given architecture: the table with the parameters that each row holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.files import short
from workbench.registry import get
from workbench.scaling.count.architecture import Architecture
from workbench.scaling.count.parameters import parameters
from workbench.scaling.rules.parametrisation import Parametrisation


def table_for(name: str, a: Architecture, base: Architecture, **tuned: Any) -> Parametrisation:
    """The table of "mup", "depth_mup" or "completep" for `a`, from values tuned on `base`.

    Parameters
    ----------
    name : str
        The rule.
    a, base : Architecture
        What is to be trained, and what was tuned.
    **tuned
        rate, and init_std, weight_decay, eps where they are not the rule's own.

    Raises
    ------
    ValueError
        For a rule that gives no table, or an argument outside its range.
    """
    entry = get("rule", name)
    if "table" not in entry.gives:
        raise ValueError(
            f"name must be a rule that gives a table: mup, depth_mup or completep; got {short(name)}"
        )
    for what, given in (("a", a), ("base", base)):
        if not isinstance(given, Architecture):
            raise ValueError(f"{what} must be an Architecture; got {short(given)}")
    shape = {
        "width": a.width,
        "base_width": base.width,
        "depth": a.depth,
        "base_depth": base.depth,
        "head_width": a.queries // a.heads,
    }
    wanted = {field.name for field in entry.fields}
    found: Parametrisation = entry.function(**{k: v for k, v in shape.items() if k in wanted}, **tuned)
    n = parameters(a)
    held = {"embedding": n.embedding + n.positions, "hidden": n.blocks, "readout": n.head or n.embedding}
    told = ", ".join(f"{name} {count:,}" for name, count in held.items())
    tied = (
        ("The readout is the embedding: one tensor, with the multiplier on its way out.",) if a.tied else ()
    )
    return replace(found, notes=(*found.notes, *tied, f"Parameters: {told}."))
