"""What branches are called, and whose children they are when one between them goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from workbench.files import short
from workbench.live.entry import Entry
from workbench.plan import Plan

LONGEST = 80


def checked(name: object, taken: Collection[str]) -> str:
    """A name that a user gives; ``ValueError`` where it is none, or another branch has it."""
    if not isinstance(name, str) or not name.strip() or len(name.strip()) > LONGEST:
        raise ValueError(f"name must be text of 1 to {LONGEST} characters; got {short(name)}")
    name = name.strip()
    if name in taken:
        raise ValueError(f"name must be one that no other branch has; got {short(name)}")
    return name


def given(
    names: Sequence[str] | None, plans: Sequence[Plan], seeds: Sequence[int], taken: Iterable[str]
) -> list[str]:
    """A name for each plan with each seed: the user's, or the schedule's, with a number where it is taken."""
    if names is not None and (isinstance(names, str) or len(list(names)) != len(plans)):
        raise ValueError(f"names must be one for each of the {len(plans)} schedules; got {short(names)}")
    there, found = set(taken), []
    for i, plan in enumerate(plans):
        first = label(plan) if names is None else checked(names[i], ())
        for seed in seeds:
            wish = first if len(seeds) == 1 else f"{first[: LONGEST - 20]}, seed {seed}"
            name = checked(wish, there) if names is not None else free(wish, there)
            there.add(name)
            found.append(name)
    return found


def label(plan: Plan) -> str:
    """What a schedule calls itself."""
    recipe = plan.learning_rate.recipe
    phases = dict.fromkeys(phase.name for phase in plan.learning_rate.phases)
    said = str(recipe["name"]) if recipe and "name" in recipe else ", ".join(phases)
    return said.strip()[: LONGEST - 10] or "schedule"


def free(wish: str, taken: Collection[str]) -> str:
    """The wish, with the first number that makes it new."""
    if wish not in taken:
        return wish
    numbered = (f"{wish[: LONGEST - 10]} {i}" for i in range(2, len(taken) + 3))
    return next(name for name in numbered if name not in taken)


def adopt(entries: Iterable[Entry], gone: Entry) -> None:
    """Make the children of a branch that goes those of its parent, with which they share less."""
    for entry in entries:
        if entry.parent == gone.key:
            entry.parent = gone.parent
            entry.left = min(entry.left, gone.left) if gone.parent is not None else 0
