"""Where every lane will end: by a fitted law, and, when asked, by the law with what has come in so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.alone import alone
from workbench.explore.background import Background, Stopped
from workbench.explore.figure import Line
from workbench.explore.parts import note
from workbench.explore.studio import lanes
from workbench.explore.studio.tracks import Tracks
from workbench.fitted import Fit
from workbench.live.asking import Answer, ask
from workbench.schedule import Schedule

LAW = "law"
_POINTS = 300
_PAUSE = 1.0
"""Least seconds between two answers: a training has the machine to itself for most of the time."""
_ENDED = ("finished", "diverged")


class Foresight:
    """Dashed curves of where lanes will end; `box` has the switch and the law's sentence.

    Parameters
    ----------
    tracks : Tracks
        The lanes, and the figure on which they are drawn.
    fit : callable
        The fitted law, or None where there is none for what is trained.

    Notes
    -----
    Switched off, each lane has the fit's own prediction, made once for each schedule. Switched on, what came
    in is given to the law in a thread, and every lane has its band; only the newest question is answered.
    """

    def __init__(self, tracks: Tracks, fit: Callable[[], Fit | None]) -> None:
        self.tracks, self._fit = tracks, fit
        self.answer: Answer | None = None
        self.switch = widgets.ToggleButton(
            value=False,
            description="Ask the law",
            tooltip="let the law learn from what has come in, and draw where every lane will end",
            layout={"width": "auto"},
        )
        self.words = widgets.HTML()
        self.switch.observe(self._switched, "value")
        self._background = Background()
        self._asked: tuple[Any, ...] = ()
        self._drawn: dict[str, tuple[Any, ...]] = {}
        self._next = 0.0
        self._open = True

    @property
    def curves(self) -> dict[str, Curve]:
        """The drawn predictions by the key of their branch."""
        return {key: mark[-1] for key, mark in self._drawn.items()}

    @alone
    def refresh(self) -> None:
        """Draw predictions that are due: of new schedules, or a newer answer."""
        branches = [branch for branch in self.tracks.branches if branch.status != "failed"]
        gone = [key for key in self._drawn if key not in {branch.key for branch in branches}]
        lines = [line for branch in branches for line in self._prior(branch)]
        self._draw(lines, gone)
        if self.switch.value:
            self._wish()

    @alone
    def redraw(self) -> None:
        """Draw all of them anew, as for another axis."""
        marks, self._drawn = self._drawn, {}
        there = {branch.key: branch for branch in self.tracks.branches}
        lines = [self._line(there[key], mark[-1], mark[-2]) for key, mark in marks.items() if key in there]
        self._draw(lines, [key for key in marks if key not in there])
        self.refresh()

    def predict(self, schedule: Schedule) -> Curve | None:
        """What the fit says of a schedule; None where it says nothing."""
        fit = self._fit()
        try:
            return None if fit is None else drawing.predicted(fit, schedule, _POINTS)
        except ValueError:
            return None

    def close(self) -> None:
        """Ask nothing more."""
        self._open = False
        self._background.stop()

    def wait(self) -> None:
        """Come back when the last question is answered."""
        self._background.wait()

    def _prior(self, branch: Any) -> list[Line]:
        mark = self._drawn.get(branch.key)
        if mark is not None and (mark[0] == branch.schedule):
            return []
        curve = self.predict(branch.schedule)
        if curve is None:
            return []
        return [self._line(branch, curve, False)]

    def _line(self, branch: Any, curve: Curve, banded: bool) -> Line:
        self._drawn[branch.key] = (branch.schedule, banded, curve)
        color = self.tracks.palette.of(branch.group, branch.schedule)
        low, high = (curve.low, curve.high) if banded else (None, None)
        return Line(
            lanes.name(branch.key, LAW),
            1,
            self.tracks.axis.x(branch.schedule, curve.step),
            curve.loss,
            f"{branch.name} predicted",
            color,
            low,
            high,
            1.3,
            dash=True,
            group=self.tracks.palette.group(branch.group),
        )

    def _draw(self, lines: list[Line], gone: list[str]) -> None:
        for key in gone:
            self._drawn.pop(key, None)
        if lines or gone:
            self.tracks.figure.update(lines, remove=[lanes.name(key, LAW) for key in gone])

    # The question

    @alone
    def _switched(self, _: Any) -> None:
        self._asked = ()
        if self.switch.value:
            self.words.value = note("Asking the law ...")
            self._wish()
            return
        self.answer = None
        self.words.value = ""
        self._drawn = {}
        self.refresh()

    def _wish(self) -> None:
        branches = [branch for branch in self.tracks.branches if branch.status != "failed"]
        asked = tuple((branch.key, branch.schedule, branch.step, branch.status) for branch in branches)
        if not branches:
            self.words.value = note("The law is asked as soon as there is a lane.")
            return
        if asked == self._asked or self._background.busy:
            return
        wait = max(0.0, self._next - time.monotonic())
        self._asked = asked
        session, fit = self.tracks.session, self._fit()

        def work(stopped: Stopped) -> Answer:
            runs = [session.run(branch.key) for branch in branches]
            return ask(fit, [run for run in runs if len(run.curve)], runs)

        def then(answer: Answer | None, error: Exception | None) -> None:
            self._next = time.monotonic() + _PAUSE
            if self._open and self.switch.value:
                self._show(branches, answer, error)

        self._background.start(work, then, wait)

    @alone
    def _show(self, branches: list[Any], answer: Answer | None, error: Exception | None) -> None:
        if answer is None:
            self.words.value = note(f"The law gives no answer: {error}", bad=True)
            return
        self.answer = answer
        self.words.value = note(answer.sentence)
        if answer.curves:
            there = {branch.key for branch in self.tracks.branches}
            pairs = [pair for pair in zip(branches, answer.curves, strict=True) if pair[0].key in there]
            self._draw([self._line(branch, curve, True) for branch, curve in pairs if len(curve)], [])
        # What came in while the law was asked is the next question.
        self._wish()
