"""Rules asked by what is known of a run, one or all that can answer."""

from __future__ import annotations

from collections.abc import Mapping

from workbench import registry
from workbench.files import short
from workbench.scaling.rules.advice import Advice
from workbench.views.table import Table


def advise(name: str, **known: float) -> Advice:
    """What the rule called `name` says; facts that it does not ask for are left aside.

    Parameters
    ----------
    name : str
        A rule that gives `Advice`.
    **known
        n_params, tokens, compute, batch_tokens, rate, loss, ...

    Raises
    ------
    ValueError
        For a rule that gives something else, a fact that is missing, or one outside its range.
    """
    entry = registry.get("rule", name)
    if entry.family == "table" or "betas" in entry.gives:
        raise ValueError(f"{name} gives {' and '.join(entry.gives)}, no rate or batch; call it by itself")
    return entry.function(**{key: value for key, value in known.items() if key in fields_of(entry)})


def compare(gives: str, **known: float) -> Mapping[str, Advice]:
    """What every rule says that gives `gives` and needs no more than what is known.

    Parameters
    ----------
    gives : str
        "rate", "batch_tokens" or "weight_decay".
    **known
        As of `advise`.

    Returns
    -------
    mapping of str to Advice
        By name. A rule that has no answer, as Kaplan's rate for large models, is left out.

    Raises
    ------
    ValueError
        For a quantity that no rule gives, or a fact outside its range.
    """
    offered = {what for name in registry.names("rule") for what in registry.get("rule", name).gives}
    if gives not in offered - {"table", "betas"}:
        raise ValueError(f"gives must be one of rate, batch_tokens, weight_decay, eps; got {short(gives)}")
    out = {}
    for name in registry.names("rule"):
        entry = registry.get("rule", name)
        needed = {field.name for field in entry.fields if field.required}
        if gives not in entry.gives or not needed <= set(known):
            continue
        # A fact outside its range is the caller's mistake, and raises; a rule may still refuse.
        checked = entry.check({key: value for key, value in known.items() if key in fields_of(entry)})
        try:
            out[name] = entry.function(**checked)
        except ValueError:
            continue
    return out


def table() -> Table:
    """Every rule in a row: what it needs, what it gives, how it is known."""
    rows = []
    for name in registry.names("rule"):
        entry = registry.get("rule", name)
        rows.append(
            {
                "rule": name,
                "title": entry.title,
                "needs": ", ".join(field.name for field in entry.fields if field.required),
                "gives": ", ".join(entry.gives),
                "known by": entry.confidence,
                "arXiv": entry.paper,
            }
        )
    notes = (
        "fitted: to published runs; theory: derived; low: constants or form not read in the paper itself",
    )
    return Table("Rules for rate, batch, weight decay and parametrisation", tuple(rows), notes)


def fields_of(entry: registry.Entry) -> set[str]:
    """Names of the arguments of a rule."""
    return {field.name for field in entry.fields}
