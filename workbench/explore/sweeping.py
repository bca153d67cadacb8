"""A sweep beside a free kernel: how far it is, a Stop button, and the best so far."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import ipywidgets as widgets

from workbench.explore.parts import kernel_loop
from workbench.sweep.collected import Results, results
from workbench.sweep.driver import events
from workbench.sweep.planning import Plan
from workbench.sweep.progress import Progress

_LINES = 8


class Sweeping(widgets.VBox):
    """Runs a sweep in a thread and shows its progress; with nobody in front of the notebook it runs here.

    Parameters
    ----------
    plan : Plan
        From `workbench.sweep.plan`.
    out : path or address
        Folder of the sweep.
    **options
        As of `workbench.sweep.sweep`: engine, retries, limits, warm.
    """

    def __init__(self, plan: Plan, out: str | os.PathLike[str], **options: Any) -> None:
        self._out, self._stopping, self._notes = out, threading.Event(), []
        self.error: Exception | None = None
        self._bar = widgets.IntProgress(0, 0, max(1, len(plan)), layout=widgets.Layout(width="340px"))
        self._line, self._said = widgets.HTML(), widgets.HTML()
        self._button = widgets.Button(description="Stop", layout=widgets.Layout(width="90px"))
        self._button.on_click(lambda _: self.stop())
        super().__init__([widgets.HBox([self._bar, self._button]), self._line, self._said])
        progress = events(plan, out, **options)
        loop = kernel_loop()
        if loop is None:
            self._run(progress, lambda call, *args: call(*args))
            if self.error is not None:
                raise self.error
            return
        post: Callable[..., Any] = loop.call_soon_threadsafe
        threading.Thread(target=self._run, args=(progress, post), name="workbench-sweep", daemon=True).start()

    def stop(self) -> None:
        """Kill what is under way; what has finished is kept, and the same call goes on."""
        self._stopping.set()
        self._button.disabled = True

    @property
    def results(self) -> Results:
        """What has finished so far."""
        return results(self._out)

    def _run(self, progress: Iterator[Progress], post: Callable[..., Any]) -> None:
        last = None
        try:
            for last in progress:
                post(self._show, last)
                if self._stopping.is_set():
                    break
        except Exception as error:  # Whatever ends it must be said on the page.
            self.error = error
        finally:
            getattr(progress, "close", lambda: None)()
        post(self._end, last)

    def _show(self, progress: Progress) -> None:
        self._bar.value, self._bar.max = progress.done + progress.failed, max(1, progress.total)
        self._line.value = escape(progress.line)
        if progress.note:
            self._notes = [*self._notes, progress.note][-_LINES:]
            self._said.value = "<br>".join(escape(note) for note in self._notes)

    def _end(self, last: Progress | None) -> None:
        self._button.disabled = True
        if self.error is not None:
            self._bar.bar_style, end = "danger", str(self.error)
        elif last is not None and not last.over:
            end = f"{last.line}. Stopped; run the cell again to go on."
        else:
            self._bar.bar_style, end = "success", last.line if last else "nothing to do"
        self._line.value = escape(end)
