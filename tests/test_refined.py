"""Schedules refined from gradient norms: what the paper says of them, and norms that a run has measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_decay as by
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb

s = wb.schedules


@given(st.floats(0.01, 100), st.integers(2, 300), st.sampled_from(("sgd", "adam")), st.floats(0, 1))
def test_constant_norms_give_the_straight_line(norm: float, total: int, kind: str, tau: float) -> None:
    rates = s.refined(total=total, peak=1.0, norms=[norm] * 17, smoothing=tau, kind=kind).array()
    np.testing.assert_allclose(rates, 1 - np.arange(total) / (total - 1), rtol=1e-12, atol=1e-13)


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=50), st.floats(1e-3, 1e3))
def test_the_scale_of_norms_is_no_matter(norms: list[float], scale: float) -> None:
    one = s.refined(total=60, norms=norms)
    other = s.refined(total=60, norms=[scale * norm for norm in norms])
    np.testing.assert_allclose(other.array(), one.array(), rtol=1e-9, atol=1e-15)
    assert one(59) == 0


def test_norms_that_fall_and_rise_give_a_warmup_and_a_faster_decay() -> None:
    norms = np.concatenate([np.linspace(4, 1, 100), np.full(100, 1.0), np.linspace(1, 2, 100)])
    rates = s.refined(total=300, peak=1.0, norms=norms, smoothing=0).array()
    assert np.all(np.diff(rates[:80]) > 0) and np.all(np.diff(rates[100:]) < 0)
    assert rates[250] < s.refined(total=300, peak=1.0, norms=[1.0]).array()[250]


def test_one_wild_norm_is_filtered_away() -> None:
    calm = [1.0] * 50
    wild = [1.0] * 20 + [1e-9] + [1.0] * 29
    np.testing.assert_array_equal(
        s.refined(total=50, norms=wild).array(), s.refined(total=50, norms=calm).array()
    )


def test_a_long_refined_run_keeps_its_curve() -> None:
    args = {"peak": 1.0, "norms": (3.0, 2.0, 1.0, 1.5, 2.5), "kind": "adam", "smoothing": 0.0}
    long = s.refined(total=20_000, **args)
    exact = by.refined_formula({"total": 2000, **args})
    np.testing.assert_allclose(long.array()[::10], exact, atol=2e-3)
    assert len(long.phases[0].args["u"]) <= 4098 and long(19_999) == 0 and long.peak == 1


def _run(step: Any, norms: Any) -> wb.Run:
    curve = wb.Curve(np.arange(1.0, 41), np.ones(40))
    return wb.Run(s.constant(total=40, peak=0.5), curve, parts={"grad_norm": wb.Curve(step, norms)})


def test_a_run_is_refined_by_its_own_norms() -> None:
    norms = 1 + np.arange(20.0) / 10
    run = _run(np.arange(1, 41, 2.0), norms)
    assert s.refined_from_run(run) == s.refined(total=40, peak=0.5, norms=norms)
    other = s.refined_from_run(run, total=100, peak=2.0, smoothing=0.3, kind="adam")
    assert other == s.refined(total=100, peak=2.0, norms=norms, smoothing=0.3, kind="adam")
    uneven = np.array([0.0, 1, 10, 30])
    straight = s.refined_from_run(_run(uneven, 1 + uneven / 10), smoothing=0)
    assert straight == s.refined(total=40, peak=0.5, norms=(1.0, 2.0, 3.0, 4.0), smoothing=0)


def test_a_run_without_norms_is_refused() -> None:
    run = _run([1, 2], [1, 2])
    for bad, words in (
        (None, "run must be a workbench.Run; got None"),
        (wb.Run(run.schedule, run.curve), "'grad_norm' in its parts; it has none"),
        (wb.Run(run.schedule, run.curve, parts={"river": run.curve}), "it has river"),
        (_run([1, 2], [1, float("nan")]), "finite and above 0"),
        (_run([1, 2], [1, 0]), "finite and above 0"),
        (_run([1], [1]), "2 or more norms"),
    ):
        with pytest.raises(ValueError, match=words):
            s.refined_from_run(bad)  # type: ignore[arg-type]
