"""The best schedule under a law, and decisions that a law can help with: cooldowns, peaks, deadlines."""

from __future__ import annotations

from workbench.design.bounds import best_bound
from workbench.design.cooldowns import cooldown
from workbench.design.deadlines import deadline
from workbench.design.decision import Decision
from workbench.design.design import Design
from workbench.design.limits import Limits
from workbench.design.measure import Gain
from workbench.design.optimising import optimise
from workbench.design.peaks import best_peak
from workbench.design.plain import Plain
from workbench.design.several import budgets
from workbench.views.table import Table

__all__ = [
    "Decision",
    "Design",
    "Gain",
    "Limits",
    "Plain",
    "Table",
    "best_bound",
    "best_peak",
    "budgets",
    "cooldown",
    "deadline",
    "optimise",
]
