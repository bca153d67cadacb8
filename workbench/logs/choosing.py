"""Which columns of a log are its loss, its rate and its further losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.logs.asked import Asked
from workbench.logs.names import Kind, find, kind
from workbench.logs.table import Log

_PARTS = 40
"""Further losses of a run at most."""


@dataclass(frozen=True)
class Chosen:
    """Names of columns, and the sentences that say why.

    Parameters
    ----------
    loss : str
        The loss that the run is judged by.
    rate : str or None
        The rate.
    parts : tuple of str
        Further losses.
    notes : tuple of str
        What was not plain.
    """

    loss: str
    rate: str | None
    parts: tuple[str, ...]
    notes: tuple[str, ...] = ()


def choose(logs: Sequence[Log], asked: Asked) -> Chosen:
    """The columns of one training, whose pieces are `logs`.

    Raises
    ------
    ValueError
        When there is no loss, or no column of a given name.
    """
    count: dict[str, int] = {}
    for log in logs:
        for table in log.tables:
            for name, column in table.columns.items():
                count[name] = count.get(name, 0) + column.count
    names = list(dict.fromkeys([*count, *(name for log in logs for name in log.others)]))
    losses = _ranked(count, "loss", asked.unit)
    notes = []
    for argument in ("step", "tokens"):
        if (given := getattr(asked, argument)) is not None:
            _named(argument, given, names, count)
    if asked.loss is not None:
        loss = _named("loss", asked.loss, names, count)
    elif losses:
        loss = losses[0]
        if _kind(loss).held:
            notes.append(f"There is no training loss: the loss is {loss!r}.")
        elif len(alike := [name for name in losses if _kind(name)[:3] == _kind(loss)[:3]]) > 1:
            notes.append(
                f"Of the training losses {', '.join(alike[:6])} the one with most rows was taken, {loss!r}."
            )
    else:
        raise ValueError(f"it has no column of losses; give loss=, one of {_list(names)}")
    if not count[loss]:
        raise ValueError(f"its column {loss!r} holds no numbers")
    rates = _ranked(count, "rate")
    rate = _named("rate", asked.rate, names, count) if asked.rate is not None else rates[0] if rates else None
    if asked.rate is None and len(rates) > 1:
        notes.append(f"Of the rates {', '.join(rates[:6])} the first was taken.")
    rest = [name for name in losses if name != loss and _kind(name).rank < 8]
    if len(rest) > _PARTS:
        notes.append(f"Of {len(rest)} further losses the first {_PARTS} were kept.")
    return Chosen(loss, rate, tuple(rest[:_PARTS]), tuple(notes))


def unit_of(name: str, loss: str, asked: Asked) -> str:
    """Unit of the losses in the column `name`, where `loss` is the chosen one."""
    own = _kind(name).unit
    # What is asked for is said of the chosen loss, and so of those that are called alike.
    return asked.unit if asked.unit is not None and own == _kind(loss).unit else own


def _kind(name: str) -> Kind:
    found = kind(name)
    return found if found is not None else Kind("loss", 0)


def _ranked(count: dict[str, int], what: str, unit: str | None = None) -> list[str]:
    """Columns of a kind that hold numbers, the best first; a unit that is asked for goes before."""
    kinds = {name: found for name in count if (found := kind(name)) is not None and found.what == what}
    # Rates are told apart by their order, losses of one rank by how many there are.
    return sorted(
        (name for name in kinds if count[name]),
        key=lambda name: (
            unit not in (None, "nats") and kinds[name].unit != unit,
            kinds[name].rank,
            -count[name] if what == "loss" else 0,
        ),
    )


def _named(argument: str, asked: str, names: list[str], count: dict[str, int]) -> str:
    found = find(asked, names)
    if found is None:
        raise ValueError(f"{argument} must be a column of the log, one of {_list(names)}; got {asked!r}")
    if not count.get(found):
        raise ValueError(f"its column {found!r} holds no numbers")
    return found


def _list(names: list[str]) -> str:
    return (", ".join(names[:24]) + (", ..." if len(names) > 24 else "")) or "none"
