"""So many visitors and no more: each has a kernel, and there are so many kernels."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Int


class Places(AsyncMappingKernelManager):
    """Starts no kernel beyond `visitors`; Voila's configuration names this class."""

    visitors = Int(30, min=1, help="most kernels at a time").tag(config=True)

    _starting = 0

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """A kernel, unless all places are taken."""
        if len(self) + self._starting >= self.visitors:
            # The reason is what Voila's page shows.
            raise HTTPError(503, reason=f"All {self.visitors} places are taken, please come back later")
        self._starting += 1
        try:
            return await super().start_kernel(**options)
        finally:
            self._starting -= 1
