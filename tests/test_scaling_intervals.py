"""How sure a scaling fit is: coverage on known laws, profiles, diagnostics, and the larger scale."""

from __future__ import annotations

import numpy as np
import pytest
from scaling_cases import CHINCHILLA, grid, made

from workbench import scaling
from workbench.scaling.profile import deviance


@pytest.fixture(scope="module")
def public(data_folder):
    return scaling.load("chinchilla")


@pytest.fixture(scope="module")
def fitted(public):
    return scaling.fit("chinchilla", public)


def test_intervals_cover_a_known_law_under_uneven_noise():
    """90 % intervals of 40 tables; benchmarks/bench_scaling.py does more of them, on more designs."""
    columns, hits = grid(9, (2.0, 6.0, 20.0, 60.0, 150.0)), []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        exact = made("chinchilla", **columns)
        spread = 0.004 * (exact.tokens / exact.tokens.mean()) ** -0.15
        noisy = scaling.points(
            {**columns, "loss": exact.loss * np.exp(spread * rng.standard_t(5, size=len(exact)))}
        )
        fit = scaling.fit("chinchilla", noisy)
        drawn = fit.bootstrap(150, "weights", seed=seed)
        ends = {name: np.quantile(values, [0.05, 0.95]) for name, values in drawn.params.items()}
        hits.append([low <= CHINCHILLA[name] <= high for name, (low, high) in ends.items()])
    share = np.mean(hits, axis=0)
    # With 40 tables the share scatters by 5 percentage points.
    assert np.all(share >= 0.80) and 0.85 <= share.mean() <= 0.97


def test_noise_widens_intervals_in_proportion():
    widths = []
    for noise in (0.001, 0.004):
        low, high = scaling.fit("chinchilla", made("chinchilla", noise, seed=3)).intervals["alpha"]
        widths.append(high - low)
    assert 2.5 < widths[1] / widths[0] < 6


def test_predictions_have_an_interval_that_widens_beyond_the_runs(fitted):
    near, far = (fitted.predict(n, 20 * n) for n in (1e9, 1e12))
    assert near.low < near.loss < near.high and far.low < far.loss < far.high
    assert far.high - far.low > 3 * (near.high - near.low)
    one_run = fitted.predict(1e9, 2e10, run=True)
    assert one_run.high - one_run.low > near.high - near.low
    table = fitted.predict([[1e9], [2e9]], [1e10, 2e10, 4e10])
    assert table.loss.shape == table.low.shape == (2, 3)
    # Epoch's and Hoffmann's constants at 1e9 parameters and 2e10 tokens, worked out elsewhere.
    assert float(near.loss) == pytest.approx(2.52921, abs=0.002)
    hoffmann = scaling.constants.get("hoffmann").params
    place = scaling.points({"n_params": [1e9], "tokens": [2e10], "loss": [2.0]})
    assert scaling.laws.chinchilla(place, **hoffmann)[0] == pytest.approx(2.58005, abs=5e-6)


def test_draws_by_all_three_ways_are_centred_on_the_optimum(fitted):
    for kind in ("pairs", "weights", "residual"):
        drawn = fitted.bootstrap(400, kind)
        middle = np.median(drawn.params["alpha"])
        assert abs(middle - fitted.params["alpha"]) < 0.5 * drawn.errors()["alpha"]
        assert len(drawn) == 400
    again = fitted.bootstrap(100, seed=7).params["E"], fitted.bootstrap(100, seed=7).params["E"]
    assert np.array_equal(*again)


def test_a_profile_is_zero_at_the_optimum_and_rises(fitted):
    for name in ("alpha", "A"):
        found = fitted.profile(name)
        at = int(np.argmin(found.deviance))
        assert found.deviance[at] == pytest.approx(0, abs=1e-6)
        assert found.value[at] == pytest.approx(fitted.params[name], rel=1e-9)
        low, high = found.interval
        assert low < fitted.params[name] < high
        assert np.all(found.objective >= fitted.objective * (1 - 1e-12))
    # Each point is the optimum of the others: a fit with the parameter held is no better.
    held = scaling.fit("chinchilla", fitted.points, fixed={"alpha": 0.33})
    assert fitted.profile("alpha", [0.32, 0.33, 0.34]).objective[1] == pytest.approx(held.objective, rel=1e-7)


