"""Memory that was freed goes back to the system: the allocator of glibc keeps most of it for later."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return what is free to the system; takes some tens of milliseconds, and does nothing without glibc."""
    with suppress(AttributeError, OSError, TypeError):  # another C library, or none that can be asked
        ctypes.CDLL(None).malloc_trim(0)
