"""The controls of the page of predictions and where they stand; what they do is in predictor.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import ipywidgets as widgets

from workbench import registry
from workbench.explore import fitlines
from workbench.explore.card import prose
from workbench.explore.checklist import Checklist
from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.curves import OWN, TITLES, UNIT
from workbench.explore.figure import LiveFigure
from workbench.explore.outcome import Outcome
from workbench.explore.parts import growing, note, row, small_button
from workbench.explore.thumbnails import papers
from workbench.fitted import Report

_WHOLE = {"width": "100%"}
_TABLE = "max-height:320px;overflow:auto;resize:vertical;font-size:13px;line-height:1.4"
# What scrolls must be within reach of Tab, and its arrow keys are not meant for the notebook.
_KEYS = 'tabindex="0" role="region" aria-label="how far the law is off" data-lm-suppress-shortcuts="true"'


class PredictorPanel:
    """Data, law, check list, the figure of the fit with its table, and room for the new schedule."""

    def __init__(self, source: str, law: str, on_curves: Callable[[], None]) -> None:
        wide = {"layout": LAYOUT, "style": STYLE}
        sources = [(title, key) for key, title in TITLES.items()]
        laws = [(registry.get("law", name).title, name) for name in registry.names("law")]
        self.data = widgets.Dropdown(options=sources, value=source, description="data", **wide)
        self.law = widgets.Dropdown(options=laws, value=law, description="law", **wide)
        self.path = widgets.Text(
            description="path", placeholder="runs/*/metrics.csv", continuous_update=False, **wide
        )
        self.window = widgets.IntText(0, description="smooth over", tooltip="points; 0: as logged", **wide)
        self.upload = widgets.FileUpload(multiple=True, description="Upload", layout={"width": "auto"})
        self.button = {
            name: small_button(text)
            for name, text in (
                ("read", "Read"),
                ("leave_out", "Leave each out in turn"),
                ("stop", "Stop"),
                ("text", "Tables as text"),
            )
        }
        self.curves = Checklist("Checked curves train the law, the others are held out.", on_curves)
        self.message, self.about, self.caption, self.table, self.notes = (widgets.HTML() for _ in range(5))
        self.tsv = widgets.Textarea(rows=10, description="as text", layout={**_WHOLE, "display": "none"})
        self.figure = LiveFigure(fitlines.PANELS)
        self.place = widgets.VBox(layout=widgets.Layout(**_WHOLE))
        self.box = self._laid_out()
        self.show_own(source == OWN)
        self.show_law()
        self.busy(False)

    def _laid_out(self) -> widgets.VBox:
        buttons = row([self.upload, self.button["read"]])
        hint = widgets.HTML(note("A file, a folder or a pattern; upload what is below about 10 MB."))
        self.own = widgets.VBox([self.path, self.window, buttons, hint])
        left = widgets.VBox(
            [self.data, self.own, self.law, self.about, self.curves.box],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        right = widgets.VBox([self.figure, self.caption, self.message], layout=widgets.Layout(**_WHOLE))
        tools = row([self.button["leave_out"], self.button["stop"], self.button["text"]])
        whole = [row([left, growing(right, 480)]), tools, self.table, self.tsv, self.notes, self.place]
        return widgets.VBox(whole, layout=widgets.Layout(**_WHOLE))

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """One sentence under the figure."""
        self.message.value = note(sentence, bad=bad)

    def busy(self, busy: bool) -> None:
        """Make the buttons fit what is going on."""
        self.button["leave_out"].disabled = busy or not self.figure.lines
        self.button["stop"].disabled = not busy

    def show_own(self, own: bool) -> None:
        """The fields of one's own logs, or not."""
        self.own.layout.display = "" if own else "none"

    def show_law(self) -> None:
        """What the chosen law is, and its paper."""
        entry = registry.get("law", self.law.value)
        links = ", ".join(
            f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(text)}</a>'
            for text, address in papers(entry)
        )
        self.about.value = f'<div class="lrw-note">{prose(entry.summary)} {links}</div>'

    def show_notes(self, notes: Sequence[str]) -> None:
        """What was done to read the logs."""
        items = "".join(f"<li>{escape(each)}</li>" for each in notes[:60])
        more = f"<li>and {len(notes) - 60} more</li>" if len(notes) > 60 else ""
        text = f"<details><summary>How these logs were read</summary><ul>{items}{more}</ul></details>"
        self.notes.value = f'<div class="lrw-note">{text}</div>' if notes else ""

    def show(self, outcome: Outcome) -> None:
        """Curves, residuals, caption and table of a fit."""
        drawn = fitlines.lines(outcome)
        gone = [key for key in self.figure.lines if key not in {line.key for line in drawn}]
        rest = "thin: measured; dashed: predicted, with a 90 % band where held out"
        rest += "".join(f"; grey: {line.label}" for line in drawn if line.key == "interval")
        self.figure.update(drawn, remove=gone, panels=fitlines.panels(drawn, UNIT), rest=rest)
        self.figure.summary = f"Measured and predicted losses with their differences. {outcome.caption}"
        self.caption.value = note(outcome.caption)
        if outcome.report is not None:
            self._put_table(outcome.report)
        else:
            self.table.value = note("No curve is held out: uncheck one, or leave each out in turn.")
        self.tsv.layout.display = "none"

    def show_left_out(self, report: Report) -> None:
        """The table of curves left out in turn, under the one that is there."""
        self._put_table(report, before=self.table.value)
        self.tsv.layout.display = "none"

    def show_text(self, text: str) -> None:
        """Tab-separated text to copy."""
        self.tsv.value = text or "No table yet."
        self.tsv.layout.display = ""

    def put(self, box: widgets.Widget) -> None:
        """The part with the new schedule."""
        self.place.children = (box,)

    def _put_table(self, report: Report, before: str = "") -> None:
        self.table.value = f'{before}<div style="{_TABLE}" {_KEYS}>{report._repr_html_()}</div>'
