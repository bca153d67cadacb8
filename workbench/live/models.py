"""The model of any branch of a session at any of its steps, from the nearest state that was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.live import source
from workbench.live.journal import place
from workbench.params import Param, number

if TYPE_CHECKING:
    from workbench.train import Weights


def model(session: Any, key: str, step: int | None = None) -> Weights:
    """The weights of a branch after `step` updates, as `workbench.train.weights` reads them.

    Parameters
    ----------
    session : Session
        Open; the branch may be training.
    key : str
        Of the branch.
    step : int, optional
        The nearest state at or before it is read, that of the parent where it is before the fork; the latest
        where it is not given. 0 is the model before the first update.

    Raises
    ------
    ValueError
        For an unknown key, a step outside the branch, or where no state that early was kept.
    """
    branch = session.branch_of(key)
    allowed = Param(0, max(branch.step, branch.left))
    at = branch.step if step is None else int(number("step", step, allowed, integer=True))
    state = session._state
    with state.gate.look():
        entries = dict(state.entries)
    found = _kept(session.folder, entries, entries[key], at)
    if found is None:
        found = _first(state, entries[key])
    return found


def _kept(folder: Any, entries: Any, entry: Any, step: int) -> Weights | None:
    from workbench.train import weights

    for segment, most in source.lineage(entries, entry, step):
        try:
            return weights(place(folder, segment.training), most, segment.lane)
        except ValueError:
            # That training keeps nothing so early, or nothing yet: an older one may.
            continue
    return None


def _first(state: Any, entry: Any) -> Weights:
    """The model that a branch began from: it depends on task and seed alone."""
    from workbench.live.launching import asked_of
    from workbench.train.model import CPU, Weights

    task = asked_of(state, entry.origin).task
    return Weights(task.problem(CPU).first(entry.seed), 0, 0, entry.seed, task)
