"""A box in which a model writes: any branch, any step, any prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

import ipywidgets as widgets

from workbench.curve import Run
from workbench.explore.background import Background
from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.parts import growing, later, note, row
from workbench.explore.showing import show
from workbench.explore.standing import put
from workbench.explore.studio.ear import Ear

_MOST = 400
_PAUSE = 0.5
"""Seconds between two looks at how far branches have come."""
_EMPTY = note("No branch has made an update yet: Train first.")
_TEXT = (
    "box-sizing:border-box;width:100%;max-height:24em;overflow-y:auto;margin:0;padding:8px 12px;"
    "white-space:pre-wrap;overflow-wrap:anywhere;"
    "font:13px/1.5 var(--jp-code-font-family,monospace);color:var(--jp-content-font-color1,inherit);"
    "border:1px solid var(--jp-border-color2,#8884);border-radius:4px"
)


class Pen(NamedTuple):
    """A branch that can write: its name, the updates that it has made, and its model after some of them."""

    name: str
    step: int
    model: Callable[[int], Any]


class Written(NamedTuple):
    """What a model wrote: the branch, the updates after which it did, the prompt, and what follows."""

    name: str
    step: int
    prompt: str
    text: str


def writing(source: Any, prompt: str = "def ") -> Writing:
    """Text from any point of any branch: "What does a loss read like?"

    Parameters
    ----------
    source : Studio, Session, or sequence of Run
        Whose branches write; runs must have been trained with ``snapshots``.
    prompt : str
        What the text begins with at first.

    Returns
    -------
    Writing
        ``write()`` writes what the controls say and gives it back.

    Raises
    ------
    ValueError
        When `source` is none of these.
    """
    session = getattr(source, "session", source)
    if hasattr(session, "branches"):
        page = Writing(lambda: _branches(session), prompt, session)
    elif isinstance(source, Sequence) and source and all(isinstance(each, Run) for each in source):
        page = Writing(lambda: _runs(source), prompt)
    else:
        raise ValueError(f"source must be a studio, a session or some runs; got {type(source).__name__}")
    # The cell was run again: the box of before is gone from the page, and must not listen on.
    put("writing", page)
    return page


class Writing:
    """Made by `writing`; `last` is what was written last."""

    def __init__(self, pens: Callable[[], list[Pen]], prompt: str, session: Any = None) -> None:
        self._pens = pens
        self.last: Written | None = None
        common = {"layout": LAYOUT, "style": STYLE}
        self.branch = widgets.Dropdown(description="branch", tooltip="who writes", **common)
        self.step = widgets.IntSlider(
            description="step", min=0, max=1, tooltip="updates after which it writes", **common
        )
        self.temperature = widgets.FloatSlider(
            value=0.7, min=0, max=1.5, step=0.05, description="temperature", readout_format=".2f",
            tooltip="0 takes the likeliest byte each time", **common,
        )  # fmt: skip
        self.length = widgets.IntSlider(
            value=200, min=20, max=_MOST, step=20, description="length", tooltip="tokens to write", **common
        )
        self.seed = widgets.BoundedIntText(
            value=0, min=0, max=2**31 - 1, description="seed", tooltip="another seed, another text", **common
        )
        self.prompt = widgets.Textarea(
            value=prompt, description="prompt", rows=3, tooltip="what the text begins with", **common
        )
        self.button = widgets.Button(
            description="Write", button_style="primary", layout={"width": "auto", "align_self": "flex-start"}
        )
        self.said = widgets.HTML()
        self.page = widgets.HTML(layout={"width": "auto"})
        self.button.on_click(lambda _: self._ask())
        self.branch.observe(self._chosen, "value")
        self._background, self._known = Background(), []
        controls = [self.branch, self.step, self.prompt, self.temperature, self.length, self.seed]
        left = widgets.VBox([*controls, self.button], layout={"width": "330px", "flex": "0 0 auto"})
        right = growing(widgets.VBox([self.said, self.page]), 360)
        self.box = row([left, right])
        self.refresh()
        self._ear, self._waiting = None if session is None else Ear(session, self._hear), False

    def refresh(self) -> None:
        """Offer the branches and steps that there are now; what is chosen stays."""
        self._known = self._pens()
        names = [pen.name for pen in self._known]
        if list(self.branch.options) != names:
            chosen = self.branch.value
            self.branch.options = names
            if names:
                self.branch.value = chosen if chosen in names else names[0]
            self._limit(last=chosen not in names)
        else:
            self._limit()
        self.button.disabled = not names
        if not names:
            self.said.value = _EMPTY
        elif self.said.value == _EMPTY:
            self.said.value = ""

    def write(self) -> Written:
        """Have the chosen model write now.

        Raises
        ------
        ValueError
            For an empty prompt, or where no state of the branch was kept that early.
        """
        self.refresh()
        written = self._work()()
        self._show(written, None)
        return written

    def close(self) -> None:
        """Hear nothing more of the session."""
        self._background.stop()
        if self._ear is not None:
            self._ear.close()

    def _work(self) -> Callable[[], Written]:
        pen = self._pen()
        if pen is None:
            raise ValueError("no branch has made an update yet: Train first")
        step, prompt = self.step.value, self.prompt.value
        given = {"n": self.length.value, "temperature": self.temperature.value, "seed": self.seed.value}

        def work() -> Written:
            from workbench import train

            model = pen.model(step)
            return Written(pen.name, model.step, prompt, train.generate(model, prompt, **given))

        return work

    def _ask(self) -> None:
        try:
            self.refresh()
            work = self._work()
        except ValueError as error:
            self._show(None, error)
            return
        self.said.value = note("Writing ...")
        self._background.start(lambda stopped: work(), self._show)

    def _show(self, written: Written | None, error: Exception | None) -> None:
        if written is None:
            self.said.value = note(str(error), bad=True)
            return
        self.last = written
        self.said.value = note(f"{written.name}, after {written.step:,} updates")
        begun = f"<b>{escape(written.prompt)}</b>"
        self.page.value = f'<pre tabindex="0" style="{_TEXT}">{begun}{escape(written.text)}</pre>'

    def _hear(self) -> None:
        if not self._waiting and self._ear is not None:
            self._waiting = True
            later(_PAUSE, self._look)

    def _look(self) -> None:
        self._waiting = False
        self.refresh()

    def _pen(self) -> Pen | None:
        return next((pen for pen in self._known if pen.name == self.branch.value), None)

    def _chosen(self, _: Any) -> None:
        self._limit(last=True)

    def _limit(self, last: bool = False) -> None:
        pen = self._pen()
        if pen is None:
            return
        at_end = last or self.step.value == self.step.max
        self.step.max = pen.step
        if at_end:
            self.step.value = pen.step

    def _ipython_display_(self) -> None:
        show(self.box)


def _branches(session: Any) -> list[Pen]:
    from workbench.live.models import model

    def of(key: str) -> Callable[[int], Any]:
        return lambda step: model(session, key, step)

    return [Pen(each.name, each.step, of(each.key)) for each in session.branches if each.step]


def _runs(runs: Sequence[Run]) -> list[Pen]:
    from workbench import train

    def of(run: Run) -> Callable[[int], Any]:
        return lambda step: train.weights(run, max(step, 1))

    names = [str(run.facts.get("name", f"run {i}")) for i, run in enumerate(runs)]
    return [
        Pen(name, int(run.facts.get("updates", len(run.schedule))), of(run))
        for name, run in zip(names, runs, strict=True)
    ]
