"""Views of a schedule that say what a training will make of it: pure functions of its rates.

Each takes a `Schedule`, or an array with the rate of every update.
"""

from __future__ import annotations

from workbench.views.areas import annealing_area, area
from workbench.views.averaging import UpdateWeights, Window, averaging_window, timescale, update_weights
from workbench.views.compare import Comparison, compare
from workbench.views.convex import ConvexBound, convex_bound
from workbench.views.shares import Share, shares
from workbench.views.summary import Summary, summary

__all__ = [
    "Comparison",
    "ConvexBound",
    "Share",
    "Summary",
    "UpdateWeights",
    "Window",
    "annealing_area",
    "area",
    "averaging_window",
    "compare",
    "convex_bound",
    "shares",
    "summary",
    "timescale",
    "update_weights",
]
