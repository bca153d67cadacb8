"""``python -m benchmarks.table_laws``: every law beside the others on the public curves, as Markdown.

Takes some minutes: each law is fitted ten times for each size of the model.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import workbench as wb
from benchmarks.bench_fit import split
from workbench.fitted import Report
from workbench.fitted.scorecard import Row, with_mean
from workbench.fitting import leave_one_out

_PREFIX = "multipower/"
_SIZES = "annealing_size"
"""The law of several sizes: fitted to all at once. The continual law is here, without a second stage, the
annealing law with parameters that nothing tells."""
_NONE = "-"
"""Where every curve has one of the same schedule, of another size, among those that were fitted."""
_COLUMNS = ("error", "after the fork", "R2", "inside 90 %", "the same after the fork")
_KINDS = ("split", "left out")
"""Fitted on the official three curves and judged on six; each of nine judged by a fit of the other eight."""


def sizes() -> list[str]:
    """Every size of the model that there are public curves of."""
    return [name.removeprefix(_PREFIX) for name in wb.datasets.names() if name.startswith(_PREFIX)]


def judged(law: str, size: str) -> tuple[Report, Report]:
    """On six curves by a fit of the official three, and on each of all nine by a fit of the other eight."""
    if law == _SIZES:
        train = [run for each in sizes() for run in sized(each)[0]]
        held, left = wb.fit(law, train).report(sized(size)[1]), left_out_of_all()
        return of_size(held, size), of_size(left, size)
    train, held = split(size)
    return wb.fit(law, train).report(held), leave_one_out(law, [*train, *held])


def sized(size: str) -> tuple[list[wb.Run], list[wb.Run]]:
    """The official split with the parameters of the model, and names that tell the sizes apart."""
    n_params = 1e6 * float(size.removesuffix("M"))
    train, held = (
        [
            replace(
                run,
                task={**run.task, "n_params": n_params},
                facts={**run.facts, "name": f"{size} {run.facts['name']}"},
            )
            for run in part
        ]
        for part in split(size)
    )
    return train, held


@cache
def left_out_of_all() -> Report:
    """Each curve of each size by a fit of all others."""
    return leave_one_out(_SIZES, [run for size in sizes() for part in sized(size) for run in part])


def of_size(report: Report, size: str) -> Report:
    """The rows of one size, and their mean."""
    begins = f"{size} "

    def kept(rows: Mapping[str, Row]) -> dict[str, Row]:
        return with_mean(
            {name.removeprefix(begins): row for name, row in rows.items() if name.startswith(begins)}
        )

    return Report(kept(report.all), kept(report.after_fork), kept(report.unshared))


def cells(report: Report) -> list[str]:
    """Means over curves, every curve counting alike."""
    everything, later = report["mean"], report.after_fork.get("mean")
    inside = [f"{100 * row['coverage']:.0f} %" if row else _NONE for row in (everything, later)]
    return [f"{everything['mae']:.4f}", error(later), f"{everything['r2']:.4f}", *inside]


def error(row: Row | None) -> str:
    """Mean absolute error, if there is any."""
    return f"{row['mae']:.4f}" if row else _NONE


def by_curve(reports: Mapping[str, Report]) -> list[str]:
    """Lines of a table with the error after the fork of each curve that was left out, by law."""
    curves = [name for name in reports["multipower"].after_fork if name != "mean"]
    rows = [
        [law, *(error(report.after_fork.get(name)) for name in curves)] for law, report in reports.items()
    ]
    return table(["law", *curves], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def main() -> None:
    """Print two tables for every size: means, and each curve that was left out."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    if beside.is_dir():
        os.environ.setdefault("WORKBENCH_DATA_DIR", str(beside))
    for size in sizes():
        rows, left = [], {}
        for law in wb.laws.names():
            print(f"{law}, {size} ...", file=sys.stderr, flush=True)
            held, left[law] = judged(law, size)
            rows.append([law, *cells(held), *cells(left[law])])
        rows.sort(key=lambda row: float(row[1 + len(_COLUMNS)]))
        head = ["law", *(f"{kind}: {column}" for kind in _KINDS for column in _COLUMNS)]
        print(f"\n**{size}**\n", *table(head, rows), "", sep="\n")
        print(
            "Error after the fork of each curve that was left out:\n",
            *by_curve(left),
            "",
            sep="\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
