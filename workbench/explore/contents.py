"""The table of all notebooks: for whom each is, its question, a sentence, and a small picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from workbench.explore.vignettes import svg
from workbench.files import short

EVERYONE = "everyone"
GROUPS: Mapping[str, str] = {
    "engineer": "For an engineer with a run to plan",
    "researcher": "For a researcher who asks why",
    "teacher": "For a teacher with a screen",
}
"""For whom a notebook is, with the heading of the group, in the order of the page."""


@dataclass(frozen=True)
class Entry:
    """One notebook.

    Parameters
    ----------
    name : str
        Of its file, without the ending.
    group : str
        One of `GROUPS`.
    title : str
        Its question, as in its first line.
    sentence : str
        What one does there.
    """

    name: str
    group: str
    title: str
    sentence: str

    @property
    def file(self) -> str:
        """The file, beside the index."""
        return f"{self.name}.ipynb"


TABLE = (
    Entry(
        "start",
        "engineer",
        "Which schedule should I use?",
        "Move sliders, see the loss that a law predicts, and train a small GPT in a minute to check it.",
    ),
    Entry(
        "predict",
        "engineer",
        "What will this schedule cost me in loss?",
        "Fit a law to a few finished runs, yours too, and see how far it is off on those it has not seen.",
    ),
    Entry(
        "design",
        "engineer",
        "Which schedule is best, and how sure are we?",
        "Set limits, get the schedule that a law likes best within them, and let other laws judge it.",
    ),
    Entry(
        "planner",
        "engineer",
        "I have this much compute: which model, how much data, which batch, which rate, which schedule?",
        "Turn a budget into one plan that your trainer can read, with an interval or an opponent throughout.",
    ),
    Entry(
        "batch",
        "engineer",
        "How large a batch can I afford?",
        "See what a larger batch saves in updates and costs in data, and which rate goes with it.",
    ),
    Entry(
        "peak_and_batch",
        "engineer",
        "Which peak rate, and does it change with batch and width?",
        "Sweep the rate against batch and width, and see what carries over from a small model.",
    ),
    Entry(
        "wsds",
        "engineer",
        "How many budgets can one run serve?",
        "Cut models of many budgets from one run, three ways, at equal compute.",
    ),
    Entry(
        "runs",
        "engineer",
        "What have I run, and what won?",
        "Sort, search and draw the runs of a folder, and see how much of a difference is luck of the seed.",
    ),
    Entry(
        "convex",
        "researcher",
        "How much of this does plain convex theory explain?",
        "Set a bound that knows nothing of transformers against 83 measured runs.",
    ),
    Entry(
        "cooldown",
        "researcher",
        "How should the rate come down?",
        "Compare shapes and lengths of the cooldown, and see bias and variance trade places.",
    ),
    Entry(
        "edge",
        "researcher",
        "What happens when the rate meets the sharpness?",
        "Watch the sharpness follow 2/rate while the schedule moves.",
    ),
    Entry(
        "chinchilla",
        "researcher",
        "Why do the published laws disagree?",
        "Switch corrections on one by one, and watch Kaplan's law become Chinchilla's.",
    ),
    Entry(
        "river_valley",
        "teacher",
        "What does a large learning rate do that the loss does not show?",
        "Let walkers run down a valley under the schedule in your hand, then measure the same in a model.",
    ),
    Entry(
        "schedules",
        "teacher",
        "Which shapes has the field tried, and what do they have in common?",
        "See every schedule of the field on one budget, lay two over each other, and draw your own.",
    ),
    Entry(
        "small_gpt",
        "teacher",
        "Which of eight schedules trains a small GPT best?",
        "Train eight at once, branch, cool down, and read what each of them writes.",
    ),
)
"""Every notebook but the index, in the order of the page: what is new is listed here alone."""


@dataclass(frozen=True)
class Index:
    """The notebooks with their pictures as HTML, and as text."""

    entries: tuple[Entry, ...]

    def __repr__(self) -> str:
        return "\n".join(f"{entry.file}: {entry.title} {entry.sentence}" for entry in self.entries)

    def _repr_html_(self) -> str:
        grid = "display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:14px"
        out = []
        for group, heading in GROUPS.items():
            cards = "".join(_card(entry) for entry in self.entries if entry.group == group)
            if cards:
                head = (
                    f'<div style="font-weight:600;font-size:15px;margin:16px 0 8px">{escape(heading)}</div>'
                )
                out.append(f'{head}<div style="{grid}">{cards}</div>')
        font = "font:13px/1.4 var(--jp-ui-font-family,system-ui,sans-serif)"
        return f'<div style="{font};color:var(--jp-ui-font-color1,inherit)">{"".join(out)}</div>'


def index(who: str = EVERYONE) -> Index:
    """All notebooks with a picture and a sentence each: "Where do I begin?"

    Parameters
    ----------
    who : str
        "engineer", "researcher" or "teacher" for theirs alone; "everyone" for all.

    Raises
    ------
    ValueError
        For another word.
    """
    if who != EVERYONE and (not isinstance(who, str) or who not in GROUPS):
        raise ValueError(f"who must be one of {', '.join((EVERYONE, *GROUPS))}; got {short(who)}")
    return Index(tuple(entry for entry in TABLE if who in (EVERYONE, entry.group)))


def listing() -> str:
    """The same as Markdown, for people who only read: what notebooks/index.ipynb holds."""
    out = []
    for group, heading in GROUPS.items():
        rows = [
            f"- [{entry.title}]({entry.file}) {entry.sentence}" for entry in TABLE if entry.group == group
        ]
        out.append("\n".join((f"### {heading}", "", *rows)))
    return "\n\n".join(out)


def _card(entry: Entry) -> str:
    box = (
        "display:flex;flex-direction:column;border:1px solid var(--jp-border-color2,#8884);border-radius:6px"
    )
    words = "color:var(--jp-ui-font-color2,inherit);padding:4px 10px 10px"
    link = "color:var(--jp-content-link-color,#1976d2);font-weight:600;text-decoration:none"
    # The picture says nothing that the link beside it does not: readers of a screen hear one of them.
    return (
        f'<div style="{box}"><div style="padding:6px 8px 0" aria-hidden="true">{svg(entry.name, entry.title)}'
        f'</div><a href="{entry.file}" style="{link};padding:4px 10px 0">{escape(entry.title)}</a>'
        f'<div style="{words}">{escape(entry.sentence)}</div></div>'
    )
