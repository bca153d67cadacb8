"""The page of predictions: data, law and split, how the law did, and what it says of a new schedule."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from workbench import registry
from workbench.curve import Curve
from workbench.explore import curves as sources
from workbench.explore import outcome as fits
from workbench.explore.background import Background, Stopped
from workbench.explore.controls import plain
from workbench.explore.curves import Curves
from workbench.explore.forecast import Forecast
from workbench.explore.outcome import Outcome
from workbench.explore.predictor_panel import PredictorPanel
from workbench.explore.showing import show
from workbench.fitted import Fit, Report
from workbench.params import known
from workbench.schedule import Schedule

_DEBOUNCE = 0.5
"""Seconds without another change before a fit begins: boxes are checked one after the other."""


class Predictor:
    """What will this schedule cost me in loss? Made by `workbench.explore.predict`.

    `outcome` is the fit that is shown, `schedule` what the sliders say and `curve` its predicted loss. What
    takes long runs beside the notebook: `wait` comes back when all of it is done.
    """

    def __init__(
        self,
        source: str,
        law: str,
        trained: Sequence[str] | None,
        schedule: str | Schedule,
        args: Mapping[str, Any],
    ) -> None:
        self._trained, self._schedule, self._args = trained, schedule, dict(args)
        self._background = Background()
        self._curves: Curves | None = None
        self._outcome: Outcome | None = None
        self._made: dict[tuple[Any, ...], Outcome] = {}
        self.left_out: Report | None = None
        self.error = ""
        self.forecast: Forecast | None = None
        self._uploads = tempfile.TemporaryDirectory(prefix="workbench-logs-")
        own = source not in sources.TITLES
        self.panel = PredictorPanel(sources.OWN if own else source, law, self._refit)
        self._connect()
        if own:
            self.panel.path.value = source
            self.read()
        elif source != sources.OWN:
            self._load(partial(sources.public, source), sources.TITLES[source])
        else:
            self.panel.say("Give the path of your logs, or upload them.")

    def _connect(self) -> None:
        panel = self.panel
        panel.data.observe(self._on_data, "value")
        panel.law.observe(self._on_law, "value")
        panel.upload.observe(self._on_upload, "value")
        for name in ("read", "leave_out", "stop", "text"):
            panel.button[name].on_click(getattr(self, name))

    # What is known

    def wait(self) -> Predictor:
        """Come back when nothing is being read or fitted any more."""
        self._background.wait()
        return self

    @property
    def outcome(self) -> Outcome:
        """The fit that is shown, after waiting for it; ``ValueError`` says why there is none."""
        self.wait()
        if self.error or self._outcome is None:
            raise ValueError(self.error or "nothing is fitted yet: choose curves first")
        return self._outcome

    @property
    def fit(self) -> Fit:
        """The fitted law."""
        return self.outcome.fit

    @property
    def schedule(self) -> Schedule:
        """What the sliders show."""
        return self._shown().schedule

    @property
    def curve(self) -> Curve:
        """Its predicted loss."""
        return self._shown().curve

    def _shown(self) -> Forecast:
        _ = self.outcome
        assert self.forecast is not None
        return self.forecast

    # Buttons

    def choose(
        self, *, source: str | None = None, law: str | None = None, trained: Sequence[str] | None = None
    ) -> Predictor:
        """Another data set, law or split, as the controls do it; `wait` for the fit.

        Raises
        ------
        ValueError
            For an unknown data set, law or curve.
        """
        before = self.error
        if source is not None:
            known(list(sources.TITLES), [source], "predict's data sets")
            self.panel.data.value = source
        if law is not None:
            registry.get("law", law)
            self.panel.law.value = law
        if trained is not None:
            self.wait()
            known(self._curves.names if self._curves else (), trained, "the data set's curves")
            self.panel.curves.check(trained)
        if before and self.error == before:
            self._refit(0.0)  # the controls stood there already, and what went wrong is asked for again
        return self

    def read(self, _: Any = None) -> None:
        """Read the logs whose path is given."""
        path = self.panel.path.value.strip()
        if not path:
            self._fail(
                "the path of your logs is empty: give a file, a folder or a pattern such as runs/*.csv"
            )
            return
        self._load(partial(sources.logged, path, self.panel.window.value), path)

    def leave_out(self, _: Any = None) -> None:
        """Predict each fitted curve by a fit of the others."""
        if self._background.busy or self._outcome is None:
            self.panel.say("A fit is under way: wait for it to end.")
            return
        shown, tell = self._outcome, self._background.tell(self.panel.say)
        self.panel.say("Leaving out each training curve in turn ...")
        self._busy(True)
        self._background.start(lambda stopped: fits.each_left_out(shown, tell, stopped), self._on_left_out)

    def stop(self, _: Any = None) -> None:
        """End the leaving out after the curve under way; what is done is shown."""
        self._background.stop()

    def text(self, _: Any = None) -> str:
        """Show the tables as text for a spreadsheet, and return it."""
        reports = (self._outcome.report if self._outcome else None, self.left_out)
        text = "\n\n".join(f"{report.title}\n{report.tsv}" for report in reports if report is not None)
        self.panel.show_text(text)
        return text

    # Controls

    def _on_data(self, _: Any) -> None:
        key = self.panel.data.value
        self.panel.show_own(key == sources.OWN)
        if key == sources.OWN:
            self.panel.say("Give the path of your logs, or upload them. Until then the last fit is shown.")
            return
        self._load(partial(sources.public, key), sources.TITLES[key])

    def _on_upload(self, _: Any) -> None:
        files = self.panel.upload.value
        if files:
            paths = sources.kept(files, Path(self._uploads.name))
            self._load(partial(sources.logged, paths, self.panel.window.value), "what was uploaded")

    def _on_law(self, _: Any) -> None:
        self.panel.show_law()
        self._refit()

    def _load(self, read: Any, what: str) -> None:
        self.panel.say(f"Reading {what} ...")
        self._busy(True)
        self._background.start(lambda stopped: read(), self._on_loaded)

    def _on_loaded(self, curves: Curves | None, error: Exception | None) -> None:
        if curves is None:
            self._fail(_sentence(error))
            return
        self._curves = curves
        first, self._trained = self._trained, None
        unknown = [name for name in first or () if name not in curves.names]
        self.panel.curves.fill(curves.names, curves.trained if first is None or unknown else first)
        self.panel.show_notes(curves.notes)
        if unknown:
            self._fail(f"curves must be of {', '.join(curves.names)}; got {unknown[0]!r}")
        else:
            self._refit(0.0)

    def _refit(self, delay: float = _DEBOUNCE) -> None:
        curves, law, trained = self._curves, self.panel.law.value, self.panel.curves.checked
        if curves is None:
            return
        if not trained:
            self._fail("check at least one curve that trains the law; the figure shows the last fit")
            return
        made = self._made.get((id(curves), law, trained))
        title = registry.get("law", law).title
        self.panel.say(f"Fitting: {title}, on {len(trained)} curve{'s' * (len(trained) > 1)} ...")
        self._busy(True)
        job = (lambda stopped: made) if made is not None else partial(_fit, curves, law, trained)
        self._background.start(job, self._on_fitted, 0.0 if made is not None else delay)

    def _on_fitted(self, outcome: Outcome | None, error: Exception | None) -> None:
        if outcome is None:
            self._fail(
                f"{_sentence(error)}; the figure shows the last fit" if self._outcome else _sentence(error)
            )
            return
        self._made[(id(outcome.curves), outcome.law, outcome.trained)] = outcome
        new = self._outcome is None or self._outcome.curves is not outcome.curves
        self._outcome, self.left_out, self.error = outcome, None, ""
        self.panel.show(outcome)
        self._busy(False)
        self.panel.say(_ended(outcome))
        if self.forecast is None:
            self.forecast = Forecast(outcome, self._schedule, self._args)
            self.panel.put(self.forecast.box)
        else:
            self.forecast.take(outcome, again=new)

    def _on_left_out(self, report: Report | None, error: Exception | None) -> None:
        if report is None:
            self._fail(_sentence(error))
            return
        self._busy(False)
        self.left_out = report
        self.panel.show_left_out(report)
        mean = report.all.get("mean")
        said = "" if mean is None else f" Mean absolute error {plain(mean['mae'])} {sources.UNIT}."
        self.panel.say(f"{report.title}.{said}")

    def _busy(self, busy: bool) -> None:
        self.error = "" if busy else self.error
        self.panel.busy(busy)

    def _fail(self, sentence: str) -> None:
        self._busy(False)
        self.error = sentence
        word = sentence.partition(" ")[0]
        first = word if {"/", "_", "."} & set(word) else word.capitalize()
        self.panel.say(f"{first}{sentence[len(word) :]}.", bad=True)

    def _ipython_display_(self) -> None:
        show(self.panel.box)


def _fit(curves: Curves, law: str, trained: tuple[str, ...], _: Stopped) -> Outcome:
    return fits.fitted(curves, law, trained)


def _ended(outcome: Outcome) -> str:
    if outcome.report is None:
        return "Fitted on every curve: leave each out in turn to see how far predictions are off."
    # Before the fork a held-out curve is the training that was fitted.
    part = "after the fork from the fitted runs" if outcome.report.after_fork else "over all points"
    mean = (outcome.report.after_fork or outcome.report.all)["mean"]
    return (
        f"Fitted. On the curves held out, {part}: mean absolute error {plain(mean['mae'])} {sources.UNIT}, "
        f"{mean['coverage']:.0%} of the points inside the 90 % interval."
    )


def _sentence(error: Exception | None) -> str:
    if isinstance(error, ValueError | ImportError | OSError):
        return str(error).rstrip(".")
    return f"this could not be done: {type(error).__name__}: {error}"
