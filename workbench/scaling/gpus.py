"""Peak dense bfloat16 throughput of accelerators, from their makers' data sheets: no sparsity counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from workbench.files import short
from workbench.params import Param, number

HOUR = 3600.0


@dataclass(frozen=True)
class Gpu:
    """An accelerator: its name, peak dense bf16 FLOP/s, and where the number is printed."""

    name: str
    peak: float
    source: str


_ALL = (
    Gpu("V100", 125e12, "NVIDIA V100 data sheet: tensor cores, fp16 (it has no bf16)"),
    Gpu("A100", 312e12, "NVIDIA A100 data sheet"),
    Gpu("A40", 149.7e12, "NVIDIA A40 data sheet"),
    Gpu("A10", 125e12, "NVIDIA A10 data sheet"),
    Gpu("L4", 121e12, "NVIDIA L4 data sheet: 242 with sparsity"),
    Gpu("L40S", 362e12, "NVIDIA L40S data sheet: 733 with sparsity"),
    Gpu("H100", 989.4e12, "NVIDIA H100 data sheet, SXM: 1,979 with sparsity"),
    Gpu("H100-PCIe", 756e12, "NVIDIA H100 data sheet, PCIe: 1,513 with sparsity"),
    Gpu("H200", 989.4e12, "NVIDIA H200 data sheet, SXM: 1,979 with sparsity"),
    Gpu("B200", 2250e12, "NVIDIA HGX B200 data sheet: 4,500 with sparsity"),
    Gpu("RTX3090", 71e12, "NVIDIA GA102 white paper: bf16, fp32 accumulate"),
    Gpu("RTX4090", 165.2e12, "NVIDIA Ada white paper: bf16, fp32 accumulate"),
    Gpu("MI250X", 383e12, "AMD MI250X data sheet: both dies"),
    Gpu("MI300X", 1307.4e12, "AMD MI300X data sheet"),
    Gpu("TPUv4", 275e12, "Google Cloud TPU documentation"),
    Gpu("TPUv5e", 197e12, "Google Cloud TPU documentation"),
    Gpu("TPUv5p", 459e12, "Google Cloud TPU documentation"),
)
GPUS: Mapping[str, Gpu] = MappingProxyType({gpu.name: gpu for gpu in _ALL})
"""Every accelerator by name."""
MFU = 0.4
"""Share of the peak that a good training of a dense model reaches; measure your own."""


def gpu(name: str) -> Gpu:
    """The accelerator called `name`, whatever the case."""
    found = {key.casefold(): value for key, value in GPUS.items()}
    if not isinstance(name, str) or name.casefold() not in found:
        raise ValueError(f"gpu must be one of {', '.join(GPUS)}; got {short(name)}")
    return found[name.casefold()]


def flops_of(hours: float, name: str, mfu: float = MFU) -> float:
    """Model FLOPs that so many hours of one accelerator give.

    Parameters
    ----------
    hours : float
        GPU-hours, over all GPUs.
    name : str
        One of `GPUS`.
    mfu : float
        Model FLOPs utilisation: model FLOPs per second over the peak.
    """
    hours = number("gpu_hours", hours, Param(0, 1e12, open_low=True))
    mfu = number("mfu", mfu, Param(0, 1, open_low=True))
    return hours * HOUR * gpu(name).peak * mfu


def hours_of(flops: float, name: str, mfu: float = MFU) -> float:
    """GPU-hours for so many model FLOPs."""
    flops = number("flops", flops, Param(0, 1e40, open_low=True))
    return flops / (HOUR * gpu(name).peak * number("mfu", mfu, Param(0, 1, open_low=True)))
