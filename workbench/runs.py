"""The command ``workbench runs``: list, query, tag, bin, restore, check, repair, export, import."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.doctor import runs_folder
from workbench.views.words import text_table

if TYPE_CHECKING:
    from workbench.store import Store

_ROWS = 40
_WIDEST = 40
_SHOWN = ("id", "schedule", "schedule.peak", "steps", "task", "seed", "final_loss", "saved", "tags", "notes")
_EXAMPLE = '"select peak, avg(final_loss) from runs group by peak"'


def add(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    runs = commands.add_parser("runs", help="what has been run: list, query, tag, bin, check, export, import")
    actions = runs.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, help: str, run: Callable[[Store, argparse.Namespace], None]) -> Any:
        one = actions.add_parser(name, help=help, description=help)
        one.add_argument(
            "--store", metavar="FOLDER", help="folder or address of the runs (WORKBENCH_RUNS, or ./runs)"
        )
        one.set_defaults(run=lambda given: run(_opened(given), given))
        return one

    listing = action("list", "the runs as a table, the last ones last", _list)
    listing.add_argument(
        "where", nargs="*", metavar="FIELD=VALUE", help="only runs with this, as in schedule=wsd tags=good"
    )
    listing.add_argument("--columns", metavar="NAMES", help="which columns, parted by commas, or 'all'")
    listing.add_argument("--last", type=int, metavar="N", help=f"how many at most ({_ROWS}, as CSV all)")
    listing.add_argument("--csv", action="store_true", help="as CSV, with all columns and digits")

    query = action("query", f"one SELECT over runs and points, as in {_EXAMPLE}", _query)
    query.add_argument("sql", metavar="SQL")
    query.add_argument("--csv", action="store_true", help="as CSV, with all digits")

    tag = action("tag", "give runs tags or notes, or take them away", _tag)
    _ids(tag)
    for name, help in (
        ("--add", "a tag to give"),
        ("--remove", "a tag to take away"),
        ("--note", "a note to add"),
    ):
        tag.add_argument(name, action="append", default=[], metavar="TEXT", help=help)

    bin = action("bin", "move runs to the bin, list it, or empty it for good", _bin)
    _ids(bin, "*")
    bin.add_argument("--empty", action="store_true", help="delete what is in the bin; this cannot be undone")

    restore = action("restore", "bring runs back from the bin", _restore)
    _ids(restore)

    action("check", "read every byte and say what is wrong", _check)
    action("repair", "put right what check finds; nothing is lost", _repair)

    export = action("export", "write runs as CSV, or to MLflow", _export)
    export.add_argument("form", choices=("csv", "mlflow"))
    export.add_argument("target", metavar="TARGET", help="a folder, or a SQLite file (.db) of MLflow")
    _ids(export, "*")
    export.add_argument("--experiment", default="workbench", metavar="NAME", help="of MLflow (workbench)")

    reading = action("import", "read runs from CSV that export wrote, or from MLflow", _import)
    reading.add_argument("form", choices=("csv", "mlflow"))
    reading.add_argument("source", metavar="SOURCE", help="a folder, or a SQLite file (.db) of MLflow")
    reading.add_argument("--experiment", metavar="NAME", help="only this one of MLflow (all)")
    for name in ("loss", "rate"):
        reading.add_argument(f"--{name}", metavar="METRIC", help=f"metric of MLflow that is the {name}")


def _opened(given: argparse.Namespace) -> Store:
    from workbench.store import Store

    place = given.store or str(runs_folder())
    # A misspelt folder must not be made; what is imported may need a new one.
    if given.action != "import" and "://" not in place and not Path(place).expanduser().is_dir():
        raise ValueError(f"--store must name a folder of runs; {place} is not there")
    return Store(place)


def _list(store: Store, given: argparse.Namespace) -> None:
    table = store.table(**dict(_condition(text, store) for text in given.where))
    columns = [name for name in table.columns if name in _SHOWN]
    if given.columns == "all" or (given.csv and not given.columns):
        columns = list(table.columns)
    elif given.columns:
        from workbench.select import meant

        columns = [meant(name.strip(), list(table.columns)) for name in given.columns.split(",")]
    if given.last is not None and given.last < 1:
        raise ValueError(f"--last must be at least 1; got {given.last}")
    total = len(table)
    last = given.last or (total if given.csv else _ROWS)
    table = table[columns].tail(last)
    _show(table, given.csv)
    if not given.csv:
        print(f"{len(table):,} of {total:,} runs in {store.address}")


def _condition(text: str, store: Store) -> tuple[str, Any]:
    """A field and its value: what can be a number is one where the runs have numbers there."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"a condition must be FIELD=VALUE, as in schedule=wsd; got {text!r}")
    from workbench.select import meant

    table = store.table()
    column = meant(name, list(table.columns))
    there = {type(each) for each in table[column].dropna().tolist()}
    if there & {int, float}:
        try:
            return column, float(value)
        except ValueError:
            return column, value
    if there == {bool} and value.lower() in ("true", "false"):
        return column, value.lower() == "true"
    return column, value


