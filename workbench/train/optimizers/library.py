"""Classes of optimizers in libraries: found by name, looked at, and tried before they are used."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import torch

from workbench.files import short

PACKAGES = ("torch.optim", "pytorch_optimizer", "schedulefree")
"""Where classes are looked up; nothing else is ever imported."""


class Found(NamedTuple):
    """A class, and the arguments that it takes beyond weights and rate, with their defaults."""

    make: Callable[..., torch.optim.Optimizer]
    takes: Mapping[str, Any]


def find(library: Any) -> Found:
    """The class called `library`.

    Raises
    ------
    ValueError
        When there is none, its package is not installed, or it cannot be driven by a schedule.
    """
    package, _, name = library.rpartition(".") if isinstance(library, str) else ("", "", "")
    if package not in PACKAGES or not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"library must be a class of {', '.join(PACKAGES)}; got {short(library)}")
    try:
        made = getattr(importlib.import_module(package), name, None)
    except ImportError:
        raise ValueError(f"{library} needs {package}: pip install {package.replace('_', '-')}") from None
    if (
        not inspect.isclass(made)
        or not issubclass(made, torch.optim.Optimizer)
        or made is torch.optim.Optimizer
    ):
        raise ValueError(f"library must be an optimizer's class, and {package} has none called {short(name)}")
    closure = inspect.signature(made.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise ValueError(f"{library} needs a closure, which lanes cannot give it")
    known = inspect.signature(made).parameters
    if "lr" not in known or "params" not in known:
        raise ValueError(f"{library} has no rate for a schedule to set, or works on another optimizer")
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    takes = {key: each.default for key, each in known.items() if each.kind not in kinds}
    return Found(made, {key: value for key, value in takes.items() if key not in ("params", "lr")})


def arguments(library: str, given: Any) -> dict[str, Any]:
    """Arguments for the class called `library`, checked: names that it takes, plain values."""
    if not isinstance(given, Mapping):
        raise ValueError(f"arguments must be a mapping of names to values; got {short(given)}")
    takes = find(library).takes
    for name, value in given.items():
        if name not in takes:
            raise ValueError(f"arguments of {library} must be among {', '.join(takes)}; got {short(name)}")
        if not _plain(value):
            raise ValueError(f"{name} of {library} must be a plain value; got {short(value)}")
    return dict(given)


def drawing(device: torch.device) -> AbstractContextManager[Callable[[int], None]]:
    """Lend torch's random generators: the value seeds them, and afterwards they are as they were."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[device.index or 0])
    return _lent(generators)


@contextmanager
def _lent(generators: list[torch.Generator]) -> Any:
    states = [generator.get_state() for generator in generators]

    def seed(number: int) -> None:
        for generator in generators:
            generator.manual_seed(number)

    try:
        yield seed
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


def line(error: Exception) -> str:
    """First line of what a library said."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_plain(each) for each in value)
    return value is None or isinstance(value, bool | int | float | str)
