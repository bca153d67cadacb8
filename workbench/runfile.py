"""One run as one Parquet file: points in long form, all else as JSON in the schema's metadata.

The columns are part ("loss" for the run's own curve, then the names of its parts), step, loss, low and
high. A run's id is a hash of its content, so that damage shows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from workbench import files, records, runcontent
from workbench.curve import Curve, Run

if TYPE_CHECKING:
    import pyarrow as pa

ID = re.compile(r"[0-9a-f]{16}")
"""What an id looks like."""

_LATEST = 9.2e9
"""In the year 2261, when the nanoseconds of a pandas time end: a later time of saving is none."""


def pack(run: Run) -> tuple[str, bytes]:
    """Id of a run and the bytes of its file.

    Raises
    ------
    ValueError
        When `run` is not a `Run` or holds values that are not plain.
    """
    content, points = runcontent.plain(run)
    about = {
        "format": files.FORMAT,
        "saved": time.time(),
        "final_loss": records.encode(run.final_loss, "final_loss"),
        "steps": len(run.schedule),
        "run": content,
    }
    return runcontent.digest(content, points), runcontent.parquet(about, points)


def about(source: Path | IO[bytes], where: str) -> dict[str, Any]:
    """Everything about the run in a file but its points, from the footer alone.

    Parameters
    ----------
    source : Path or binary file
        The file.
    where : str
        What it is called in an error; its last part must be the id with ".parquet".

    Raises
    ------
    ValueError
        When the file is broken or not a run. A file that is gone raises ``FileNotFoundError``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _checked(where, pq.read_schema(source))
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{where} is not a whole Parquet file: {reason(error)}") from None


def unpack(source: Path | IO[bytes], where: str, *, named: bool = True) -> tuple[str, Run]:
    """Id and run in a file.

    Parameters
    ----------
    source, where
        As of `about`.
    named : bool
        Whether the file's name must be the id of what it holds.

    Raises
    ------
    ValueError
        When it is not a run, or not what its name stands for.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source, page_checksum_verification=True)
        about = _checked(where, file.schema_arrow, named=named)
        lengths = _lengths(about, file.metadata.num_rows)
        table = file.read()
        values = {c: table.column(c).to_numpy(zero_copy_only=False) for c in runcontent.COLUMNS}
        points, start = [], 0
        for part, length in zip(about["run"]["parts"], lengths, strict=True):
            here = slice(start, start := start + length)
            used = runcontent.COLUMNS if part["interval"] else runcontent.COLUMNS[:2]
            points.append((part["name"], Curve(*(values[column][here] for column in used))))
        id = runcontent.digest(about["run"], points)
        if named and id != _stem(where):
            raise ValueError("its content is not what its name stands for")
        return id, runcontent.built(about["run"], points)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(where, error) from None


def curve(source: Path | IO[bytes], where: str, part: str) -> Curve:
    """One curve of the run in a file; of the other columns nothing is read, and no id is checked.

    Raises
    ------
    ValueError
        When it is not a run, is damaged, or has no such curve.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source, page_checksum_verification=True)
        about = _checked(where, file.schema_arrow)
        lengths = _lengths(about, file.metadata.num_rows)
        parts = {each["name"]: each for each in about["run"]["parts"]}
        names = list(parts)
        if part not in parts:
            raise _NoPart(f"part must be one of {', '.join(names)}; got {files.short(part)}")
        before = sum(lengths[: names.index(part)])
        used = runcontent.COLUMNS if parts[part]["interval"] else runcontent.COLUMNS[:2]
        table = file.read(list(used)).slice(before, lengths[names.index(part)])
        return Curve(*(table.column(c).to_numpy(zero_copy_only=False) for c in used))
    except (FileNotFoundError, _NoPart):
        raise
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(where, error) from None


class _NoPart(ValueError):
    """The run is sound; what was asked for is not in it."""


def _damaged(where: str, error: Exception) -> ValueError:
    text = reason(error)
    return ValueError(text if text.startswith(where) else f"{where} is damaged: {text}")


def _lengths(about: Mapping[str, Any], rows: int) -> list[int]:
    """Points of each curve, after a look at whether they can be: a small file may claim more than memory."""
    lengths = [part["points"] for part in about["run"]["parts"]]
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in lengths) or sum(lengths) != rows:
        raise ValueError("its curves do not have the points that it names")
    if rows > runcontent.MOST_POINTS:
        raise ValueError(f"it has {rows:,} points; at most {runcontent.MOST_POINTS:,} are read")
    return lengths


def reason(error: BaseException) -> str:
    """First line of what went wrong, without the library's details."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0]


def _checked(where: str, schema: pa.Schema, *, named: bool = True) -> dict[str, Any]:
    text = (schema.metadata or {}).get(runcontent.KEY)
    if text is None or (named and not ID.fullmatch(_stem(where))):
        raise ValueError(f"{where} is not a run that a Store saved")
    try:
        about = files.from_json(text.decode("utf-8", "replace"))
        files.fields(about, "its metadata", needs=("format", "saved", "final_loss", "steps", "run"))
        files.check_format(about)
        about["saved"] = _number(about, "saved", 0.0, _LATEST)
        about["final_loss"] = records.decode(about["final_loss"])
        if not isinstance(about["final_loss"], float):
            raise ValueError(f"its final_loss must be a number; got {files.short(about['final_loss'])}")
        about["steps"] = int(_number(about, "steps", 0.0, float(2**62)))
        files.fields(about["run"], "its run", needs=("schedule", "task", "facts", "parts"))
        for key in ("schedule", "task", "facts"):
            about[key] = records.decode(about["run"][key])
            files.fields(about[key], f"its {key}", needs=(), may=about[key])
        recipe = about["schedule"].get("recipe")
        files.fields(recipe or {}, "the recipe of its schedule", needs=(), may=recipe or ())
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{where} cannot be read: {reason(error)}") from None
    return about


def _number(about: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = about[name]
    # A comparison with NaN is never true.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"its {name} must be a number from {low:g} to {high:g}; got {files.short(value)}")
    return float(value)


def _stem(where: str) -> str:
    return PurePosixPath(where.replace("\\", "/")).stem
