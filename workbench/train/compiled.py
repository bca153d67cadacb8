"""A function compiled where that pays and works, and as it is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

COMPILE = ("auto", "graphs", "off")
"""What may be wished for."""


class Compiled:
    """Calls `function`, on CUDA compiled by ``torch.compile`` unless `wish` is "off".

    With "graphs" CUDA graphs are replayed besides, which pays where a model is so small that launching its
    kernels takes longer than running them. A call that the compiler fails is done again as it is, and so
    are all that follow; `fact` says what happened.
    """

    def __init__(self, function: Callable[..., Any], device: torch.device, wish: str) -> None:
        self._plain = function
        self._fast: Callable[..., Any] | None = None
        self._graphs = wish == "graphs"
        if wish == "off":
            self.fact = "no: asked not to"
        elif device.type != "cuda":
            self.fact = "no: not on a CPU, where the gradient is written out"
        else:
            self.fact = "yes, with CUDA graphs" if self._graphs else "yes"
            mode = "reduce-overhead" if self._graphs else "default"
            self._fast = torch.compile(function, dynamic=False, mode=mode)

    def __call__(self, *given: Any) -> Any:
        if self._fast is None:
            return self._plain(*given)
        try:
            if self._graphs:
                # A replay overwrites what the last one returned, and must know that it may.
                torch.compiler.cudagraph_mark_step_begin()
            return self._fast(*given)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            # What cannot be compiled can be computed: slower is better than not at all.
            self._fast = None
            self.fact = f"no: {str(error).splitlines()[0][:120]}"
            return self._plain(*given)
