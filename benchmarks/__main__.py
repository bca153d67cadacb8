"""``python -m benchmarks [NAME ...]``: every ``bench_NAME.py`` here, or those named, as one table."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from benchmarks.rows import Row

_HEAD = ("name", "value", "unit", "target", "ok")
_WIDTHS = (58, 12, 12, 16, 6)


def names() -> list[str]:
    """Every benchmark there is, without its ``bench_``."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def line(row: Row) -> str:
    """One line of the table."""
    verdict = {True: "ok", False: "MISSED", None: ""}[row.ok]
    return _cells((row.name, f"{row.value:.4g}", row.unit, row.target, verdict))


def main(wanted: list[str]) -> int:
    """Print the table; the exit code is 1 when a target is missed and 2 for a name that there is not."""
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        print(f"benchmarks: no {unknown[0]!r}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    # As in the tests: public data beside the checkout are used where they are.
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    if beside.is_dir():
        os.environ.setdefault("WORKBENCH_DATA_DIR", str(beside))
    print(_cells(_HEAD))
    missed = 0
    for name in wanted or names():
        for row in importlib.import_module(f"benchmarks.bench_{name}").rows():
            print(line(row), flush=True)
            missed += row.ok is False
    print(f"{missed} targets missed" if missed else "every target reached")
    return 1 if missed else 0


def _cells(cells: tuple[str, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
