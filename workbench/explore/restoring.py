"""JupyterLab's question for all widgets, answered so that every output of a loaded page is shown.

A page that is loaded again asks once, in a thread beside the cells (ipykernel 7), and waits for four seconds.
ipywidgets 8.1 gives up where a widget is made or closed while it writes the others down. JupyterLab then asks
each widget for itself, and shows none for ever where one of them is closed before it has answered. So the
answer is tried again.

An output looks for its widget for two seconds; if in vain, it is drawn again when the page has all widgets
(jupyterlab_widgets 3.0). Where the page is so busy that it has all before the output gives up, the output
stays empty although its widget is there. So the answer names one widget that comes a second after the others:
until then the page does not have all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import uuid4

import ipywidgets as widgets

_LONGEST = 3.0
_PAUSE = 0.05
_LATER = 1.0
"""Seconds: messages that reach a busy page at once are worked on at once, too."""
_NAME = "_handle_control_comm_msg"


class Last(widgets.Box):
    """Shown nowhere; what it holds comes after all other widgets."""

    def __init__(self) -> None:
        self._name, self._held = "", None
        super().__init__()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Its state, as if what it waits for were its child."""
        state = super().get_state(key, drop_defaults)
        if self._name and "children" in state:
            state["children"] = [f"IPY_MODEL_{self._name}"]
        return state

    def wait(self) -> None:
        """Name a child that is not there."""
        self._name = uuid4().hex

    def come(self) -> None:
        """Open the child; the one before, of which the answer still told, is closed."""
        before, self._held = self._held, widgets.Layout(model_id=self._name)
        if before is not None:
            before.close()


def keep() -> None:
    """Have the question answered by `patient` and `last`; once is enough."""
    answer = getattr(widgets.Widget, _NAME, None)
    if answer is not None and not hasattr(answer, "__wrapped__"):
        setattr(widgets.Widget, _NAME, staticmethod(last(patient(answer))))


def patient(answer: Callable[[Any], None], longest: float = _LONGEST) -> Callable[[Any], None]:
    """`answer`, tried again where what it tells of has changed under it.

    Parameters
    ----------
    answer : callable
        Takes the message that asks.
    longest : float
        Seconds after which its error is raised.
    """

    @wraps(answer)
    def tried(message: Any) -> None:
        end = time.monotonic() + longest
        while True:
            try:
                return answer(message)
            except (RuntimeError, TypeError):  # a dict that has changed its size; a widget that was closed
                if time.monotonic() > end:
                    raise
            time.sleep(_PAUSE)

    return tried


def last(answer: Callable[[Any], None]) -> Callable[[Any], None]:
    """`answer`, which names one widget that is opened after it.

    Parameters
    ----------
    answer : callable
        Takes the message that asks.
    """
    holder = Last()

    @wraps(answer)
    def held(message: Any) -> None:
        holder.wait()
        try:
            answer(message)
        finally:
            coming = threading.Timer(_LATER, holder.come)
            coming.daemon = True
            coming.start()

    return held
