"""Messages of a page reach the kernel, though the thread that it talked to last is gone.

A message to a widget is handled by the subshell in whose name the kernel has last said something of that
widget (ipykernel 7.4). What a training's thread says is in the name of the newest request of all: where a
page is loaded again that is JupyterLab's question for all widgets, whose subshell ends with its answer. From
then on every message to a widget that the training keeps up to date would be refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

_NAME = "_reply_subshell_for"


def keep() -> None:
    """Have messages for a subshell that is gone handled by the one that they name; once is enough."""
    try:
        from ipykernel.comm.comm import BaseComm
        from ipykernel.kernelbase import Kernel
    except ImportError:  # no Jupyter kernel: nobody presses a button
        return
    route = getattr(BaseComm, _NAME, None)
    if route is not None and not hasattr(route, "__wrapped__"):  # other versions ask the message only
        setattr(BaseComm, _NAME, living(route, lambda: Kernel.instance().shell_channel_thread))


def living(route: Callable[..., str | None], thread: Callable[[], Any]) -> Callable[..., str | None]:
    """`route`, where the subshell that it finds lives; else the one that the message names.

    Parameters
    ----------
    route : callable
        Takes a comm, a message's data and the subshell that it names; None is the kernel's own thread.
    thread : callable
        The thread of the kernel that knows its subshells, or None.
    """

    @wraps(route)
    def found(comm: Any, data: Any, named: str | None) -> str | None:
        subshell, knows = route(comm, data, named), thread()
        if subshell is None or knows is None or subshell in knows.manager.list_subshell():
            return subshell
        return named

    return found
