"""All that a page shows of one session, wired together: curves, controls, tree, actions, and the law."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench.explore.alone import alone
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import row
from workbench.explore.studio import measuring
from workbench.explore.studio.actions import Actions
from workbench.explore.studio.bar import Bar
from workbench.explore.studio.fold import Fold
from workbench.explore.studio.foresight import Foresight
from workbench.explore.studio.found import Found
from workbench.explore.studio.here import Here, rest
from workbench.explore.studio.palette import Palette
from workbench.explore.studio.steering import Steering
from workbench.explore.studio.tracks import Tracks
from workbench.explore.studio.tree import TreeView
from workbench.explore.studio.view import View
from workbench.fitted import Fit
from workbench.schedule import Schedule


class Stage:
    """The parts of a page that follow a session; the page lays them out and has the sliders.

    Parameters
    ----------
    session : Session
        What is conducted.
    figure : LiveFigure
        Rates in panel 0, losses in panel 1.
    wish : callable
        The schedule that the sliders show.
    fit : callable
        The law's fit for what is trained, or None.
    train, ready : callable
        What Train does, and whether it would do something.
    store : path
        Where lanes are saved.
    redraw : callable
        Called after every picture, for axes and tables; its argument says whether lanes came or went.
    shown : callable
        Whether a branch belongs to what the page shows now.
    """

    def __init__(
        self,
        session: Any,
        figure: LiveFigure,
        *,
        wish: Callable[[], Schedule],
        fit: Callable[[], Fit | None],
        train: Callable[[], None],
        ready: Callable[[], tuple[bool, str]],
        store: str | Path,
        redraw: Callable[[bool], None],
        shown: Callable[[Any], bool] = lambda branch: True,
    ) -> None:
        self.session, self.figure = session, figure
        self._wish, self._redraw = wish, redraw
        self._told: tuple[Any, ...] = ()
        self._made = False
        self.palette = Palette()
        self.code = widgets.Textarea(
            rows=9,
            description="code",
            layout={"width": "100%", "display": "none"},
            tooltip="code for a trainer",
        )
        self.tracks = Tracks(session, figure, self.palette, shown, self._after)
        self.foresight = Foresight(self.tracks, fit)
        self.steering = Steering(self.tracks, self.foresight, self._change, self._clicked)
        self.bar = Bar(session, train, ready)
        self.tree = TreeView(session, self.palette, shown)
        self.view = View(self.tracks, self._looked)
        self.here = Here(self.fork, wish, lambda: figure.spot())
        self.actions = Actions(session, self.tree, store, self._offer, self._follow, self.show_code)
        self.found = Found(session, self._after)
        self.tree.on_choose(self._chosen)
        self.fold = Fold("Branches and curves", [self.view.box, self.tree.widget, self.actions.box])
        self._made = True
        self._after()

    @cached_property
    def law(self) -> widgets.Box:
        """Ask the law, and what it says."""
        return row([self.foresight.switch, self.foresight.words])

    @cached_property
    def box(self) -> widgets.VBox:
        """All of it, one below the other, for a page that does not lay out the parts itself."""
        parts = [self.found.box, self.bar.box, self.here.box, self.law, self.fold.box]
        return widgets.VBox(parts, layout={"width": "100%"})

    @property
    def chosen(self) -> tuple[str, ...]:
        """Keys of the chosen branches."""
        return self.tree.chosen

    def choose(self, *keys: str) -> None:
        """Choose these branches: their curves stand out, the first can be steered."""
        self.tree.choose(*keys)

    @alone
    def refresh(self) -> None:
        """Draw what is new now."""
        self.tracks.refresh()
        self.bar.refresh()
        self.tree.refresh(force=True)

    def show_code(self, code: str) -> None:
        """Show code to copy."""
        self.code.value = code
        self.code.layout.display = ""

    def moved(self) -> None:
        """The sliders have moved."""
        self.here.refresh()
        self.bar.refresh()

    def close(self) -> None:
        """Hear nothing more of the session; the training goes on."""
        self.foresight.close()
        for part in (self.tracks, self.tree, self.bar):
            part.close()

    @alone
    def _after(self) -> None:
        if not self._made:
            return
        branches = self.tracks.branches
        told = tuple((branch.key, branch.status, branch.name, branch.schedule) for branch in branches)
        told = (measuring.state(self.session), *told)
        new = told != self._told
        held = new and self._told[:1] != told[:1]
        self._told = told
        self.foresight.refresh()
        # Where it is held, or goes on, the handles begin anew at what is left.
        self.steering.redraw() if held else self.steering.refresh()
        if new:
            self.view.offer()
            self.tree.refresh(force=True)
            self.actions.refresh()
            if any(branch.parent is not None for branch in branches):
                self.fold.offer()
        self._redraw(new)

    @alone
    def _looked(self) -> None:
        self.foresight.redraw()
        self.steering.redraw()
        self._redraw(True)

    @alone
    def _chosen(self, keys: tuple[str, ...]) -> None:
        self.tracks.choose(keys)
        self.steering.steer(keys[0] if keys else "")
        self.actions.refresh(fill=True)

    def _clicked(self, branch: Any, step: int) -> None:
        self.choose(branch.key)
        self.here.offer(branch, step)

    @alone
    def _offer(self, branch: Any) -> None:
        self.here.offer(branch, branch.step)

    def fork(self, key: str, step: int, schedule: Schedule | None = None) -> str:
        """Branch from a lane; without a schedule with the sliders' from that step on. Return its key."""
        if schedule is None:
            schedule = rest(self._wish(), step)
        new = self.session.fork(key, step, schedule)
        self.refresh()
        self.choose(new)
        return new

    def _follow(self, branch: Any) -> None:
        wish = self._wish()
        if branch.step >= len(wish):
            raise ValueError(
                f"The sliders' schedule ends at {len(wish):,} updates; "
                f"{branch.name} has made {branch.step:,} already."
            )
        self._change(branch.key, wish)
        self.actions.say(f"{branch.name} follows the sliders from its next update on.")

    def _change(self, key: str, schedule: Schedule) -> None:
        before = self.session.branch_of(key).schedule
        step = self.session.change(key, schedule)
        if self.session.branch_of(key).schedule == before:
            self.steering.redraw()
            return
        self.bar.say(f"{self.session.branch_of(key).name} has another future from update {step:,} on.")
        self.refresh()
