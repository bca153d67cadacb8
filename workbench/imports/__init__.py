"""Schedules out of what people have: logs, saved files, and the schedules of other libraries."""

from __future__ import annotations

from workbench.imports.logs import from_file
from workbench.imports.optax_schedule import from_optax
from workbench.imports.reduced import Reduced, reduce
from workbench.imports.torch_scheduler import from_torch
from workbench.imports.trainer_arguments import from_transformers

__all__ = ["Reduced", "from_file", "from_optax", "from_torch", "from_transformers", "reduce"]
