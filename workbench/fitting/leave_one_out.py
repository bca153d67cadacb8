"""Every curve as predicted by a fit of the others: how a law does on data that are at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.curve import Run
from workbench.fitted import Report
from workbench.fitted.scorecard import Row, with_mean
from workbench.fitting.estimate import fit

_PARTS = ("all", "after_fork", "unshared")


def leave_one_out(law: Callable[..., Any] | str, runs: Sequence[Run], **how: Any) -> Report:
    """Report on each run by a fit of all others.

    Parameters
    ----------
    law : function or str
        A registered law.
    runs : sequence of Run
        Two or more; those with a name in their facts keep it.
    **how
        Further arguments of `workbench.fit`, the same for every fit.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        For fewer than two runs, and as `workbench.fit` does.

    Notes
    -----
    Each fit chooses its estimator anew, so that the run that is judged has no part in the choice.
    """
    if not isinstance(runs, Sequence) or len(runs) < 2:
        raise ValueError(f"runs must be two or more, so that one can be left out; got {runs!r}")
    rows: dict[str, dict[str, Row]] = {part: {} for part in _PARTS}
    title = ""
    for i, run in enumerate(runs):
        others = [other for j, other in enumerate(runs) if j != i]
        made = fit(law, others, **how)
        report = made.report([run])
        title = f"{report.title.split(',')[0]}, each curve left out in turn"
        for part, table in rows.items():
            found: Mapping[str, Row] = getattr(report, part)
            named = {name: row for name, row in found.items() if name != "mean"}
            table.update({name if name not in table else f"{name} ({i})": row for name, row in named.items()})
    return Report(*(with_mean(rows[part]) for part in _PARTS), title=title)
