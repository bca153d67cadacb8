"""A law fitted on some curves of a data set and judged on the others, as a value with its caption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench import registry
from workbench.curve import Run
from workbench.explore.curves import Curves
from workbench.fitted import Fit, Report
from workbench.fitted.evaluation import about_run
from workbench.fitted.scorecard import with_mean
from workbench.fitting import fit

_PARTS = ("all", "after_fork", "unshared")
_NAMED = 4
"""Curves that a caption names; of more it says how many."""


@dataclass(frozen=True)
class Outcome:
    """What a law made of some curves.

    Parameters
    ----------
    curves : Curves
        The data set.
    law : str
        Registered name.
    trained : tuple of str
        Names of the curves that the law was fitted on.
    fit : Fit
        The fitted law.
    report : Report, optional
        How it did on the other curves; none where all were fitted.
    """

    curves: Curves
    law: str
    trained: tuple[str, ...]
    fit: Fit
    report: Report | None

    __hash__ = None  # type: ignore[assignment]

    @property
    def held_out(self) -> tuple[str, ...]:
        """Names of the curves that took no part in the fit."""
        return tuple(name for name in self.curves.names if name not in self.trained)

    @property
    def title(self) -> str:
        """Name of the law and of how it was estimated."""
        return f"{registry.get('law', self.law).title}, estimator {self.fit.estimator!r}"

    @property
    def caption(self) -> str:
        """Data, split and law: what stands under every figure."""
        held = f"held out: {_list(self.held_out)}" if self.held_out else "no curve held out"
        return f"Data: {self.curves.title}. Trained on: {_list(self.trained)}; {held}. Law: {self.title}."

    @property
    def about(self) -> Mapping[str, Any]:
        """What the law may need of a new schedule's model: that of the fitted runs."""
        return {"n_params": about_run(self.curves.get(self.trained[0]))["n_params"]}

    def runs(self, names: Sequence[str]) -> list[Run]:
        """The runs with these names."""
        return [self.curves.get(name) for name in names]


def fitted(curves: Curves, law: str, trained: Sequence[str]) -> Outcome:
    """Fit `law` on the curves named in `trained`, and judge it on the others."""
    if not trained:
        raise ValueError("at least one curve must train the law: check one")
    made = fit(law, [curves.get(name) for name in trained])
    held = [run for run in curves.runs if run.facts["name"] not in trained]
    return Outcome(curves, law, tuple(trained), made, made.report(held) if held else None)


def each_left_out(
    outcome: Outcome,
    tell: Callable[[str], None] = lambda sentence: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Report:
    """Every fitted curve as predicted by a fit of the other fitted curves.

    Raises
    ------
    ValueError
        For fewer than two fitted curves, or where the others do not determine the law.
    """
    if len(outcome.trained) < 2:
        raise ValueError("to leave curves out in turn, check at least two")
    rows: dict[str, dict[str, Mapping[str, float]]] = {part: {} for part in _PARTS}
    for i, name in enumerate(outcome.trained):
        if stopped():
            break
        tell(f"Leaving out {name}, {i + 1} of {len(outcome.trained)} ...")
        others = outcome.runs([other for other in outcome.trained if other != name])
        report = fit(outcome.law, others).report(outcome.runs([name]))
        for part in _PARTS:
            rows[part].update({key: row for key, row in getattr(report, part).items() if key != "mean"})
    done = len(rows["all"])
    few = "" if done == len(outcome.trained) else f" (stopped after {done} of {len(outcome.trained)})"
    law = registry.get("law", outcome.law).title
    title = f"{law}: each of its training curves left out in turn{few}"
    return Report(**{part: with_mean(table) for part, table in rows.items()}, title=title)


def _list(names: Sequence[str]) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"
