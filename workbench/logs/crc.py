"""CRC-32C (Castagnoli) of many records at once, as event files mask it."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]
Places = NDArray[np.int64]


@cache
def _table() -> Words:
    row = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = np.where(row & 1, (row >> 1) ^ np.uint32(0x82F63B78), row >> 1)
    return row


def masked(data: Bytes, start: Places, length: Places) -> Words:
    """Masked checksums of ``data[start : start + length]`` for arrays of starts and lengths (n,)."""
    table = _table()
    order = np.argsort(-length, kind="stable")
    at, left = start[order], length[order]
    crc = np.full(len(at), 0xFFFFFFFF, np.uint32)
    # Of the records, longest first, those that still have a byte j are the first `live`.
    live = np.searchsorted(-left, -np.arange(int(left[0]) if len(left) else 0), side="left")
    for j, n in enumerate(live):
        crc[:n] = table[(crc[:n] ^ data[at[:n] + j]) & 0xFF] ^ (crc[:n] >> np.uint32(8))
    crc = ~crc
    out = np.empty_like(crc)
    out[order] = ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(0xA282EAD8)
    return out
