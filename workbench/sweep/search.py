"""Adaptive search: Optuna proposes (ask), the sweep runs, and the figure goes back (tell)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.sweep.sampling import Range


@dataclass(frozen=True)
class Search:
    """What is searched.

    Parameters
    ----------
    ranges : tuple of Range
        What may be chosen.
    trials : int
        How many points are tried.
    seed : int
        Seed of the sampler (TPE).
    maximise : bool
        Whether more of the figure is better.
    """

    ranges: tuple[Range, ...]
    trials: int
    seed: int = 0
    maximise: bool = False


class Study:
    """A search under way. It is built anew from the trials that are on disk, so nothing is lost with it."""

    def __init__(self, search: Search) -> None:
        try:
            import optuna
        except ModuleNotFoundError:
            raise ValueError("an adaptive search needs Optuna: pip install optuna") from None

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna, self._search = optuna, search
        self._distributions = {one.name: _distribution(optuna, one) for one in search.ranges}
        # Points that others are trying are avoided: several trials run at once.
        sampler = optuna.samplers.TPESampler(seed=search.seed, constant_liar=True)
        direction = "maximize" if search.maximise else "minimize"
        self._study = optuna.create_study(sampler=sampler, direction=direction)
        self._asked: dict[int, Any] = {}

    def ask(self, number: int) -> dict[str, Any]:
        """The parameters of trial `number`."""
        trial = self._study.ask(self._distributions)
        self._asked[number] = trial
        return {one.name: _value(one, trial.params[one.name]) for one in self._search.ranges}

    def resume(self, number: int, parameters: Mapping[str, Any]) -> None:
        """Take up trial `number`, which was asked for by a driver that is gone."""
        chosen = {one.name: _index(one, parameters[one.name]) for one in self._search.ranges}
        self._study.enqueue_trial(chosen)
        self.ask(number)

    def tell(self, number: int, figure: float | None) -> None:
        """The figure of trial `number`; None where it has failed."""
        trial = self._asked.pop(number, None)
        if trial is None:
            return
        if figure is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, figure)


def _distribution(optuna: Any, one: Range) -> Any:
    kinds = optuna.distributions
    if one.options:
        return kinds.CategoricalDistribution(list(range(len(one.options))))
    if one.whole:
        return kinds.IntDistribution(int(one.low), int(one.high), log=one.log)
    return kinds.FloatDistribution(one.low, one.high, log=one.log)


def _value(one: Range, chosen: Any) -> Any:
    # Optuna's own choices may be numbers and text only; ours may be lists: it chooses their place.
    return one.options[chosen] if one.options else chosen


def _index(one: Range, value: Any) -> Any:
    return one.options.index(value) if one.options else value
