"""Comma-separated values: any table with a header, Lightning's metrics.csv, exports of W&B and MLflow."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from workbench.logs.needs import pyarrow
from workbench.logs.stream import BLOCK, HEAD, numbers
from workbench.logs.table import Array, Gathering, Mask, Table, counted

Wants = Callable[[str], bool]

_MISSING = ["", "null", "NULL", "None", "NA", "N/A", "n/a", "-", "--"]
_ENOUGH = 200_000
"""Rows without one number after which the rest is not looked at."""

_HEADER = 1 << 20
"""Letters that a header may have."""


def header(head: str) -> tuple[int, str, list[str]] | None:
    """Lines before the header, the delimiter, and the names; None where the text begins with no header."""
    for skip, line in enumerate(head.split("\n", 60)[:60]):
        if not line.strip() or line.startswith("#"):
            continue
        if len(line) > _HEADER:
            return None
        delimiter = max(",;\t|", key=line.count)
        try:
            names = next(csv.reader(io.StringIO(line.rstrip("\r")), delimiter=delimiter))
        except csv.Error:
            return None
        return skip, delimiter, _distinct([name.strip() for name in names])
    return None


def _distinct(names: list[str]) -> list[str]:
    """The names, such that no two are alike: W&B lets two runs have one name."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return out


def read(
    path: Path,
    encoding: str,
    head: str,
    wants: Wants,
    texts: tuple[str, ...] = (),
) -> tuple[Table, tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """The wanted columns, the names of the others, notes, and the columns of `texts` as texts."""
    pyarrow("a CSV log")
    import pyarrow as pa
    import pyarrow.csv as pc

    found = header(head)
    assert found is not None
    skip, delimiter, names = found
    wanted = [name for name in names if wants(name) or name in texts]
    if not wanted:
        raise ValueError(f"it has no column of use; as CSV its header is {', '.join(names[:12])[:200]}")
    if len(head) < HEAD // 4 and not "".join(head.split("\n")[skip + 1 :]).strip():
        raise ValueError("it has a header but no rows")
    gathered, odd, bad = Gathering(), _Odd(), 0

    def skip_row(row: Any) -> str:
        nonlocal bad
        bad += 1
        # What never was a table need not be read to its end.
        return "error" if bad > _ENOUGH and not gathered.rows else "skip"

    options = (
        pc.ReadOptions(
            use_threads=False,
            block_size=BLOCK,
            skip_rows=skip + 1,
            column_names=names,
            encoding=_codec(encoding),
        ),
        pc.ParseOptions(delimiter=delimiter, invalid_row_handler=skip_row),
        pc.ConvertOptions(
            include_columns=wanted,
            column_types={name: pa.string() for name in wanted},
            null_values=_MISSING,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    labels = {name: [] for name in texts}
    try:
        with pc.open_csv(path, *options) as reader:
            for batch in reader:
                arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
                for name in texts:
                    labels[name].append(arrays.pop(name).dictionary_encode())
                gathered.add(len(batch), {name: odd.numbers(name, column) for name, column in arrays.items()})
                if gathered.rows > _ENOUGH and not odd.good:
                    raise ValueError(f"its first {gathered.rows:,} rows hold no numbers")
    except (pa.ArrowException, UnicodeError) as error:
        raise ValueError(f"as CSV it breaks off: {str(error).splitlines()[0][:200]}") from None
    notes = list(odd.notes())
    cut = not _ends(path)
    if bad:
        last = " (the last line is cut)" if cut else ""
        notes.append(f"{counted(bad, 'row')} without {len(names)} columns left out{last}.")
    if not gathered.rows:
        raise ValueError("it has a header but no rows" + (", or none of as many columns" if bad else ""))
    # The row that was cut is gone already where it had too few columns.
    table = Table(gathered.columns(), cut=cut and not bad)
    others = tuple(name for name in names if name not in wanted)
    return table, others, tuple(notes), {name: pa.chunked_array(parts) for name, parts in labels.items()}


class _Odd:
    """Cells as numbers; those that are none are counted, with an example."""

    def __init__(self) -> None:
        self.good = 0
        self.bad: dict[str, tuple[int, str]] = {}

    def numbers(self, name: str, column: Any) -> tuple[Array, Mask]:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            cells = pc.cast(column, pa.float64())  # type: ignore[attr-defined]
            value, there = cells.fill_null(np.nan).to_numpy(zero_copy_only=False), None
        except pa.ArrowException:
            texts = column.to_pylist()
            value, there = numbers(texts)
            wrong = [text for text, good in zip(texts, there, strict=True) if not good and text is not None]
            count, example = self.bad.get(name, (0, ""))
            self.bad[name] = (count + len(wrong), example or next(iter(wrong), ""))
        present = column.is_valid().to_numpy(zero_copy_only=False) if there is None else there
        self.good += int(present.sum())
        return value, present

    def notes(self) -> list[str]:
        return [
            f"{counted(count, 'cell')} of {name!r} not a number, such as {example[:40]!r}: left out."
            for name, (count, example) in self.bad.items()
            if count
        ]


def _codec(encoding: str) -> str:
    return "utf8" if encoding in ("utf-8", "utf-8-sig") else encoding


def _ends(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-2, 2)
        return b"\n" in file.read()
