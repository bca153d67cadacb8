"""What every notebook needs: parameters that are checked, and whether anyone is there to press a button."""

from __future__ import annotations

import os
import types
from collections.abc import MutableMapping
from typing import Any

_OURS = {"In", "Out", "exit", "quit", "get_ipython", "open"}


QUICK_VARIABLE = "WORKBENCH_QUICK"
"""Environment variable that asks every notebook for its quick run (1), as the tests do."""


def check(namespace: MutableMapping[str, Any], **allowed: Any) -> None:
    """Refuse unknown or ill-typed notebook parameters before anything runs.

    papermill sets a name that no cell declares with no more than a warning, and checks no type. With
    ``WORKBENCH_QUICK=1`` a parameter called quick is made true, whatever the notebook says.

    Parameters
    ----------
    namespace : mutable mapping
        ``globals()`` of the notebook, right after its parameters.
    **allowed
        For each parameter its type (``float`` also takes whole numbers), or a list of the values that it may
        have, or a `workbench.Param`.

    Raises
    ------
    ValueError
        Naming the parameter, what is allowed and what came.
    """
    from workbench.params import Param, number

    # Where a person runs cells again, other names are theirs; without one they come from outside.
    for name, value in namespace.items() if headless() else ():
        if name.startswith("_") or name in _OURS or isinstance(value, types.ModuleType) or callable(value):
            continue
        if name not in allowed:
            raise ValueError(f"unknown parameter {name!r}; this notebook has {', '.join(allowed)}")
    for name, rule in allowed.items():
        if name not in namespace:
            raise ValueError(f"parameter {name!r} is missing; run the parameters cell first")
        value = namespace[name]
        if isinstance(rule, Param):
            number(name, value, rule)
        elif isinstance(rule, list | tuple):
            if value not in rule:
                raise ValueError(f"{name} must be one of {', '.join(map(str, rule))}; got {value!r}")
        elif not _is(value, rule):
            raise ValueError(f"{name} must be {rule.__name__}; got {value!r}")
    if "quick" in allowed and os.environ.get(QUICK_VARIABLE) == "1":
        namespace["quick"] = True


def headless() -> bool:
    """Whether nobody can press a button: under papermill, nbval or nbconvert.

    WORKBENCH_HEADLESS (1 or 0) decides when it is set; else a kernel that a Jupyter server or an editor has
    started has a person in front of it.
    """
    said = os.environ.get("WORKBENCH_HEADLESS", "")
    if said in ("0", "1"):
        return said == "1"
    if said:
        raise ValueError(f"WORKBENCH_HEADLESS must be 0 or 1; got {said!r}")
    return not any(name in os.environ for name in ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG"))


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)
