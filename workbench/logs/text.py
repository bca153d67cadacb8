"""Logs that are lines for people: nanoGPT, llm.c, build-nanogpt, Megatron; a pattern for each kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.logs.stream import blocks, numbers
from workbench.logs.table import Gathering, Log, Table

_NUMBER = rb"[-+.\w]+"
"""A word that may be a number: what is none is told when it is converted, which is faster."""


@dataclass(frozen=True)
class Line:
    """One kind of line.

    Parameters
    ----------
    pattern : re.Pattern
        With a group for each of `names`. It begins with letters, for which a text is searched much
        faster than for anything else, and what it passes over is bounded.
    names : tuple of str
        What the groups are.
    first : int, optional
        Number of the first update where the trainer settles it.
    shift : mapping of int
        See `Table`.
    """

    pattern: re.Pattern[bytes]
    names: tuple[str, ...]
    first: int | None = None
    shift: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """One kind of log: its title, and its lines."""

    title: str
    lines: tuple[Line, ...]


def line(
    pattern: bytes, *names: str, first: int | None = None, shift: Mapping[str, int] | None = None
) -> Line:
    """A line by its pattern, in which NUMBER stands for that of a number."""
    return Line(re.compile(pattern.replace(b"NUMBER", _NUMBER), re.MULTILINE), names, first, shift or {})


FORMS = (
    Form(
        "Megatron text log",
        (
            # The iteration is counted, and the scheduler has stepped, before the line is printed.
            line(
                rb"iteration +(\d+) */ *\d+ +\|(?:[^|\n]*+\|){0,12}? *learning rate: (NUMBER) \|"
                rb"(?:[^|\n]*+\|){0,12}? *(?:lm loss|loss): (NUMBER) \|",
                "iteration",
                "learning rate",
                "lm loss",
                first=1,
                shift={"learning rate": 1},
            ),
            line(
                rb"validation loss at iteration (\d+)(?: on validation set)? \| lm loss value: (NUMBER) \|",
                "iteration",
                "validation loss",
                first=1,
            ),
        ),
    ),
    Form(
        "nanoGPT text log",
        (
            line(
                rb"iter (\d+): loss (NUMBER),(?:(?:[^,\n]*+,){0,6}? *lr:? (NUMBER)\b)?",
                "iter",
                "loss",
                "lr",
                first=0,
            ),
            # Measured before update `step`, that is after as many updates.
            line(
                rb"step (\d+): train loss (NUMBER), val loss (NUMBER)(?=\s)",
                "step",
                "train loss",
                "val loss",
                first=1,
            ),
        ),
    ),
    Form(
        "text log of steps, as of llm.c and build-nanogpt",
        (
            line(
                rb"step:? *(\d+)(?:/\d+)?(?: \([^\n)]{1,12}\))? *\| *(?:train )?loss:? (NUMBER)\b"
                rb"(?:(?:[^|\n]*+\|){0,6}? *lr:? *(NUMBER)\b)?",
                "step",
                "loss",
                "lr",
            ),
        ),
    ),
    Form(
        "main.log of llm.c",
        (
            line(rb"s:(\d+) trl:(NUMBER) lr:(NUMBER)\s", "step", "train loss", "lr"),
            line(rb"s:(\d+) tel:(NUMBER)\s", "step", "val loss"),
        ),
    ),
    Form(
        "log.txt of build-nanogpt",
        (
            line(rb"^(\d+) train (NUMBER)\s", "step", "train loss"),
            line(rb"^(\d+) val (NUMBER)\s", "step", "val loss"),
        ),
    ),
)
"""Every kind that is known, the most particular first."""


def recognise(head: bytes) -> Form | None:
    """The form of a text that begins with `head`, None where it is none of these."""
    return next((form for form in FORMS if any(each.pattern.search(head) for each in form.lines)), None)


def read(
    path: Path, name: str, form: Form, encoding: str, called: Mapping[str, str] | None = None
) -> list[Log]:
    """The one training that a text log tells of; `called` gives other names to groups."""
    called = called or {}
    gathered = [Gathering() for _ in form.lines]
    for block in blocks(path, encoding):
        for each, gathering in zip(form.lines, gathered, strict=True):
            found = each.pattern.findall(block)
            if found:
                columns = zip(each.names, zip(*found, strict=True), strict=True)
                # A group that never takes part is a column that the log does not have.
                parts = {called.get(k, k): numbers(list(values)) for k, values in columns if any(values)}
                gathering.add(len(found), parts)
    tables = tuple(
        Table(gathering.columns(), each.first, each.shift)
        for each, gathering in zip(form.lines, gathered, strict=True)
        if gathering.rows
    )
    return [Log(name, str(path), form.title, tables)]
