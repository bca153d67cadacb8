"""The command line: ``workbench doctor | lab | serve | notebook | schedules | show | export | import | runs |
sweep | report``.

Bad input ends with exit code 2 and one sentence on stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

from workbench import copying, picture, runs, schedules, terminal
from workbench.files import number_or_text
from workbench.params import Choice, Flag, Param
from workbench.registry import Entry, Field
from workbench.schedule import Schedule
from workbench.serving import command as serving_command
from workbench.sweep import command as sweep_command
from workbench.views.words import text_table

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
    heads = ("name", "family", "title", "paper", "arguments")
    entries = [schedules.get(name) for name in schedules.names()]
    if markdown:
        rows = [(f"`{e.name}`", e.family, e.title, _links(e.paper), _names(e)) for e in entries]
        return "\n".join("| " + " | ".join(row) + " |" for row in (heads, ("---",) * len(heads), *rows))
    rows = [heads, *((e.name, e.family, e.title, e.paper, _names(e)) for e in entries)]
    return text_table(rows)


def _links(papers: str) -> str:
    found = [paper.strip() for paper in papers.split(",") if paper]
    return ", ".join(f"[{paper}](https://arxiv.org/abs/{paper})" for paper in found)


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
    lab.add_argument("--port", type=number_or_text, help="port to use (the first free one from 8888)")
    lab.add_argument("--no-browser", action="store_true", help="open no browser, as on a remote machine")
    lab.set_defaults(run=_lab)

    serve = commands.add_parser("serve", help="the explorer for people who only watch and slide")
    serving_command.options(serve)
    serve.set_defaults(run=serving_command.run)

    listing = commands.add_parser("schedules", help="list every schedule")
    listing.add_argument("--markdown", action="store_true", help="as the table of README.md")
    listing.set_defaults(run=lambda given: print(table(given.markdown)))

    show = commands.add_parser("show", help="phases, rates and curve of one schedule")
    for one in _one_per_schedule(show):
        _forms(one)
        one.set_defaults(run=lambda given: _print(given, _built(given)))

    export = commands.add_parser("export", help="one schedule as code or configuration of a trainer")
    for one in _one_per_schedule(export):
        _target(one, required=True)
        one.set_defaults(run=lambda given: _export(given, _built(given)))

    reading = commands.add_parser("import", help="the schedule in a log, or in a saved file")
    reading.add_argument("log", metavar="LOG", help="CSV, JSONL, trainer_state.json, or a saved schedule")
    reading.add_argument("--step", metavar="COLUMN", help="column of the steps, where it is not recognised")
    reading.add_argument("--rate", metavar="COLUMN", help="column of the rates, where it is not recognised")
    _forms(reading)
    _target(reading, required=False)
    reading.set_defaults(run=_import)

    runs.add(commands)
    copying.add(commands)

    sweep = commands.add_parser("sweep", help="one notebook over many parameters, here or on a cluster")
    sweep_command.options(sweep)
    sweep.set_defaults(run=sweep_command.run)

    report = commands.add_parser("report", help="a sweep's results as one page")
    report.add_argument("dir", metavar="DIR", help="folder or address of the sweep")
    report.set_defaults(run=sweep_command.report)
    return parser


def _one_per_schedule(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser for each schedule, with its arguments as options."""
    named = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name in schedules.names():
        entry = schedules.get(name)
        one = named.add_parser(name, help=entry.title, description=entry.summary, allow_abbrev=False)
        for field in entry.fields:
            _add(one, field)
        yield one


def _forms(parser: argparse.ArgumentParser) -> None:
    """How a schedule may be shown; without any, as a table and a curve of dots."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the schedule as JSON")
    form.add_argument("--yaml", action="store_true", help="print the schedule as YAML")
    form.add_argument("--png", metavar="FILE", help="draw it into a file: .png, .svg or .pdf")
    parser.add_argument("--log", action="store_true", help="logarithmic axis of the rate")


def _target(parser: argparse.ArgumentParser, *, required: bool) -> None:
    from workbench import export

    names = ", ".join(export.names())
    parser.add_argument("--to", required=required, metavar="TRAINER", help=f"what to write: {names}")
    parser.add_argument("--out", metavar="FILE", help="write to a new file instead of the terminal")


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
        # What is no number goes on to the builder's check, which names the argument.
        kind = number_or_text if isinstance(param, Param) else str
        parser.add_argument(option, type=kind, default=default, metavar=field.name.upper(), help=text)


def _built(given: argparse.Namespace) -> Schedule:
    fields = schedules.get(given.name).fields
    return schedules.build(
        {"name": given.name, **{field.name: getattr(given, field.name) for field in fields}}
    )


def _print(given: argparse.Namespace, schedule: Schedule) -> None:
    label = schedules.get(schedule.recipe["name"]).quantity if schedule.recipe else "learning rate"
    if given.json:
        print(schedule.to_json())
    elif given.yaml:
        print(_yaml(schedule), end="")
    elif given.png:
        print(f"drawn: {picture.save(schedule, given.png, log=given.log, label=label)}")
    else:
        print(terminal.summary(schedule))
        print()
        print(terminal.plot(schedule, log=given.log, plain=not _draws_dots(), label=label))


def _draws_dots() -> bool:
    try:
        "\u28ff\u2502".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _export(given: argparse.Namespace, schedule: Schedule) -> None:
    from workbench import export

    text = export.code(schedule, to=given.to)
    if not given.out:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    try:
        # "x": what somebody wrote is not written over.
        with open(given.out, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ValueError(f"--out cannot be written: {error}") from None
    print(f"written: {given.out}")


def _import(given: argparse.Namespace) -> None:
    from workbench import imports

    found = imports.from_file(given.log, step=given.step, rate=given.rate)
    if given.to:
        print(found.words, file=sys.stderr)
        _export(given, found.schedule)
        return
    if not (given.json or given.yaml):
        print(found.words)
        print()
    _print(given, found.schedule)


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
