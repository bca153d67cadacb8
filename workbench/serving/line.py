"""A line of visitors: so many are let in at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(eq=False)
class Line:
    """Who stands in it, the first of all in front; the first `most` of them are inside.

    Parameters
    ----------
    most : int
        So many are inside at a time.
    """

    most: int
    _standing: list[object] = field(default_factory=list)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self, visitor: object) -> None:
        """Stand behind all others."""
        self._standing.append(visitor)

    def number(self, visitor: object) -> int:
        """Place among those who wait, from 1; 0 once inside."""
        return max(self._standing.index(visitor) + 1 - self.most, 0)

    def leave(self, visitor: object) -> None:
        """Be done, or give up waiting: all behind move up."""
        self._standing.remove(visitor)
        self.stir()

    def stir(self) -> None:
        """Wake all who wait, so that each looks where they stand."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def moved(self) -> None:
        """Return when somebody left, or was woken."""
        await self._moved.wait()
