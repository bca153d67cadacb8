"""Windows of tokens, from memory or a memory map, on a device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_RESIDENT = 4 * 2**30
"""Bytes of tokens that are copied to a GPU; longer texts are read from where they are."""


class Tokens:
    """Windows of ``context + 1`` tokens: inputs and, shifted by one, targets.

    Parameters
    ----------
    values : array
        Shape (n,), unsigned integers; may be a memory map.
    context : int
        Below n.
    device : torch.device
        Where windows are wanted.
    """

    def __init__(self, values: NDArray[np.unsignedinteger], context: int, device: torch.device) -> None:
        self.device = device
        self._views = np.lib.stride_tricks.sliding_window_view(values, context + 1)
        self._there: Tensor | None = None
        if device.type != "cpu" and 4 * len(values) <= _RESIDENT:
            # torch indexes no unsigned integers but bytes.
            kind = values if values.dtype == np.uint8 else values.astype(np.int32)
            self._there = torch.from_numpy(np.array(kind)).to(device).unfold(0, context + 1, 1)

    def __len__(self) -> int:
        return len(self._views)

    def __call__(self, starts: NDArray[np.int64]) -> Tensor:
        """Windows (k, context + 1), int64, on the device, that begin at `starts` (k,)."""
        if self._there is not None:
            return self._there[torch.from_numpy(starts).to(self.device, non_blocking=True)].long()
        # Rows are gathered from the map: no more of it is read than these.
        return torch.from_numpy(self._views[starts].astype(np.int64)).to(self.device, non_blocking=True)

    def spread(self, batch: int, least: int) -> tuple[Tensor, ...]:
        """Evenly spread windows of at least `least` tokens, in whole batches of an update's size."""
        context = self._views.shape[1] - 1
        count = batch * -(-least // (batch * context))
        return self(np.linspace(0, len(self) - 1, count).astype(np.int64)).split(batch)
