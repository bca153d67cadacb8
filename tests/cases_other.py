"""Cases of continual, stepwise and free schedules."""

from __future__ import annotations

from case import Case

CASES: dict[str, Case] = {}
