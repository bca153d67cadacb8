"""The edge of stability: thresholds against closed forms, lanes that meet them, and the page itself."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.explore import edge_figures, edge_lines
from workbench.explore.edge_lanes import KINDS, Descent, descend, descent_of
from workbench.explore.edge_theory import growth, meeting, threshold
from workbench.train import optimizers, probes
from workbench.train.probes.sharpness import hessian
from workbench.train.tasks import mlp, quadratic

BETAS = st.floats(0, 0.99)
RATES = st.floats(1e-4, 10)


def iterated(rate: float, h: float, beta: float, kind: str) -> float:
    """Growth factor of the update itself, by the eigenvalues of its matrix on (theta, v)."""
    pull = [-rate * h * (1 + beta), -rate * beta**2] if kind == "nesterov" else [-rate * h, -rate * beta]
    step = np.array([pull, [h, beta]])
    return float(np.abs(np.linalg.eigvals(step + np.diag([1.0, 0.0]))).max())


# Thresholds


@given(rate=RATES, h=st.floats(1e-3, 1e3), beta=BETAS, kind=st.sampled_from(["heavy ball", "nesterov"]))
@settings(max_examples=200, deadline=None)
def test_growth_is_the_spectral_radius_of_the_update(rate, h, beta, kind) -> None:
    assert float(growth(rate, h, beta, kind=kind)) == pytest.approx(iterated(rate, h, beta, kind), rel=1e-5)


@given(rate=RATES, beta=BETAS, kind=st.sampled_from(["heavy ball", "nesterov"]))
@settings(max_examples=100, deadline=None)
def test_nothing_grows_below_the_threshold_and_something_above(rate, beta, kind) -> None:
    at = float(threshold(rate, beta, kind=kind))
    assert float(growth(rate, at, beta, kind=kind)) == pytest.approx(1, abs=1e-6)
    assert (
        float(growth(rate, 0.99 * at, beta, kind=kind)) < 1 < float(growth(rate, 1.01 * at, beta, kind=kind))
    )


@pytest.mark.parametrize(
    ("beta", "kind", "top"),
    [
        (0.0, "heavy ball", 2),
        (0.9, "heavy ball", 3.8),
        (0.9, "nesterov", 3.8 / 2.8),
        (0.9, "adam", 38),
        (0.5, "adam", 6),
    ],
)
def test_thresholds_are_the_published_ones(beta, kind, top) -> None:
    np.testing.assert_allclose(threshold([0.5, 0.1, 0.0], beta, kind=kind), [2 * top, 10 * top, np.inf])


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_the_quadratic_loses_itself_above_the_threshold_only(beta: float) -> None:
    task = quadratic(modes=1, batch=1_000_000)
    edge = float(threshold(1.0, beta))
    below, above = (task.expected(wb.hold(1500, f * edge), momentum=beta).loss[-1] for f in (0.98, 1.02))
    assert below < 1e-3 and above > 1e3
    (run,) = wb.train.train(task, [wb.hold(300, 1.02 * edge)], optimizer=optimizers.SGD(momentum=beta))
    loss, n = run.curve.loss, len(run.curve)
    rate = np.log(loss[n // 2 + n // 3] / loss[n // 2]) / (n // 3) / 2
    assert rate == pytest.approx(np.log(float(growth(1.02 * edge, 1.0, beta))), rel=0.15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: threshold(-1.0), "rate must be finite"),
        (lambda: threshold(np.nan), "rate must be finite"),
        (lambda: threshold(1.0, 1.0), "momentum must"),
        (lambda: threshold(1.0, kind="lion"), "kind must be one of heavy ball, nesterov, adam"),
        (lambda: growth(1.0, np.inf), "sharpness must be finite"),
        (lambda: growth(1.0, 1.0, kind="adam"), "kind must be one of"),
        (lambda: meeting(wb.hold(5, 1.0), wb.Curve([0], [np.nan])), "finite look"),
        (lambda: Descent("newton"), "descent must be one of full, batches, adam"),
        (lambda: Descent("full", 1.0), "momentum must"),
        (lambda: Descent().meeting(wb.Run(wb.hold(5, 1.0), wb.Curve([0], [1.0]))), "curve 'sharpness'"),
        (lambda: descend([wb.hold(5, 0.1)], looks=0), "looks must"),
        (lambda: probes.PreconditionedSharpness(every=0), "every must"),
        (lambda: wb.explore.edge("wsdd"), "wsdd"),
        (lambda: wb.explore.edge(descent="newton"), "descent must be one of"),
        (lambda: wb.explore.edge(momentum=2.0), "momentum must"),
        (lambda: wb.explore.edge(peak=-1.0), "peak must"),
        (lambda: wb.explore.edge(seed=-1), "seed must"),
        (lambda: wb.explore.edge(rate=1.0), "rate"),
    ],
)
def test_bad_arguments_are_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# Measured


def test_fixed_batches_are_the_same_in_every_update() -> None:
    device = torch.device("cpu")
    still, new = (mlp(batch=4, inputs=2, fixed=fixed).problem(device) for fixed in (True, False))
    for a, b in zip(still.batch(0, (3,)), still.batch(7, (3,)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(new.batch(0, (3,))[0], new.batch(7, (3,))[0])
    torch.testing.assert_close(still.batch(5, (3,))[0], new.batch(0, (3,))[0], rtol=0, atol=0)


def test_full_batch_descent_meets_its_edge_and_stays() -> None:
    how = Descent()
    low, high = (how.meeting(run) for run in descend([wb.hold(400, 0.01), wb.hold(400, 0.04)], how, looks=10))
    assert low.arrived is None and low.sharpness[-1] > low.sharpness[2], "it sharpens below the edge"
    assert high.ratio[-4:] == pytest.approx(1, abs=0.05) and high.share_at_edge > 0.5


def test_momentum_moves_the_edge_and_noise_keeps_away_from_it() -> None:
    fast, noisy = Descent("full", 0.5), Descent("batches")
    near = fast.meeting(descend([wb.hold(500, 0.04)], fast, looks=8)[0])
    np.testing.assert_allclose(near.threshold, 75)
    assert near.ratio[-2:] == pytest.approx(1, abs=0.08)
    away = noisy.meeting(descend([wb.hold(400, 0.04)], noisy, looks=8)[0])
    assert np.all(away.ratio[1:] < 0.8)


def test_adam_meets_the_edge_of_its_preconditioned_sharpness() -> None:
    adam = Descent("adam")
    met = adam.meeting(descend([wb.hold(500, 0.01)], adam, looks=8)[0])
    np.testing.assert_allclose(met.threshold, 3800)
    assert met.ratio[-4:] == pytest.approx(0.95, abs=0.1)


def test_preconditioned_sharpness_is_that_of_the_dense_matrix() -> None:
    task = mlp(inputs=2, width=3, depth=2, batch=16, fixed=True, mup=True, precision="float64")
    adam = optimizers.AdamW(beta1=0.8, beta2=0.9, eps=1e-3, weight_decay=0.0)
    seen = {}

    class Watch:
        names, history = ("watched",), 0

        def due(self, total):
            return [total - 1]

        def measure(self, view):
            seen["view"] = view
            problem, rows = view.problem, view.rows
            product = hessian(problem, rows, problem.batch(0, (0,)))
            n = rows.shape[1]
            dense = torch.stack([product(torch.eye(n, dtype=rows.dtype)[i][None])[0] for i in range(n)])
            t = view.step + 1
            p = (view.kept(0).tensors["second"] / (1 - 0.9**t)).sqrt() + 1e-3
            for part, weight in problem.layout.stretches():
                p[part] /= weight.rate
            p *= 1 - 0.8**t
            seen["want"] = torch.linalg.eigvalsh(dense / (p[:, None] * p[None]).sqrt())[-1]
            return {"watched": torch.zeros(1)}

    look = probes.PreconditionedSharpness(every=100, iterations=40)
    (run,) = wb.train.train(task, [wb.hold(12, 0.01)], optimizer=adam, probes=[look, Watch()])
    assert run.parts["preconditioned sharpness"].loss[-1] == pytest.approx(float(seen["want"]), rel=1e-6)
    with pytest.raises(ValueError, match="needs the optimizer AdamW"):
        wb.train.train(task, [wb.hold(2, 0.01)], optimizer=optimizers.SGD(), probes=[look])


def test_a_meeting_is_read_from_schedule_and_curve() -> None:
    schedule = wb.hold(50, 0.1).then(wb.hold(50, 0.0))
    met = meeting(schedule, wb.Curve([0, 20, 40, 60, 80], [5, 18.5, 20, np.nan, 30]))
    np.testing.assert_allclose(met.threshold, [20, 20, 20, np.inf])
    np.testing.assert_allclose(met.ratio, [0.25, 0.925, 1.0, 0.0])
    assert met.arrived == 20 and met.share_at_edge == 0.5
    figure = edge_figures.meetings({"run": met}, caption="caption")
    assert len(figure.data) == 3 and figure.data[-1].line.dash == "dash"
    (row,) = edge_figures.table({"run": met}).rows
    assert row["last threshold"] is None and row["at the edge"] == "50%"


# The page


@pytest.fixture
def page(tmp_path):
    made = wb.explore.edge(total=100, folder=tmp_path / "edge")
    yield made
    made.session.close()


def test_a_lane_says_how_it_descends() -> None:
    for kind in KINDS:
        how = Descent(kind, 0.0 if kind == "adam" else 0.35)
        assert descent_of(f"wsd 4e-2 | {how.words}") == how
    assert descent_of("wsd 4e-2") is None


def test_the_threshold_follows_the_sliders_at_once(page) -> None:
    def allowed() -> float:
        line = page.figure.lines["now allowed"]
        return float(np.nanmin(line.y))

    assert allowed() == pytest.approx(50)
    page.momentum.value = 0.5
    assert allowed() == pytest.approx(75)
    page.sliders.controls["peak"].value = 0.02
    assert allowed() == pytest.approx(150)
    page.chooser.value = "linear"
    assert page.schedule.peak == 0.02 and len(page.schedule) == 100
    page.kind.value = "adam"
    assert allowed() == pytest.approx(38 / 0.02) and page.momentum.disabled


def test_a_trained_lane_is_drawn_over_what_it_was_allowed(page) -> None:
    page.train(wait=True)
    (run,) = descend([page.schedule], Descent())
    drawn = page.figure.lines["lane 0 sharpness"]
    np.testing.assert_allclose(drawn.y, run.parts["sharpness"].loss, rtol=1e-3)
    np.testing.assert_allclose(page.figure.lines["lane 0 allowed"].y, 50)
    (row,) = page.table.rows
    assert row["last threshold"] == pytest.approx(50) and len(page.runs) == 1
    page.train(wait=True)
    assert len({lane.name for lane in page.lanes}) == 2, "a second one has another name"


def test_sliders_steer_the_lane_that_runs(page) -> None:
    page.bar.speed.value = 10.0
    page.train()
    try:
        page.sliders.controls["peak"].value = 0.08
        (lane,) = page.lanes
        assert lane.schedule(99) == 0.08 and lane.schedule(0) in (0.04, 0.08)
        page.steer.value = False
        page.sliders.controls["peak"].value = 0.02
        assert page.lanes[0].schedule(99) == 0.08
    finally:
        page.session.stop()
        page.session.wait(20)


def test_a_refused_value_leaves_the_last_schedule(page) -> None:
    page.chooser.value = "wsd"
    page.sliders.controls["warmup"].value, page.sliders.controls["decay"].value = 0.0, 0.9
    before = page.schedule
    page.sliders.controls["warmup"].value = page.sliders.controls["warmup"].max
    if page.problem.value:
        assert page.schedule == before and page.bar.button["train"].disabled
        page.sliders.controls["warmup"].value = 0.0
    assert page.problem.value == "" and not page.bar.button["train"].disabled


def test_any_slider_anywhere_is_no_error(page) -> None:
    page.train(wait=True)
    rng = random.Random(1)
    for _ in range(120):
        each = rng.choice([page.chooser, page.kind, page.momentum, *page.sliders.controls.values()])
        if hasattr(each, "options"):
            options = [o if isinstance(o, str) else o[1] for o in each.options]
            each.value = rng.choice(options)
        elif isinstance(each.value, bool):
            each.value = not each.value
        elif isinstance(each.value, float):
            each.value = rng.uniform(each.min, each.max)
        for panel, line in enumerate(page.figure.lines.values()):
            assert line.panel in (0, 1, 2) and len(line.x) == len(line.y), panel
        assert page.words.value


def test_axes_hold_what_is_drawn(page) -> None:
    page.train(wait=True)
    lines = list(page.figure.lines.values())
    ranges = edge_lines.panels(page.schedule, Descent(), page.lanes, lines)
    low, high = ranges[1]["yRange"]
    y = page.figure.lines["lane 0 sharpness"].y
    assert low < y.min() and np.quantile(y, 0.95) < high and low < 50 < high
    assert ranges[0]["xRange"] == [0, 100]
