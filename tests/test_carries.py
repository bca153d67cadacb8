"""The algebra carries what the field has written: each schedule below is phases, and equals its formula."""

from __future__ import annotations

import warnings
from functools import reduce

import numpy as np
import torch

import workbench as wb


def torch_rates(steps: int, make) -> np.ndarray:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return np.array(rates)


def chain(parts) -> wb.Schedule:
    return reduce(lambda a, b: a.then(b), parts)


def test_sgdr_is_a_cosine_for_each_cycle():
    ours = chain(wb.ramp(10 * 2**i, 0.1, 0.001, "cosine") for i in range(4))
    theirs = torch_rates(
        len(ours),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 10, T_mult=2, eta_min=0.001),
    )
    np.testing.assert_allclose(ours.array(), theirs, rtol=1e-12)


def test_clr_is_a_ramp_up_and_a_ramp_down_for_each_cycle():
    for mode, shrink in (("triangular", 1.0), ("triangular2", 0.5)):
        tops = [0.01 + 0.09 * shrink**i for i in range(3)]
        ours = chain(wb.ramp(20, 0.01, top).then(wb.ramp(20, top, 0.01)) for top in tops)

        def make(o, mode=mode):
            return torch.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, 20, mode=mode, cycle_momentum=False)

        np.testing.assert_allclose(ours.array(), torch_rates(len(ours), make), rtol=1e-11)


def test_wsd_s_decays_harmonically_and_jumps_back():
    top, low, budgets = 1e-3, 1e-4, (1_000, 2_000, 4_000)
    parts, start = [wb.ramp(100, 0, top)], 100
    for end in budgets:
        decay = end // 10
        parts += [wb.hold(end - decay - start, top)]
        parts += [wb.ramp(decay, top, low, "inverse_power", alpha=top / low - 1, p=1)]
        start = end
    ours = chain(parts)
    assert len(ours) == budgets[-1]
    for end in budgets:
        x = np.arange(end // 10) / (end // 10)
        np.testing.assert_allclose(
            ours(end - end // 10 + np.arange(end // 10)), 1 / (x / low + (1 - x) / top)
        )
        if end < budgets[-1]:
            assert ours(end) == top


def test_infinite_schedules_extend_without_changing_their_past():
    top, const, low = 3e-4, 1.65e-4, 3e-5
    trunk = wb.ramp(100, 0, top).then(wb.ramp(6_000, top, const, "cosine")).then(wb.hold(2_000, const))
    annealed = trunk.then(wb.ramp(1_000, const, low, "exp", ratio=low / const))
    longer = trunk.then(wb.hold(5_000, const))
    assert np.array_equal(longer.array()[: len(trunk)], trunk.array())
    t = np.arange(6_000)
    cosine = const + 0.5 * (top - const) * (1 + np.cos(np.pi * t / 6_000))
    np.testing.assert_allclose(annealed(100 + t), cosine, rtol=1e-12)
    t = np.arange(1_000)
    np.testing.assert_allclose(annealed(len(trunk) + t), const * (low / const) ** (t / 1_000), rtol=1e-12)


def test_power_schedules_are_a_cap_a_power_and_an_exponential():
    # arXiv 2408.13359 in steps of c tokens: min(cap, beta a n^b), then A e^-x + B over the last steps
    a, b, beta, cap, c, total, decay = 4.0, -0.51, 1024, 0.02, 4e6, 20_000, 2_000
    n = np.arange(1, total) * c
    eta = np.minimum(cap, beta * a * n**b)
    first = int(np.argmax(eta < cap)) + 1
    at = beta * a * (first * c) ** b
    last = total - decay
    alpha = (last - first) / first
    end = at * (1 + alpha) ** b
    r = 0.1
    ours = (
        wb.hold(first, cap)
        .then(wb.ramp(last - first, at, end, "inverse_power", alpha=alpha, p=-b))
        .then(wb.ramp(decay, end, r * end, "exp", ratio=np.exp(-1)))
    )
    np.testing.assert_allclose(ours(np.arange(1, last)), eta[: last - 1], rtol=1e-12)
    x = np.arange(decay) / decay
    A, B = (1 - r) * np.e / (np.e - 1), (r * np.e - 1) / (np.e - 1)
    np.testing.assert_allclose(ours(last + np.arange(decay)), end * (A * np.exp(-x) + B), rtol=1e-12)


def test_refined_and_drawn_schedules_are_points():
    def refined(norms: np.ndarray, peak: float) -> wb.Schedule:
        weight = 1 / norms**2
        rate = weight * (np.cumsum(weight[::-1])[::-1] - weight)
        rate *= peak / rate.max()
        u = np.linspace(0, 1, len(rate))
        args = {"u": u, "rate": rate}
        return wb.Schedule((wb.Phase("refined", len(rate), rate[0], rate[-1], "points", len(rate), args),))

    constant = refined(np.full(501, 3.0), 1e-3)
    np.testing.assert_allclose(constant.phases[0].args["rate"], 1e-3 * (1 - np.arange(501) / 500), atol=1e-15)
    hump = refined(1 + np.abs(np.linspace(-1, 1, 301)), 1e-3)
    assert 0 < np.argmax(hump.array()) < 300, "norms that fall and rise again begin with a warmup"
    assert wb.Schedule.from_json(hump.to_json()) == hump and (2 * hump).peak == 2 * hump.peak


def test_steps_and_powers_are_holds_and_ramps():
    ours = chain(wb.hold(30, 0.1 * 0.1**i) for i in range(3))
    theirs = torch_rates(90, lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [30, 60], 0.1))
    np.testing.assert_allclose(ours.array(), theirs, rtol=1e-12)
    ours = wb.ramp(100, 0.1, 0, "power", p=2)
    theirs = torch_rates(100, lambda o: torch.optim.lr_scheduler.PolynomialLR(o, 100, power=2))
    np.testing.assert_allclose(ours.array(), theirs, rtol=1e-11)
