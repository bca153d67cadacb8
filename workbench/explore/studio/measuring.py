"""What of a page's pins and lanes is measured, under way or due; questions to a session, and its start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from workbench.curve import Run
from workbench.explore import pins
from workbench.live.branch import GOING, HELD
from workbench.store import Store

ENDED = ("finished", "diverged")


def going(session: Any) -> bool:
    """Whether a training is under way, or paused."""
    return any(branch.status in GOING for branch in session.branches)


def state(session: Any) -> str:
    """ "running", "paused" or "idle"; a lane that is about to begin runs already."""
    found = session.state
    return "running" if found == "idle" and going(session) else found


def runs(session: Any) -> list[Run]:
    """Runs of all branches that have begun, in their order."""
    return [session.run(branch.key) for branch in session.branches if len(branch.curves)]


def of(branches: Iterable[Any], pin: pins.Pin, seed: int | None = None) -> list[Any]:
    """Lanes that train a pin from the beginning, with one seed or with any."""
    roots = (branch for branch in branches if branch.parent is None and branch.schedule == pin.schedule)
    return [branch for branch in roots if seed is None or branch.seed == seed]


def due(session: Any, pinned: Sequence[pins.Pin], seed: int) -> tuple[list[pins.Pin], list[str]]:
    """Pins that no lane trains with this seed, and keys of their lanes that are held."""
    # What failed before its first update is begun anew: there is nothing to go on with.
    branches = [branch for branch in session.branches if not _vain(branch)]
    lanes = [of(branches, pin, seed) for pin in pinned]
    new = [pin for pin, found in zip(pinned, lanes, strict=True) if not found]
    held = [branch.key for found in lanes for branch in found[-1:] if branch.status in HELD]
    return new, held


def start(
    session: Any, task: Any, new: Sequence[pins.Pin], held: Sequence[str], seed: int, *, wait: bool
) -> list[str]:
    """Train pins, go on with what is held, and return all keys; `wait` for the end, raise what it raised."""
    for branch in [branch for branch in session.branches if _vain(branch)]:
        session.drop(branch.key)
    if held:
        session.go_on(*held)
    keys: list[str] = []
    if new:
        taken = {branch.name for branch in session.branches}
        names = [free(pin.name if not seed else f"{pin.name}, seed {seed}", taken) for pin in new]
        keys = session.start(task, [pin.schedule for pin in new], seeds=(seed,), names=names, wait=wait)
    if wait and held:
        session.wait()
        if session.error:
            raise RuntimeError(session.error)
    return [*keys, *held]


def _vain(branch: Any) -> bool:
    return branch.status == "failed" and branch.step == 0


def free(name: str, taken: set[str]) -> str:
    """`name`, numbered where it is taken."""
    found, n = name, 2
    while found in taken:
        found, n = f"{name} ({n})", n + 1
    return found


def saved(found: Sequence[Run], store: str | Path) -> tuple[list[str], str]:
    """Write runs to a store: their ids, and in words what was done or why not."""
    measured = [run for run in found if len(run.curve)]
    if not measured:
        return [], "Nothing is measured yet: Train first."
    try:
        where = Store(store)
        ids = [where.save(run) for run in measured]
    except (ValueError, OSError) as error:
        return [], f"Not saved: {error}"
    return ids, f"Saved {len(ids)} run{'s' * (len(ids) > 1)} to {store}: {', '.join(ids)}"


def drop(session: Any) -> None:
    """Drop every branch, children first."""
    for branch in reversed(session.branches):
        session.drop(branch.key)


def planned(branches: Iterable[Any]) -> list[tuple[str, Any]]:
    """Names and schedules of the lanes that began here, one for each schedule, as many as there are pins."""
    found: list[tuple[str, Any]] = []
    for branch in branches:
        if branch.parent is None and not any(branch.schedule == schedule for _, schedule in found):
            found.append((branch.name, branch.schedule))
    return found[: pins.LIMIT]
