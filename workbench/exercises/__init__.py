"""The exercises at the end of the notebooks: `show` asks them, `check` says whether an answer is right."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from workbench.exercises.exercise import Exercise
from workbench.exercises.sheet import Sheet
from workbench.files import short
from workbench.notebook import headless

__all__ = ["Exercise", "Sheet", "check", "get", "names", "show"]

_OTHERS = {"exercise", "sheet", "solving"}
"""Modules of this package that hold no exercises."""


def names() -> list[str]:
    """Every notebook that has exercises, by name."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _OTHERS)


def get(name: str) -> tuple[Exercise, ...]:
    """The exercises of the notebook called `name`, in its order.

    Raises
    ------
    ValueError
        When no notebook with exercises has this name.
    """
    if not isinstance(name, str) or name not in names():
        raise ValueError(f"name must be one of {', '.join(names())}; got {short(name)}")
    return importlib.import_module(f"{__name__}.{name}").EXERCISES


def check(name: str, number: int, value: float | str) -> str:
    """What is said of an answer to an exercise: right, too high, too low, or no number.

    Parameters
    ----------
    name : str
        Of the notebook.
    number : int
        Of the exercise, from 1.
    value : float or str
        A number, or what a person has written: ``"24,000"``, ``"5e-3"``, ``"20 %"`` or a word.

    Raises
    ------
    ValueError
        For an unknown name or number, or a value that is neither a finite number nor a text.

    Examples
    --------
    >>> check("convex", 1, "none of them")
    'Not that one.'
    """
    found = get(name)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(found):
        raise ValueError(
            f"number must be a whole number from 1 to {len(found)}, the exercises of {name}; "
            f"got {short(number)}"
        )
    return found[number - 1].check(value)


def show(name: str) -> Any:
    """The exercises of a notebook with boxes for the answers; only the questions where nobody can answer.

    Parameters
    ----------
    name : str
        Of the notebook.

    Returns
    -------
    Quiz or Sheet
        A widget in a browser; text and HTML under papermill, nbval and nbconvert.

    Raises
    ------
    ValueError
        When no notebook with exercises has this name.
    """
    found = get(name)
    if headless():
        return Sheet(name, found)
    from workbench.explore.quiz import Quiz

    return Quiz(name, found)
