"""The solver: the published objective's true optimum from almost any start, against SciPy's solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

import workbench as wb
from workbench import registry
from workbench.fitting.problem import Problem
from workbench.fitting.sample import Sample
from workbench.fitting.solver import DELTA, EXACT, FAR, Prior, huber, solve

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
# Sum of Huber(1e-3) of log loss at the true optimum, by 48 starts of another solver.
OPTIMUM = {"25M": 1.38e-4, "100M": 2.1e-5}
FREE = Prior(np.zeros(2), np.zeros(2))
BOX = (np.full(2, -10.0), np.full(2, 10.0))


def problem(size: str, every: int = 1) -> Problem:
    runs = {run.facts["name"]: run for run in wb.datasets.load(f"multipower/{size}")}
    entry = registry.get("law", "multipower")
    sample = Sample(entry, [runs[name] for name in TRAIN], 0)
    return Problem(entry, sample.parts("points", every), {})


@pytest.mark.parametrize("size", OPTIMUM)
def test_almost_every_start_reaches_the_true_optimum(size, data_folder):
    few, full = problem(size, 3), problem(size)
    ends = []
    for start in few.starts(np.random.default_rng(0), 48):
        end = full.solve(few.solve(start, FAR).z, EXACT)
        ends.append(end.cost)
        assert end.converged
    best = min(ends)
    assert best <= 1.02 * OPTIMUM[size]
    assert np.sum(np.array(ends) <= 1.001 * best) >= 45


@pytest.mark.parametrize("size", OPTIMUM)
def test_no_other_solver_finds_a_lower_point_nearby(size, data_folder):
    full = problem(size)
    end = full.solve(problem(size, 3).solve(full.starts(np.random.default_rng(1), 1)[0], FAR).z, EXACT)
    bounds = (full.low, full.high)
    jac = lambda z: full(z)[1]  # noqa: E731
    start = np.clip(end.z, full.low + 1e-9, full.high - 1e-9)
    other = least_squares(
        lambda z: full(z)[0],
        start,
        jac,
        bounds=bounds,
        loss="huber",
        f_scale=DELTA,
        x_scale="jac",
        xtol=1e-12,
    )
    assert end.cost <= other.cost * (1 + 1e-6)


def test_a_robust_line_ignores_an_outlier():
    x = np.linspace(0, 1, 50)
    y = 2 * x + 1
    y[7] += 5
    matrix = np.stack([x, np.ones_like(x)], 1)
    end = solve(lambda z: (matrix @ z - y, matrix), np.zeros(2), *BOX, np.ones(50), FREE, FAR)
    exact = solve(lambda z: (matrix @ z - y, matrix), end.z, *BOX, np.ones(50), FREE, EXACT)
    assert exact.converged and np.allclose(exact.z, [2, 1], atol=1e-3)


def test_a_bound_in_the_way_is_the_optimum_along_it():
    # The free optimum is (3, -3); with the first at most 1 the second is best at -1: they nearly cancel.
    matrix = np.array([[1.0, 1.0], [0.1, -0.1]])
    target = np.array([0.0, 0.6])
    high = np.array([1.0, 10.0])
    fun = lambda z: ((matrix @ z - target) * 1e-4, matrix * 1e-4)  # noqa: E731
    end = solve(fun, np.zeros(2), BOX[0], high, np.ones(2), FREE, EXACT)
    second = np.linalg.lstsq(matrix[:, 1:], target - matrix[:, 0], rcond=None)[0][0]
    assert end.converged and end.z[0] == 1 and end.z[1] == pytest.approx(second, abs=1e-5)


def test_a_start_at_a_bound_is_left_when_the_optimum_is_inside():
    matrix = np.eye(2) * 1e-3
    end = solve(lambda z: (matrix @ z, matrix), BOX[1], *BOX, np.ones(2), FREE, EXACT)
    assert end.converged and np.allclose(end.z, 0, atol=1e-3)


def test_a_prior_counts_like_one_measured_point():
    # One residual z * DELTA and a prior at 1 of width 1: the optimum of z^2/2 + (z - 1)^2/2 is 1/2.
    prior = Prior(np.array([1.0]), np.array([1.0]))
    row = np.full((1, 1), DELTA)
    end = solve(lambda z: (row @ z, row), np.zeros(1), -np.ones(1), np.ones(1) * 3, np.ones(1), prior, EXACT)
    assert end.z[0] == pytest.approx(0.5, abs=1e-4)


def test_huber_is_square_then_linear():
    residual = np.array([0.5, -2.0]) * DELTA
    assert huber(residual, np.array([1.0, 3.0])) == pytest.approx(DELTA**2 * (0.125 + 3 * 1.5))
