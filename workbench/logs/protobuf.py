"""The wire format of protocol buffers, walked for many messages at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Fields(NamedTuple):
    """One field of each of some messages: arrays (m,)."""

    message: Places
    number: Places
    wire: Places
    begin: Places
    end: Places
    value: NDArray[np.uint64]

    def where(self, number: int, wire: int) -> Fields:
        """Those with this number and wire type."""
        return self.take((self.number == number) & (self.wire == wire))

    def take(self, here: NDArray[np.bool_]) -> Fields:
        """Those for which `here` is true."""
        places = (self.message, self.number, self.wire, self.begin, self.end)
        message, number, wire, begin, end = (column[here] for column in places)
        return Fields(message, number, wire, begin, end, self.value[here])


def walk(data: Bytes, begin: Places, end: Places) -> Iterator[Fields]:
    """The first field of every message ``data[begin:end]``, then the second, and so on.

    `data` must go on for 16 bytes after the last message. A message that breaks off yields what comes
    before.
    """
    who, at = np.arange(len(begin)), begin.copy()
    while True:
        alive = at < end[who]
        who, at = who[alive], at[alive]
        if not len(who):
            return
        key, at = _varint(data, at)
        number, wire = (key >> np.uint64(3)).astype(np.int64), (key & np.uint64(7)).astype(np.int64)
        value = np.zeros(len(who), np.uint64)
        start, stop = at.copy(), at.copy()
        coded = (wire == VARINT) | (wire == BYTES)
        value[coded], start[coded] = _varint(data, at[coded])
        stop[:] = start
        size = np.where(wire == BYTES, np.minimum(value, np.uint64(1 << 40)).astype(np.int64), 0)
        stop += size + np.where(wire == FIXED64, 8, 0) + np.where(wire == FIXED32, 4, 0)
        sound = np.isin(wire, (VARINT, FIXED64, BYTES, FIXED32)) & (stop <= end[who])
        yield Fields(who, number, wire, start, stop, value).take(sound)
        who, at = who[sound], stop[sound]


def fixed(data: Bytes, at: Places, kind: str) -> NDArray[np.float64]:
    """Numbers of the type `kind`, such as "<f4", that begin at the places `at`."""
    width = np.dtype(kind).itemsize
    raw = np.ascontiguousarray(data[at[:, None] + np.arange(width)])
    return raw.view(kind)[:, 0].astype(float)


def _varint(data: Bytes, at: Places) -> tuple[NDArray[np.uint64], Places]:
    value, at, left = np.zeros(len(at), np.uint64), at.copy(), np.arange(len(at))
    for k in range(10):
        # A message that ends inside a number is told by its length, later.
        byte = data[np.minimum(at[left], len(data) - 1)].astype(np.uint64)
        value[left] |= (byte & np.uint64(127)) << np.uint64(7 * k)
        at[left] += 1
        left = left[byte >= 128]
        if not len(left):
            break
    return value, at
