"""Static figures hold the curves that they were given."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb


@pytest.fixture(scope="module")
def rows():
    fit = wb.defaults.load("multipower/100M")
    schedules = {"cosine": wb.schedules.cosine(24_000, 3e-4), "wsd": wb.schedules.wsd(12_000, 3e-4)}
    return {name: (s, fit.predict(s)) for name, s in schedules.items()}


def test_every_schedule_has_its_rate_band_and_loss(rows):
    figure = wb.plots.rates_and_losses(rows, caption="a law")
    for name, (schedule, curve) in rows.items():
        rate, band, loss = [trace for trace in figure.data if trace.legendgroup == name]
        assert np.array_equal(rate.y, schedule(np.asarray(rate.x)))
        assert loss.x[-1] == len(schedule) - 1 and loss.y[-1] == curve.loss[-1]
        assert band.y.min() == pytest.approx(curve.low.min(), rel=1e-3) and loss.line.dash == "dash"
        assert max(len(trace.x) for trace in (rate, loss)) <= 600, "no more than a screen shows"
    low, high = figure.layout.yaxis2.range
    assert low < min(curve.low.min() for _, curve in rows.values()) and high > low
    assert figure.layout.xaxis2.title.text == "step (updates)"
    assert figure.layout.yaxis.title.text == "learning rate"


def test_measured_curves_are_solid(rows):
    seen = {"wsd": wb.Curve([100, 5_000, 11_999], [4.0, 3.2, 2.9])}
    figure = wb.plots.rates_and_losses(rows, seen)
    (trace,) = [t for t in figure.data if t.legendgroup == "wsd" and len(t.x) == 3]
    assert trace.line.dash is None and list(trace.y) == [4.0, 3.2, 2.9]


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_or_too_many_get_a_sentence(rows, count):
    many = {str(i): next(iter(rows.values())) for i in range(count)}
    with pytest.raises(ValueError, match="rows must be 1 to 8"):
        wb.plots.rates_and_losses(many)
