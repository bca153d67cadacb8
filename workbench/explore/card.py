"""What is known of a registered schedule, as HTML: papers, formula, when to use it, and its figures."""

from __future__ import annotations

import re
from html import escape

from workbench import schedules, views
from workbench.explore.thumbnails import papers
from workbench.schedule import Schedule


def card(name: str) -> str:
    """Papers, formula and use of the schedule called `name`."""
    entry = schedules.get(name)
    links = [
        f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(text)}</a>'
        if address
        else escape(text)
        for text, address in papers(entry)
    ]
    head = f"<b>{escape(entry.title)}</b> &middot; {escape(entry.family)}"
    parts = [" &middot; ".join([head, *links]), prose(entry.summary), prose(entry.formula)]
    if entry.use:
        parts.append(f"<b>When to use it.</b> {prose(entry.use)}")
    return '<div class="lrw-card">' + "".join(f"<p>{part}</p>" for part in parts if part) + "</div>"


def figures(schedule: Schedule) -> str:
    """Areas, averaging window, shares of the phases and what else the views say of a schedule."""
    rows = "".join(
        f"<tr><td>{escape(what)}</td><td>{escape(value)}</td></tr>"
        for what, value in views.summary(schedule).rows()
    )
    return f'<table class="lrw-table lrw-figures">{rows}</table>'


def prose(text: str) -> str:
    """A docstring's paragraphs as HTML: code between back quotes, blank lines kept as breaks."""
    safe = escape(text, quote=False)
    safe = re.sub(r"``(.+?)``|`([^`]+)`", lambda m: f"<code>{m[1] or m[2]}</code>", safe)
    return safe.replace("\n\n", "<br>")
