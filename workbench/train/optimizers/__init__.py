"""Optimizers that train many lanes at once."""

from workbench.train.optimizers.adamw import AdamW
from workbench.train.optimizers.adapter import Library
from workbench.train.optimizers.sgd import SGD

__all__ = ["SGD", "AdamW", "Library"]
