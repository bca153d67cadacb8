"""TensorBoard's event files, without TensorBoard: records with checksums that hold scalars by tag.

A record is its length (8 bytes, little endian), the masked CRC-32C of these, the data, and theirs. The
data are an ``Event``: wall_time = 1, step = 2, summary = 5; a ``Summary`` holds values = 1 with tag = 1
and simple_value = 2 or tensor = 8.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.logs import crc, protobuf
from workbench.logs.protobuf import BYTES, FIXED32, FIXED64, VARINT
from workbench.logs.stream import BLOCK
from workbench.logs.table import MAX_ROWS, Array, Column, Log, Table, counted

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_FRAME = 16
_LARGE = 1 << 14
"""Bytes beyond which a record is a picture, a graph or the like, and its content is not looked at."""


def is_one(head: bytes) -> bool:
    """Whether a file that begins with `head` has the frame of a first record."""
    if len(head) < 12:
        return False
    data = np.frombuffer(head[:8], np.uint8)
    return struct.unpack_from("<I", head, 8)[0] == crc.masked(data, np.array([0]), np.array([8]))[0]


class _Damage:
    """What was wrong with a file."""

    def __init__(self) -> None:
        self.bad, self.place, self.cut = 0, -1, False

    def notes(self, path: Path) -> tuple[str, ...]:
        out = []
        if self.bad:
            out.append(f"{counted(self.bad, 'record')} of {path.name} not as its checksum says: left out.")
        if self.place >= 0:
            out.append(
                f"{path.name} is damaged from byte {self.place:,} on: the records before it were read."
            )
        if self.cut:
            out.append(f"The last record of {path.name} is cut and was left out.")
        return tuple(out)


def read(path: Path, name: str, wants: Callable[[str], bool]) -> list[Log]:
    """The scalars of one event file, a table for each tag."""
    damage, series, others, rows = _Damage(), {}, {}, 0
    for data, begin, end in _records(path, damage):
        for tag, step, value in _scalars(data, begin, end):
            if not wants(tag):
                others[tag] = None
                continue
            series.setdefault(tag, []).append((step, value))
            rows += len(step)
            if rows > MAX_ROWS:
                raise ValueError(f"it has more than {MAX_ROWS:,} values; thin it first")
    if not series and not others:
        raise ValueError("it holds no scalars")
    tables = []
    for tag, parts in series.items():
        step, value = (np.concatenate(column) for column in zip(*parts, strict=True))
        every = np.ones(len(step), bool)
        tables.append(Table({"step": Column(step, every), tag: Column(value, every)}))
    return [
        Log(
            name,
            str(path),
            "TensorBoard events",
            tuple(tables),
            tuple(others)[:400],
            notes=damage.notes(path),
        )
    ]


def _records(path: Path, damage: _Damage) -> Iterator[tuple[Bytes, Places, Places]]:
    """Blocks of the file with where the records in them begin and end; large ones are passed over."""
    with path.open("rb") as file:
        rest, place = b"", 0
        while True:
            data = rest + file.read(BLOCK)
            at = _frames(data)
            table = np.frombuffer(data + b"\0" * 16, np.uint8)
            begin, end, sound = _framed(table, at[:-1], np.diff(at) - _FRAME)
            whole = _checked(table, begin, end, damage)
            yield table, begin[whole], end[whole]
            if not sound:
                damage.place = place + (int(end[-1]) + 4 if len(end) else 0)
                return
            used = int(at[-1])
            place, rest = place + used, data[used:]
            if len(rest) >= 12 and not is_one(rest):
                damage.place = place
                return
            length = struct.unpack_from("<Q", rest)[0] + _FRAME if len(rest) >= 12 else 12
            if length > BLOCK:
                place, rest = place + length, b""
                damage.cut = place > path.stat().st_size
                file.seek(place)
            elif file.tell() >= path.stat().st_size:
                damage.cut = damage.cut or bool(rest)
                return


def _frames(data: bytes) -> Places:
    """Where the whole records of a block begin, by the lengths that they state, and where the last ends."""
    at, out, n, length = 0, [0], len(data), struct.Struct("<Q").unpack_from
    # Each record says where the next is: there is no other way than one after the other.
    while at + 12 <= n:
        at += length(data, at)[0] + _FRAME
        if at > n:
            break
        out.append(at)
    return np.array(out)


def _framed(data: Bytes, at: Places, size: Places) -> tuple[Places, Places, bool]:
    """Begin and end of the data of the records up to the first whose length does not meet its checksum."""
    good = crc.masked(data, at, np.full(len(at), 8)) == protobuf.fixed(data, at + 8, "<u4").astype(np.uint32)
    n = len(at) if good.all() else int(np.argmin(good))
    return at[:n] + 12, at[:n] + 12 + size[:n], n == len(at)


def _checked(data: Bytes, begin: Places, end: Places, damage: _Damage) -> NDArray[np.bool_]:
    """Which records are small and meet their checksum."""
    small = end - begin <= _LARGE
    meets = crc.masked(data, begin[small], (end - begin)[small]) == protobuf.fixed(
        data, end[small], "<u4"
    ).astype(np.uint32)
    damage.bad += int(np.count_nonzero(~meets))
    small[small] = meets
    return small


def _scalars(data: Bytes, begin: Places, end: Places) -> Iterator[tuple[str, Array, Array]]:
    """Tag, steps and values of the scalars in some events, in their order."""
    step = np.zeros(len(begin), np.int64)
    found: list[tuple[Places, Places, Places]] = []
    for fields in protobuf.walk(data, begin, end):
        stepped, summary = fields.where(2, VARINT), fields.where(5, BYTES)
        step[stepped.message] = stepped.value.astype(np.int64)
        for inner in protobuf.walk(data, summary.begin, summary.end):
            values = inner.where(1, BYTES)
            found.append((summary.message[values.message], values.begin, values.end))
    if not found:
        return
    event, first, last = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(event, kind="stable")
    number, there, tag = _values(data, first[order], last[order])
    # Tags are told apart by length and checksum, which is much faster than by their text.
    length = tag[:, 1] - tag[:, 0]
    mark = (length << 32) | crc.masked(data, tag[:, 0], length).astype(np.int64)
    _, places, code = np.unique(mark, return_index=True, return_inverse=True)
    for which in np.argsort(places):
        here = (code == which) & there
        if here.any():
            a, b = tag[places[which]]
            name = data[a:b].tobytes().decode("utf-8", errors="replace")
            yield name, step[event[order][here]].astype(float), number[here]


def _values(data: Bytes, begin: Places, end: Places) -> tuple[Array, NDArray[np.bool_], Places]:
    """Numbers of summary values (n,), whether they are scalars, and begin and end of their tags (n, 2)."""
    number, there = np.full(len(begin), np.nan), np.zeros(len(begin), bool)
    tag = np.zeros((len(begin), 2), np.int64)
    for fields in protobuf.walk(data, begin, end):
        named, simple, tensor = fields.where(1, BYTES), fields.where(2, FIXED32), fields.where(8, BYTES)
        tag[named.message] = np.column_stack([named.begin, named.end])
        number[simple.message], there[simple.message] = protobuf.fixed(data, simple.begin, "<f4"), True
        number[tensor.message], there[tensor.message] = _tensors(data, tensor.begin, tensor.end)
    return number, there, tag


def _tensors(data: Bytes, begin: Places, end: Places) -> tuple[Array, NDArray[np.bool_]]:
    """Numbers of tensors (n,), and which of them are one number of a known type."""
    number, there = np.full(len(begin), np.nan), np.zeros(len(begin), bool)
    # Content (4) holds the bytes as they are, float_val (5) and double_val (6) hold them packed or alone.
    for fields in protobuf.walk(data, begin, end):
        for field, width, kind in ((4, 4, "<f4"), (4, 8, "<f8"), (5, 4, "<f4"), (6, 8, "<f8")):
            for wire in (BYTES, FIXED32 if width == 4 else FIXED64):
                own = fields.where(field, wire)
                fits = own.end - own.begin == width
                at = own.message[fits]
                number[at], there[at] = protobuf.fixed(data, own.begin[fits], kind), True
    return number, there
