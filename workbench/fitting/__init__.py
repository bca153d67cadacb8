"""Fit a law to measured runs, choose the estimator by curves left out, and say how sure it is."""

from __future__ import annotations

from workbench.fitted import Fit
from workbench.fitting.estimate import fit
from workbench.fitting.leave_one_out import leave_one_out

__all__ = ["Fit", "fit", "leave_one_out"]