def test_the_deviance_is_that_of_normal_noise_where_residuals_are_small():
    """Far inside the Huber width the likelihood is normal: n log of the ratio of sums of squares."""
    n, least, more = 500, 500 * 1e-10, 500 * 1.02e-10
    assert deviance(np.array([more]), least, n)[0] == pytest.approx(n * np.log(more / least), rel=1e-3)


def test_the_profile_interval_agrees_with_the_bootstrap_under_even_noise():
    fit = scaling.fit("chinchilla", made("chinchilla", 0.004, seed=1, **grid(12)))
    profile, boot = fit.profile("beta").interval, fit.intervals["beta"]
    assert (profile[1] - profile[0]) == pytest.approx(boot[1] - boot[0], rel=0.5)


def test_diagnostics_find_what_was_put_in():
    columns = grid(10)
    exact = made("chinchilla", 0.002, seed=2, **columns)
    loss = exact.loss.copy()
    loss[[7, 20]] *= 1.06, 0.95
    found = scaling.fit("chinchilla", scaling.points({**columns, "loss": loss})).diagnose()
    assert set(found.outliers) == {7, 20} and found.scale == pytest.approx(0.002, rel=0.4)
    assert any("rows" in sentence and "7" in sentence for sentence in found.sentences)
    rng = np.random.default_rng(0)
    uneven = exact.loss * np.exp(rng.normal(size=50) * 0.02 * (columns["n_params"] / 8e9) ** 0.8)
    noisy = scaling.fit("chinchilla", scaling.points({**columns, "loss": uneven})).diagnose()
    assert noisy.trends["n_params"][0] > 0.3 and noisy.trends["n_params"][1] < 0.01
    assert any("noise grows with n_params" in sentence for sentence in noisy.sentences)
    clean = scaling.fit("chinchilla", made("chinchilla", 0.003, seed=5, **columns)).diagnose()
    assert clean.outliers == ()


def test_influence_is_what_leaving_a_run_out_does(fitted, public):
    found = fitted.diagnose()
    run = int(np.argmax(found.influence))
    rest = scaling.fit("chinchilla", public.take(np.delete(np.arange(240), run)))
    errors = fitted.draws.errors()
    moved = max(abs(rest.params[name] - fitted.params[name]) / errors[name] for name in fitted.free)
    assert found.influence[run] == pytest.approx(moved, rel=1e-3)


def test_the_report_is_on_runs_larger_than_any_fitted(fitted):
    report = fitted.report()
    (fit,) = report.fits.values()
    assert report.heldout.compute.min() > fit.points.compute.max() and report.beyond > 2
    assert len(fit.points) + len(report.heldout) == 240
    row = report.rows["chinchilla"]
    said = fit.entry.function(report.heldout, **fit.params)
    error = np.abs(said / report.heldout.loss - 1)
    assert row["mean_relative"] == pytest.approx(error.mean()) and row["worst_relative"] == error.max()
    assert "larger ones" in str(report) and "<table" in report._repr_html_()


def test_laws_are_compared_on_the_larger_scale(public):
    report = scaling.extrapolate(["kaplan_tokens", "chinchilla", "kaplan_size", "kaplan_steps"], public)
    assert report.best == "chinchilla"
    assert report.rows["kaplan_size"]["mean_relative"] > 2 * report.rows["chinchilla"]["mean_relative"]
    assert "'steps'" in report.refused["kaplan_steps"]
    sizes = scaling.extrapolate(["chinchilla"], public, by="n_params", share=0.1)
    assert sizes.heldout.n_params.min() > max(fit.points.n_params.max() for fit in sizes.fits.values())


def test_a_break_is_found_where_there_is_one_and_beats_the_plain_power():
    compute = np.geomspace(1e18, 1e23, 60)
    columns = {"n_params": np.sqrt(compute / 120), "tokens": 20 * np.sqrt(compute / 120)}
    points = made("broken", 0.001, **columns)
    broken, plain = (scaling.fit(law, points) for law in ("broken", "kaplan_compute"))
    assert broken.objective < plain.objective / 3
    assert np.log10(broken.params["d1"]) == pytest.approx(20, abs=0.7)


def test_a_fit_is_plain_values(fitted):
    import json

    data = json.loads(json.dumps(fitted.to_dict()))
    assert data["params"] == fitted.params and data["runs"] == 240
    assert "90 % intervals" in str(fitted.table()) and "<table" in fitted._repr_html_()
