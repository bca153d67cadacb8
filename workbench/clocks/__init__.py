"""Clocks of a training: steps, tokens, samples and epochs, and schedules carried from one to another."""

from __future__ import annotations

from workbench.clocks.clock import UNITS, Clock
from workbench.clocks.resample import in_steps, rebatch

__all__ = ["UNITS", "Clock", "in_steps", "rebatch"]
