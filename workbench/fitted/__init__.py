"""A fitted law as a value: what it predicts, how sure it is, and how it did on curves it had not seen."""

from __future__ import annotations

from workbench.fitted.difference import Difference
from workbench.fitted.fit import CARRY, Fit
from workbench.fitted.scorecard import Report

__all__ = ["CARRY", "Difference", "Fit", "Report"]
