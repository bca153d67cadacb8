"""A schedule from a live torch scheduler, which is stepped as a copy and stays as it is."""

from __future__ import annotations

import copy
import inspect
import types
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.imports.reduced import Reduced, reduce, with_notes
from workbench.params import STEPS, Param, number

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

Array = NDArray[np.float64]


def from_torch(
    scheduler: LRScheduler,
    total: int,
    *,
    group: int = 0,
    tolerance: float | None = None,
) -> Reduced:
    """Find the phases of a torch scheduler.

    ``rate(t)`` is what ``scheduler.get_last_lr()[group]`` gives before the t-th update from now on, with
    one ``scheduler.step()`` after each update.

    Parameters
    ----------
    scheduler : torch.optim.lr_scheduler.LRScheduler
        Any of torch's own, of transformers', or one's own subclass; lists of them too (SequentialLR,
        ChainedScheduler). It and its optimizer are not touched.
    total : int
        How many updates to follow it, counted from where it stands: for a fresh one from step 0, for one
        that was stepped k times from update k.
    group : int
        Which of the optimizer's parameter groups is read, the first being 0. The words say whether
        others have rates of their own.
    tolerance : float, optional
        As in `reduce`.

    Returns
    -------
    Reduced
        With a note where parameter groups differ.

    Raises
    ------
    ValueError
        For something that is not a scheduler, one that looks at the loss (ReduceLROnPlateau), one that
        ends before `total`, or no such group.

    Notes
    -----
    A torch scheduler is code with a state: it has no length and its rates follow from stepping it. The
    copy has its own state and a stand-in optimizer. Functions given to LambdaLR are called, not
    copied; one that changes something outside itself changes it here as well.
    """
    total = int(number("total", total, STEPS, integer=True))
    twin, stand_in = _twin(scheduler)
    groups = len(stand_in.param_groups)
    group = int(number("group", group, Param(0, groups - 1, help="parameter group"), integer=True))
    rates = followed(twin, stand_in, total)
    others = [k for k in range(groups) if not np.array_equal(rates[:, k], rates[:, group])]
    found = reduce(rates[:, group], tolerance=tolerance)
    if others:
        found = with_notes(found, f"parameter group {group} of {groups}; others have rates of their own")
    return found


def followed(scheduler: Any, optimizer: Optimizer, total: int) -> Array:
    """Rates of all groups, shape (total, groups), stepping `scheduler`, which is changed by it."""
    rates = np.empty((total, len(optimizer.param_groups)))
    with warnings.catch_warnings():
        # The stand-in is never updated itself, which torch takes for a mistake in the order of calls.
        warnings.simplefilter("ignore")
        for t in range(total):
            try:
                if t:
                    scheduler.step()
                rates[t] = [float(group["lr"]) for group in optimizer.param_groups]
            except Exception as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise ValueError(
                    f"the scheduler gives no rate for update {t} of total = {total}: {reason}"
                ) from error
    return rates


def _twin(scheduler: Any) -> tuple[Any, Optimizer]:
    """A copy of the scheduler on a stand-in for its optimizer, sharing nothing that steps change."""
    torch = _torch()
    # Accelerate wraps the scheduler of a trainer.
    inner = getattr(scheduler, "scheduler", scheduler)
    _refuse(inner, torch.optim.lr_scheduler)
    optimizer = inner.optimizer
    rows = [
        {
            **{key: _copied(value) for key, value in group.items() if key != "params"},
            "params": [torch.nn.Parameter(torch.zeros(1))],
        }
        for group in optimizer.param_groups
    ]
    stand_in = torch.optim.SGD(rows, lr=0.0)
    for ours, theirs in zip(stand_in.param_groups, optimizer.param_groups, strict=True):
        ours["lr"] = _copied(theirs["lr"])
    stand_in.defaults = dict(optimizer.defaults)
    return _copy(inner, optimizer, stand_in, {}), stand_in


def _refuse(scheduler: Any, module: Any) -> None:
    name = type(scheduler).__name__
    plateau = module.ReduceLROnPlateau
    if isinstance(scheduler, plateau) or "metrics" in _arguments(scheduler):
        raise ValueError(f"{name} looks at the loss, so its rates are not known before a training")
    if not isinstance(scheduler, module.LRScheduler):
        raise ValueError(f"scheduler must be a torch.optim.lr_scheduler.LRScheduler; got {short(scheduler)}")
    for inner in getattr(scheduler, "_schedulers", ()):
        _refuse(inner, module)


def _arguments(scheduler: Any) -> tuple[str, ...]:
    step = getattr(scheduler, "step", None)
    try:
        return tuple(inspect.signature(step).parameters) if callable(step) else ()
    except (TypeError, ValueError):
        return ()


def _copy(scheduler: Any, optimizer: Any, stand_in: Any, seen: dict[int, Any]) -> Any:
    if id(scheduler) in seen:
        return seen[id(scheduler)]
    twin = seen[id(scheduler)] = object.__new__(type(scheduler))

    def carried(value: Any) -> Any:
        if value is optimizer:
            return stand_in
        if hasattr(value, "step") and getattr(value, "optimizer", None) is optimizer:
            return _copy(value, optimizer, stand_in, seen)
        if isinstance(value, types.MethodType) and value.__self__ is scheduler:
            return types.MethodType(value.__func__, twin)
        if isinstance(value, list | tuple):
            return type(value)(carried(one) for one in value)
        return _copied(value)

    for key, value in vars(scheduler).items():
        twin.__dict__[key] = carried(value)
    return twin


def _copied(value: Any) -> Any:
    # A method may belong to a whole model: it is called where it is, as a function is.
    if isinstance(value, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001, whatever a user's object does when copied, calling it is the other way
        return value


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ValueError("from_torch needs PyTorch: pip install torch") from None
    return torch
