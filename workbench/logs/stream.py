"""Text of a file in pieces that end with a line, so that memory stays bounded whatever the file is."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEAD = 4 << 20
"""Bytes after which a log must have shown what it is."""

BLOCK = 8 << 20
"""Bytes that are read at once, and about the most that a line may have."""

BINARY = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"BZh", "compressed (bzip2)"),
    (b"\xfd7zXZ", "compressed (xz)"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)"),
    (b"SQLite format 3", "a database (SQLite)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x02}", "a pickle"),
)
"""First bytes of what is often mistaken for a log."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def encoding_of(head: bytes) -> str:
    """Encoding of a text that begins with `head`.

    Raises
    ------
    ValueError
        When it is no text.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    for magic, what in BINARY:
        if head.startswith(magic):
            raise ValueError(f"it is {what}, not a log as text; unpack or export it first")
    # A computer whose power failed may leave zeros at the end of a text.
    seen = np.frombuffer(head[: 1 << 16].rstrip(b"\0"), np.uint8)
    control = (seen < 32) & ~np.isin(seen, (9, 10, 12, 13, 27))
    if not len(seen) or np.count_nonzero(control) > 0.02 * len(seen):
        raise ValueError("it is binary, not a log as text, and of no binary form that is known here")
    try:
        # The head may end inside a letter.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """UTF-8 text of the file in pieces that end anywhere."""
    with path.open("rb") as file:
        decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)(errors="replace")
        while data := file.read(BLOCK):
            yield data if decoder is None else decoder.decode(data).encode()


def blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """UTF-8 text of the file in pieces of whole lines; only the last may lack its line end.

    Raises
    ------
    ValueError
        For a line of more than 8 MB.
    """
    rest = b""
    for data in chunks(path, encoding):
        data = rest + data
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if len(rest) > 2 * BLOCK:
            raise ValueError(f"it has a line of more than {BLOCK >> 20} MB")
        if end:
            yield data[:end]
    if rest.strip():
        yield rest


def numbers(values: list[bytes] | list[object]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values as numbers (n,), and which of them are numbers at all; "nan" and "inf" are."""
    try:
        column = np.array(values, dtype=float)
        if None not in values:
            return column, np.ones(len(values), bool)
    except (TypeError, ValueError, OverflowError):
        pass
    # One by one only where some are no numbers: the fast way does not say which.
    column, there = np.full(len(values), np.nan), np.zeros(len(values), bool)
    for i, value in enumerate(values):
        if value is None or isinstance(value, bool):
            continue
        try:
            column[i] = float(value)  # type: ignore[arg-type]  # what cannot be is told by the error
            there[i] = True
        except (TypeError, ValueError, OverflowError):
            continue
    return column, there
