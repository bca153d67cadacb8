"""The command line: ``workbench doctor | lab | schedules | show``.

Bad input ends with exit code 2 and one sentence on stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from workbench import schedules
from workbench.params import Choice, Flag, Param
from workbench.registry import Entry, Field
from workbench.schedule import Schedule

SHOW_TOTAL = 10_000
"""Length of the schedule that `show` builds when no total is given."""


class _Parser(argparse.ArgumentParser):
    """argparse lets nothing but a subclass change how it fails; ours says one sentence, not the usage."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} ({self.prog} --help shows what is possible)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        given = _parser().parse_args(argv)
        given.run(given)
        sys.stdout.flush()
    except ValueError as error:
        print(f"workbench: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


def table(markdown: bool = False) -> str:
    """Every schedule with its name, title, paper and arguments; in Markdown it is the README's table."""
    heads = ("name", "title", "paper", "arguments")
    entries = [schedules.get(name) for name in schedules.names()]
    if markdown:
        rows = [
            (
                f"`{e.name}`",
                e.title,
                f"[{e.paper}](https://arxiv.org/abs/{e.paper})" if e.paper else "",
                _names(e),
            )
            for e in entries
        ]
        return "\n".join("| " + " | ".join(row) + " |" for row in (heads, ("---",) * 4, *rows))
    rows = [heads, *((e.name, e.title, e.paper, _names(e)) for e in entries)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def summary(schedule: Schedule) -> str:
    """Phases of a schedule and the rates where they meet, as text."""
    rows = [f"{'phase':<12} {'from':>11} {'to':>11} {'first rate':>12} {'last rate':>12}  shape"]
    for span, phase in zip(schedule.spans(), schedule.phases, strict=True):
        first, last = schedule(span.start), schedule(span.stop - 1)
        rows.append(
            f"{span.name:<12} {span.start:>11} {span.stop:>11} {first:>12.5g} {last:>12.5g}  {phase.shape}"
        )
    steps = sorted({0, *(len(schedule) * i // 4 for i in (1, 2, 3)), len(schedule) - 1})
    rates = ", ".join(f"{schedule(step):.5g} at {step}" for step in steps)
    return "\n".join([repr(schedule), "", *rows, "", f"rates: {rates}"])


def _names(entry: Entry) -> str:
    return ", ".join(
        field.name if field.required else f"{field.name}={field.default}" for field in entry.fields
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="workbench", description="Learning-rate schedules: choose, predict, train, compare."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="what this machine offers, and what is missing")
    doctor.set_defaults(run=_doctor)

    lab = commands.add_parser("lab", help="open the start notebook in JupyterLab")
    lab.add_argument("--port", type=_number, help="port to use (the first free one from 8888)")
    lab.add_argument("--no-browser", action="store_true", help="open no browser, as on a remote machine")
    lab.set_defaults(run=_lab)

    listing = commands.add_parser("schedules", help="list every schedule")
    listing.add_argument("--markdown", action="store_true", help="as the table of README.md")
    listing.set_defaults(run=lambda given: print(table(given.markdown)))

    show = commands.add_parser("show", help="phases and rates of one schedule")
    names = show.add_subparsers(dest="name", required=True, metavar="NAME")
    for name in schedules.names():
        entry = schedules.get(name)
        one = names.add_parser(name, help=entry.title, description=entry.summary, allow_abbrev=False)
        for field in entry.fields:
            _add(one, field)
        form = one.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print the schedule as JSON")
        form.add_argument("--yaml", action="store_true", help="print the schedule as YAML")
        one.set_defaults(run=_show)
    return parser


def _add(parser: argparse.ArgumentParser, field: Field) -> None:
    """One argument of a builder as an option; the builder itself checks its value."""
    param = field.param
    option = "--" + field.name.replace("_", "-")
    default = SHOW_TOTAL if field.name == "total" else field.default
    # argparse formats help with %, which our sentences may hold.
    text = f"{param.help}; {param.allowed} (default {default})".replace("%", "%%")
    if isinstance(param, Flag):
        parser.add_argument(option, action=argparse.BooleanOptionalAction, default=default, help=text)
    elif isinstance(param, Choice):
        parser.add_argument(option, default=default, metavar="NAME", help=text)
    else:
        kind = _number if isinstance(param, Param) else str
        parser.add_argument(option, type=kind, default=default, metavar=field.name.upper(), help=text)


def _number(text: str) -> int | float | str:
    """A number if it is one; other text goes on to the builder's check, which names the argument."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _show(given: argparse.Namespace) -> None:
    entry = schedules.get(given.name)
    schedule = schedules.build({"name": given.name, **{f.name: getattr(given, f.name) for f in entry.fields}})
    if given.json:
        print(schedule.to_json())
    elif given.yaml:
        print(_yaml(schedule), end="")
    else:
        print(summary(schedule))


def _yaml(schedule: Schedule) -> str:
    try:
        return schedule.to_yaml()
    except ModuleNotFoundError:
        raise ValueError("YAML needs PyYAML: pip install 'lr-workbench[data]', or use --json") from None


def _doctor(given: argparse.Namespace) -> None:
    from workbench import doctor

    print(doctor.report())


def _lab(given: argparse.Namespace) -> None:
    from workbench import lab

    lab.start(lab.prepare(given.port, browser=not given.no_browser))


if __name__ == "__main__":
    sys.exit(main())
