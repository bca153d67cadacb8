"""What a question to a law is answered with: the schedule to take, and the table that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.design.measure import Measure
from workbench.schedule import Schedule
from workbench.views.table import Table


@dataclass(frozen=True)
class Decision:
    """The best of the schedules that were compared.

    Parameters
    ----------
    best : Schedule
        The one that is predicted to end lowest.
    words : str
        What it is, in one sentence.
    table : Table
        All that were compared, with how far each ends behind the best and the paired 90 % interval.
    """

    best: Schedule
    words: str
    table: Table

    def __str__(self) -> str:
        return f"{self.words}\n{self.table}"

    def _repr_html_(self) -> str:
        return f"<div>{self.best._repr_html_()}{self.table._repr_html_()}</div>"


Row = tuple[dict[str, Any], Schedule]
"""What names a schedule in a table, and the schedule."""


def decide(
    measure: Measure, title: str, rows: Sequence[Row], words: str, notes: Sequence[str] = ()
) -> Decision:
    """The decision over all `rows`; ``{name}`` in `words` stands for what names the best."""
    finals = [measure.final(s) for _, s in rows]
    at = finals.index(min(finals))
    names, best = rows[at]
    key = "loss" if measure.fit else "bound"
    out = []
    for i, ((name, s), final) in enumerate(zip(rows, finals, strict=True)):
        row = {**name, key: final}
        if measure.fit:
            gain = measure.gain(best, s, "")
            ends = (0.0, 0.0) if i == at else (gain.low, gain.high)
            row |= {"behind the best": gain.mean, "low": ends[0], "high": ends[1]}
        else:
            row |= {"behind the best": final - finals[at]}
        out.append(row)
    cautions = measure.cautions(best)
    full = (
        f"{title}, by {measure.title}; the interval is of the paired difference"
        if measure.fit
        else (f"{title}, by {measure.title}")
    )
    return Decision(best, words.format(**names), Table(full, tuple(out), (*notes, *cautions)))
