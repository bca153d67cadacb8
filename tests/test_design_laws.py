"""The final loss on a grid, for every law: its value is the law's own, its gradient that of differences."""

from __future__ import annotations

import numpy as np
import pytest
from test_design import NAMES, PEAK, PUBLISHED, TOTAL, WARMUP, exact, published

import workbench as wb
from workbench.design.finals import FINALS
from workbench.design.grid import Grid, grid
from workbench.design.kernels import bound
from workbench.views import convex_bound

LAWS = {
    "annealing": {"L0": 2.6, "A": 0.6, "alpha": 0.45, "C": 0.3, "memory": 900.0},
    "annealing_peak": {"L0": 2.6, "A": 0.6, "alpha": 0.45, "C": 0.3, "memory": 900.0},
    "annealing_s1": {"L0": 2.6, "A": 0.6, "alpha": 0.45, "C": 0.3, "memory": 900.0},
    "bound": {"L0": 2.6, "scale": 0.3, "gamma": 20.0},
    "effective_rate": {
        "L0": 2.4,
        "A": 2.0,
        "alpha": 0.45,
        "B": 1.5,
        "norm": 0.03,
        "decay": 0.1,
        "share": 0.5,
    },
    "functional": {"L0": 2.6, "c1": 0.6, "s": 0.45, "c2": 200.0, "c3": 0.7, "c4": 9.0, "gamma": 0.6},
    "multipower": dict(zip(NAMES, PUBLISHED["100M"], strict=True)),
    "multipower_later": dict(zip(NAMES, PUBLISHED["100M"], strict=True)),
    "power": {"L0": 2.6, "A": 0.6, "alpha": 0.45},
}
"""Parameters of each law, near what it has on the public curves."""


def finals(g: Grid) -> dict:
    return {"without data": bound(g), **{name: FINALS[name](g, **LAWS[name]) for name in FINALS}}


def test_gradients_agree_with_differences() -> None:
    rng = np.random.default_rng(0)
    for g in (grid(wb.ramp(300, 0, PEAK), 5_000), Grid(np.arange(200))):
        rates = PEAK * np.sort(rng.uniform(0.05, 1, len(g.t)))[::-1]
        for name, final in finals(g).items():
            slopes = final(rates)[1]
            for j in (0, 1, len(g.t) // 3, len(g.t) - 2, len(g.t) - 1):
                h = 1e-3 * min(rates[j], *np.abs(np.diff(rates[max(j - 1, 0) : j + 2])))
                up, down = (final(rates + sign * h * (np.arange(len(rates)) == j))[0] for sign in (1, -1))
                assert slopes[j] == pytest.approx((up - down) / (2 * h), rel=1e-4, abs=1e-4), (name, j)


@pytest.mark.parametrize("name", FINALS)
@pytest.mark.parametrize("total", [900, 24_000])
def test_grid_gives_the_loss_of_the_law_itself(name: str, total: int) -> None:
    entry = wb.laws.get(name)
    g = grid(wb.ramp(total // 10, 0, PEAK), total)
    for s in (
        wb.schedules.cosine(total, PEAK, 0.1, floor=0.0),
        wb.schedules.linear(total, PEAK, 0.1, 0.1),
        wb.schedules.wsd(total, PEAK, 0.1, 0.2, shape="power", floor=0.01),
    ):
        law = entry.function(wb.laws.inputs(s.array(), [total - 1]), **LAWS[name])[0]
        assert FINALS[name](g, **LAWS[name])(s(g.t))[0] == pytest.approx(law, abs=1e-4)


@pytest.mark.parametrize("total", [900, 24_000, 72_000])
def test_grid_gives_the_loss_of_the_exact_sum(total: int) -> None:
    fit = published("100M")
    done = wb.ramp(total // 10, 0, PEAK)
    g = grid(done, total)
    for s in (
        wb.schedules.cosine(total, PEAK, 0.1),
        wb.schedules.linear(total, PEAK, 0.1, 0.1),
        wb.optimise(fit, total, warmup=0.1),
    ):
        assert FINALS["multipower"](g, **fit.params)(s(g.t))[0] == pytest.approx(exact(s.array()), abs=5e-5)
        assert bound(g)(s(g.t))[0] == pytest.approx(convex_bound(s).best, rel=2e-3)


@pytest.mark.parametrize("name", FINALS)
def test_under_every_law_nothing_plain_ends_lower(name: str) -> None:
    fit = wb.Fit(name, LAWS[name], 0.0, True, facts={"peaks": [PEAK]})
    found = wb.optimise(fit, TOTAL, warmup=WARMUP)
    assert found.plain.cost > -1e-5 and all(gain.mean > -1e-5 for gain in found.gains)
    for decay, power in ((0.05, 2.0), (0.2, 1.0), (0.4, 1.5), (0.9, 0.7)):
        s = wb.schedules.wsd(TOTAL, PEAK, WARMUP, decay, shape="power", power=power)
        assert fit.predict(s, [TOTAL - 1]).loss[0] > found.final - 1e-5