def _query(store: Store, given: argparse.Namespace) -> None:
    _show(store.query(given.sql), given.csv)


def _tag(store: Store, given: argparse.Namespace) -> None:
    if not (given.add or given.remove or given.note):
        raise ValueError("tag needs --add, --remove or --note")
    ids = _whole(store, given.ids, store.ids())
    if given.add:
        store.tag(ids, *given.add)
    if given.remove:
        store.untag(ids, *given.remove)
    for text in given.note:
        store.note(ids, text)
    print(f"labelled: {', '.join(ids)}")


def _bin(store: Store, given: argparse.Namespace) -> None:
    if given.empty:
        if given.ids:
            raise ValueError("bin --empty takes no ids: it deletes everything in the bin")
        print(f"deleted for good: {store.empty_bin():,} runs")
    elif given.ids:
        ids = _whole(store, given.ids, store.ids())
        store.bin(ids)
        print(f"in the bin: {', '.join(ids)}")
    else:
        table = store.binned()
        _show(table[[name for name in table.columns if name in _SHOWN]], False)
        print(f"in the bin of {store.address}: {len(table):,}")


def _restore(store: Store, given: argparse.Namespace) -> None:
    ids = _whole(store, given.ids, store.binned()["id"].tolist())
    store.restore(ids)
    print(f"restored: {', '.join(ids)}")


def _check(store: Store, given: argparse.Namespace) -> None:
    found = store.check()
    print(found)
    if not found.ok:
        raise SystemExit(1)


def _repair(store: Store, given: argparse.Namespace) -> None:
    print(store.repair())


def _export(store: Store, given: argparse.Namespace) -> None:
    from workbench import exchange

    ids = _whole(store, given.ids, store.ids()) if given.ids else None
    if given.form == "csv":
        for path in exchange.to_csv(store, given.target, ids):
            print(f"written: {path}")
    else:
        there = exchange.to_mlflow(store, given.target, experiment=given.experiment, ids=ids)
        print(f"in MLflow: {len(there):,} runs of the experiment {given.experiment}")


def _import(store: Store, given: argparse.Namespace) -> None:
    from workbench import exchange

    if given.form == "csv":
        ids = exchange.from_csv(given.source, store)
    else:
        ids = exchange.from_mlflow(
            given.source, store, experiment=given.experiment, loss=given.loss, rate=given.rate
        )
    print(f"saved: {len(ids):,} runs in {store.address}")


def _ids(parser: Any, count: str = "+") -> None:
    parser.add_argument("ids", nargs=count, metavar="ID", help="ids of runs, or as much as is unlike others")


def _whole(store: Store, given: list[str], there: list[str]) -> list[str]:
    """Full ids of those that were begun."""
    out = []
    for begun in given:
        found = [id for id in there if id.startswith(begun)]
        if len(found) != 1:
            what = f"{len(found):,} runs begin with it" if found else "there is no such run"
            raise ValueError(f"an id must be of one run in {store.address}; got {begun!r}, and {what}")
        out += found
    return out


def _show(table: Any, csv: bool) -> None:
    if csv:
        print(table.to_csv(index=False), end="")
        return
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    print(text_table([list(map(str, table.columns)), *rows]))


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    # What somebody put into a fact or a note must not move the cursor of the terminal.
    text = str(value)[:19] if hasattr(value, "isoformat") else str(value)
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= _WIDEST else plain[: _WIDEST - 3] + "..."
