"""What is kept with a run beyond its curve."""

from __future__ import annotations

import resource
import sys
from typing import Any

import torch

import workbench
from workbench.train.device import peak
from workbench.train.optimizers.value import Optimizer
from workbench.train.problem import Problem


def constant(problem: Problem, optimizer: Optimizer, *, deterministic: bool) -> dict[str, Any]:
    """What does not change while it trains, plain values."""
    device = problem.device
    if problem.flops:
        # Before the lanes take their memory; later it is only looked up.
        peak(device)
    return {
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "workbench": workbench.__version__,
        "threads": torch.get_num_threads(),
        "deterministic": deterministic,
        "optimizer": dict(optimizer.to_dict()),
        "n_params": problem.layout.n_params,
        "batch_tokens": problem.tokens,
    }


def now(problem: Problem, tokens: int, seconds: float) -> dict[str, Any]:
    """What has been done after `tokens` of a lane and `seconds` of work.

    Lanes that train as one batched model share its time evenly, so that "flops_per_second" is the device's.
    "flops_utilisation" is its share of what `workbench.train.device.peak` measures.
    """
    spent, flops = max(seconds, 1e-9), problem.flops * tokens / problem.tokens
    speed = {}
    if flops:
        speed = {
            "flops_per_second": flops / spent,
            "flops_utilisation": flops / spent / peak(problem.device),
        }
    return {
        # Some are certain only when it trains, such as whether it was compiled.
        **problem.facts,
        "seconds": seconds,
        "tokens": tokens,
        "tokens_per_second": tokens / spent,
        "flops": flops,
        **speed,
        "peak_memory_bytes": _peak_memory(problem.device),
    }


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # In bytes on macOS, in kilobytes elsewhere.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
