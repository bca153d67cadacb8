"""Exercises as text and HTML, for people who only read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from workbench.exercises.exercise import Exercise

_MARKS = re.compile(r"`([^`]+)`|\*([^*\s](?:[^*]*[^*\s])?)\*")


@dataclass(frozen=True)
class Sheet:
    """The questions of one notebook, numbered; answers are not in it."""

    name: str
    exercises: tuple[Exercise, ...]

    def __repr__(self) -> str:
        asked = "\n".join(f"{number}. {one.question}" for number, one in enumerate(self.exercises, start=1))
        return f'{asked}\nCheck an answer: workbench.exercises.check("{self.name}", NUMBER, ANSWER)'

    def _repr_html_(self) -> str:
        asked = "".join(f"<li>{inline(one.question)}</li>" for one in self.exercises)
        code = escape(f'workbench.exercises.check("{self.name}", NUMBER, ANSWER)', quote=False)
        return f"<ol>{asked}</ol><p>Check an answer: <code>{code}</code></p>"


def inline(text: str) -> str:
    """A line with `code` and *emphasis* as HTML."""
    safe = escape(text, quote=False)
    return _MARKS.sub(lambda m: f"<code>{m[1]}</code>" if m[1] else f"<em>{m[2]}</em>", safe)
