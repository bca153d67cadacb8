"""The fits that ship: what they say of themselves is true."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb


@pytest.mark.parametrize("name", wb.defaults.names())
def test_a_shipped_fit_says_what_it_rests_on(name):
    fit = wb.defaults.load(name)
    assert fit.converged
    assert len(fit.facts["left_out"]) == len(fit.facts["runs"]) >= 5
    mae = np.mean([row["mae"] for row in fit.facts["left_out"].values()])
    assert f"{mae:.4f}" in fit.facts["provenance"]


def test_the_public_fit_is_the_fit_of_the_public_curves(data_folder):
    again = wb.fit(wb.laws.multipower, wb.datasets.load("multipower/100M"))
    shipped = wb.defaults.load("multipower/100M")
    assert again.objective == pytest.approx(shipped.objective, rel=1e-6)
    for key, value in shipped.params.items():
        assert again.params[key] == pytest.approx(value, rel=1e-4), key


def test_the_public_fit_predicts_the_measured_curves(data_folder):
    fit = wb.defaults.load("multipower/100M")
    mean = fit.report(wb.datasets.load("multipower/100M"))["mean"]
    assert mean["mae"] < 0.003 and mean["coverage"] > 0.9


def test_an_unknown_fit_gets_a_sentence():
    with pytest.raises(ValueError, match="fit must be one of"):
        wb.defaults.load("multipower/7B")
