"""Objects of a JSON array that may be too long to be parsed as a whole, or be cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from workbench.logs.stream import HEAD

_OBJECT = re.compile(rb"\{[^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+\}")
_END = re.compile(rb"\}\s*\]|^\s*\]")
_BETWEEN = re.compile(rb"\}\s*,\s*\{")


def one(line: str) -> dict[str, Any] | None:
    """The object in a text, None where it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def after(pieces: Iterable[bytes], start: re.Pattern[bytes]) -> Iterator[bytes]:
    """What comes the first place where `start` matches."""
    begun = False
    for chunk in pieces:
        if begun:
            yield chunk
            continue
        found = start.search(chunk)
        if found:
            begun = True
            yield chunk[found.end() :]


def within(pieces: Iterable[bytes]) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """Objects of an array whose beginning is behind us, in batches, and whether its end has come."""
    rest = b""
    for piece in pieces:
        rest += piece
        # Rows seldom hold brackets of their own.
        rows = _closed(rest) if b"]" in rest and _END.search(rest) else None
        if rows is not None:
            yield rows, True
            return
        rows, used = _open(rest)
        yield rows, False
        rest = rest[used:].lstrip(b" ,\t\r\n")
        if len(rest) > 2 * HEAD:
            raise ValueError("its rows are no JSON objects")


def _closed(text: bytes) -> list[dict[str, Any]] | None:
    """Objects up to the bracket that ends the array; None where that has not come."""
    try:
        rows, _ = json.JSONDecoder().raw_decode("[" + text.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None
    return [row for row in rows if isinstance(row, dict)]


def _open(text: bytes) -> tuple[list[dict[str, Any]], int]:
    """Whole objects at the beginning of a text, and how many bytes they take."""
    joints = list(_BETWEEN.finditer(text, max(0, len(text) - (1 << 16))))
    if joints:
        last = joints[-1]
        try:
            rows = json.loads(b"[" + text[: last.start() + 1] + b"]")
            return [row for row in rows if isinstance(row, dict)], last.end() - 1
        except (ValueError, RecursionError):
            pass
    # One by one: the text breaks off, or an object in it is none.
    found = list(_OBJECT.finditer(text))
    rows = [one(each.group().decode("utf-8", errors="replace")) for each in found]
    return [row for row in rows if row is not None], found[-1].end() if found else 0
