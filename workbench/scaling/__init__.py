"""Scaling laws: fitted well, with how sure they are; counting; rules for rate and batch; and a planner.

``fit("chinchilla", table)`` finds the true optimum with no start given; its report is how the law does on
the largest runs when it is fitted to the others.
"""

from __future__ import annotations

from workbench.scaling import constants, corrections, count, gpus, laws, rules
from workbench.scaling.annealing import annealed
from workbench.scaling.diagnostics import Diagnostics, diagnose
from workbench.scaling.draws import Draws, Prediction
from workbench.scaling.envelope import envelope
from workbench.scaling.extrapolation import Extrapolation, extrapolate
from workbench.scaling.fit import fit
from workbench.scaling.frontier import Frontier
from workbench.scaling.isoflop import isoflop
from workbench.scaling.parametric import optimum, parametric
from workbench.scaling.planner import plan
from workbench.scaling.profile import Profile, profile
from workbench.scaling.published import load
from workbench.scaling.reading import points
from workbench.scaling.recipe import Recipe, recipe
from workbench.scaling.result import ScalingFit
from workbench.scaling.sizing import Sizing
from workbench.scaling.table import Points

__all__ = [
    "Diagnostics",
    "Draws",
    "Extrapolation",
    "Frontier",
    "Points",
    "Prediction",
    "Profile",
    "Recipe",
    "ScalingFit",
    "Sizing",
    "annealed",
    "constants",
    "corrections",
    "count",
    "diagnose",
    "envelope",
    "extrapolate",
    "fit",
    "gpus",
    "isoflop",
    "laws",
    "load",
    "optimum",
    "parametric",
    "plan",
    "points",
    "profile",
    "recipe",
    "rules",
]
