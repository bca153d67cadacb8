"""A schedule as code, settings or a file for somebody's trainer; a new target is listed here alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench import files
from workbench.export import (
    to_keras,
    to_lightning,
    to_megatron,
    to_nanotron,
    to_olmo,
    to_optax,
    to_python,
    to_text,
    to_torch,
    to_torchtitan,
    to_transformers,
)
from workbench.export.exporter import CannotExport, Exporter
from workbench.export.plan_scheduler import PlanScheduler
from workbench.export.source import expression
from workbench.export.to_keras import keras, keras_class
from workbench.export.to_lightning import lightning
from workbench.export.to_optax import optax
from workbench.export.to_torch import torch, torch_code
from workbench.export.to_transformers import transformers_arguments, transformers_trainer

__all__ = [
    "CannotExport",
    "Exporter",
    "PlanScheduler",
    "code",
    "expression",
    "get",
    "keras",
    "keras_class",
    "lightning",
    "names",
    "optax",
    "torch",
    "torch_code",
    "transformers_arguments",
    "transformers_trainer",
]

_EXPORTERS: Mapping[str, Exporter] = {
    exporter.name: exporter
    for exporter in (
        *(to_torch.EXPORTER, to_optax.EXPORTER, to_transformers.EXPORTER, to_lightning.EXPORTER),
        *(to_keras.EXPORTER, to_megatron.EXPORTER, to_nanotron.EXPORTER, to_torchtitan.EXPORTER),
        *(to_olmo.EXPORTER, to_python.EXPORTER, to_text.YAML, to_text.JSON, to_text.CSV),
    )
}


def names() -> list[str]:
    """Every target that a schedule can be exported to."""
    return list(_EXPORTERS)


def get(name: str) -> Exporter:
    """Title, file extension and needs of the target called `name`, and its ``code``.

    Raises
    ------
    ValueError
        For a name that there is not.
    """
    if not isinstance(name, str) or name not in _EXPORTERS:
        raise ValueError(f"export must be to one of {', '.join(_EXPORTERS)}; got {files.short(name)}")
    return _EXPORTERS[name]


def code(schedule: Any, to: str = "torch") -> str:
    """Text to paste or to save that runs a schedule, or a plan of several, on the target `to`.

    Parameters
    ----------
    schedule : Schedule or Plan
        What is exported.
    to : str
        One of `names`.

    Raises
    ------
    ValueError
        For a target that there is not, or (``CannotExport``) one that has no way to say it; the
        sentence then names the phase that does not fit, and why.
    """
    return get(to).code(schedule)
