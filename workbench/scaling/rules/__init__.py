"""Rules for rate, batch, weight decay and parametrisation, one small file each, all imported here."""

from __future__ import annotations

from workbench import registry
from workbench.scaling.rules.adamc import adamc
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.advising import advise, compare, table
from workbench.scaling.rules.completep import completep
from workbench.scaling.rules.critical_batch import critical_batch, critical_batch_data
from workbench.scaling.rules.deepseek import deepseek
from workbench.scaling.rules.depth_mup import depth_mup
from workbench.scaling.rules.groups import table_for
from workbench.scaling.rules.kaplan import kaplan_batch, kaplan_rate
from workbench.scaling.rules.layerwise_decay import layerwise_decay
from workbench.scaling.rules.linear import linear
from workbench.scaling.rules.minicpm import minicpm
from workbench.scaling.rules.mup import mup
from workbench.scaling.rules.noise_scale import noise_scale
from workbench.scaling.rules.parametrisation import Parametrisation, TensorRule
from workbench.scaling.rules.porian import porian
from workbench.scaling.rules.power_lines import (
    best_timescale,
    power_lines,
    power_lines_batch,
    power_lines_critical,
)
from workbench.scaling.rules.power_scheduler import power_scheduler
from workbench.scaling.rules.square_root import sde_betas, square_root
from workbench.scaling.rules.steplaw import steplaw
from workbench.scaling.rules.surge import surge
from workbench.scaling.rules.sweep import SweepFit, fit_sweep, regret
from workbench.scaling.rules.time_transfer import time_transfer
from workbench.scaling.rules.timescale import keep_timescale, timescale
from workbench.scaling.rules.tradeoff import Tradeoff, fit_tradeoff, measure, steps_to_target

__all__ = [
    "Advice",
    "Parametrisation",
    "SweepFit",
    "TensorRule",
    "Tradeoff",
    "adamc",
    "advise",
    "best_timescale",
    "compare",
    "completep",
    "critical_batch",
    "critical_batch_data",
    "deepseek",
    "depth_mup",
    "fit_sweep",
    "fit_tradeoff",
    "get",
    "kaplan_batch",
    "kaplan_rate",
    "keep_timescale",
    "layerwise_decay",
    "linear",
    "measure",
    "minicpm",
    "mup",
    "names",
    "noise_scale",
    "porian",
    "power_lines",
    "power_lines_batch",
    "power_lines_critical",
    "power_scheduler",
    "regret",
    "sde_betas",
    "square_root",
    "steplaw",
    "steps_to_target",
    "surge",
    "table",
    "table_for",
    "time_transfer",
    "timescale",
]


def names(gives: str | None = None) -> list[str]:
    """Every registered rule; with `gives` those that say it: "rate", "batch_tokens", "weight_decay"."""
    return [name for name in registry.names("rule") if gives is None or gives in get(name).gives]


def get(name: str) -> registry.Entry:
    """Title, paper, arguments and confidence of the rule called `name`."""
    return registry.get("rule", name)
