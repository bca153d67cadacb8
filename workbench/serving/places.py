"""So many visitors and no more: each has a kernel, and there are so many kernels."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Int

from workbench.doctor import usable_threads
from workbench.serving.line import Line

_UNSEEN = timedelta(minutes=3)
"""A page that has not spoken to its kernel for so long since it was made never will: it was closed before."""


class Places(AsyncMappingKernelManager):
    """Has no more kernels than `visitors`; Voila's configuration names this class."""

    visitors = Int(30, min=1, help="most kernels at a time").tag(config=True)
    at_once = Int(
        min=1, help="kernels that start and draw their page at the same moment, the cores of the machine"
    ).tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.line = Line(self.at_once)
        self._promised: set[object] = set()
        self._seen: set[str] = set()

    def _at_once_default(self) -> int:
        return usable_threads()

    def promise(self) -> None:
        """Keep a place for the visitor whose task this is, unless all are taken."""
        if len(self) + len(self._promised) >= self.visitors:
            # The reason is what Voila's page shows.
            raise HTTPError(503, reason=f"All {self.visitors} places are taken, please come back later")
        self._promised.add(asyncio.current_task())

    def release(self) -> None:
        """The place is taken, or the visitor has gone."""
        self._promised.discard(asyncio.current_task())

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """A kernel for the visitor to whom a place was promised."""
        try:
            return await super().start_kernel(**options)
        finally:
            self.release()

    def notify_connect(self, kernel_id: str) -> None:
        """A page speaks to its kernel."""
        self._seen.add(kernel_id)
        super().notify_connect(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that is forgotten; one whose page was closed before it was complete much sooner."""
        now = datetime.now(UTC)
        silent = now - getattr(self._kernels[kernel_id], "last_activity", now)
        if kernel_id not in self._seen and silent > _UNSEEN:
            await self.shutdown_kernel(kernel_id)
        else:
            await super().cull_kernel_if_idle(kernel_id)
