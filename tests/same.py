"""Whether two schedules have the same rates."""

from __future__ import annotations

import numpy as np

import workbench as wb


def equal(a: wb.Schedule | np.ndarray, b: wb.Schedule | np.ndarray) -> None:
    """The same rates, to the last bit."""
    a, b = (each.array() if isinstance(each, wb.Schedule) else each for each in (a, b))
    np.testing.assert_array_equal(a, b)


def near(a: wb.Schedule, b: wb.Schedule) -> None:
    """The same rates but for rounding."""
    np.testing.assert_allclose(a.array(), b.array(), rtol=0, atol=1e-13 * a.peak)
