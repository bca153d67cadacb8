"""One task: parameters, and the key under which its result is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.sweep.parameter import Parameter


@dataclass(frozen=True)
class Task:
    """What is run once.

    Parameters
    ----------
    key : str
        16 hexadecimal digits: a hash of the notebook's code, all its parameters and the code's version.
    parameters : mapping
        The parameters that are given to the notebook; the others keep its defaults.
    trial : int, optional
        Number of the trial of an adaptive search that it belongs to.
    """

    key: str
    parameters: Mapping[str, Any]
    trial: int | None = None

    __hash__ = None  # type: ignore[assignment]

    @property
    def words(self) -> str:
        """The parameters in one line."""
        return words(self.parameters) or "the defaults"


def words(parameters: Mapping[str, Any]) -> str:
    """Parameters in one line."""
    return ", ".join(f"{name}={shown(value)}" for name, value in parameters.items())


def shown(value: Any) -> str:
    """A value as people read it; a task's key is of all its digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Maker:
    """Makes tasks of one notebook at one version of the code, with every value checked."""

    digest: str
    code: str
    declared: Mapping[str, Parameter]

    __hash__ = None  # type: ignore[assignment]

    def task(self, given: Mapping[str, Any], trial: int | None = None) -> Task:
        """The task with these parameters.

        Raises
        ------
        ValueError
            For an unknown name or a value that is not allowed, with what is.
        """
        checked = {name: self.parameter(name).check(value) for name, value in given.items()}
        # With the defaults: a value that is given as the notebook has it makes no other task.
        full = {name: parameter.default for name, parameter in self.declared.items()} | checked
        identity = {"notebook": self.digest, "code": self.code, "parameters": full}
        text = json.dumps(identity, sort_keys=True, allow_nan=False)
        return Task(hashlib.sha256(text.encode()).hexdigest()[:16], checked, trial)

    def parameter(self, name: str) -> Parameter:
        """What is declared of `name`, or ``ValueError`` with all names that there are."""
        if name not in self.declared:
            raise ValueError(
                f"unknown parameter {name!r}; this notebook has "
                + "; ".join(f"{one.name}: {one.allowed}" for one in self.declared.values())
            )
        return self.declared[name]
