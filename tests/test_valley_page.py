"""The river valley: its walkers against a reference and closed forms, and its page without a browser."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import workbench as wb
from workbench import train
from workbench.explore import valley_figures as figures
from workbench.explore import valley_measured as measured
from workbench.explore import valley_surface
from workbench.explore.valley_track import track, warning
from workbench.explore.valley_view import round_up, span

T = train.tasks
FOLDER = Path(__file__).parents[1] / "notebooks"


def reference(task, rates, noise):
    """The update rule of the task's docstring, one walker and one update at a time."""
    x, y, path = 0.0, 1.0, [(0.0, 1.0)]
    for rate, xi in zip(rates, noise, strict=True):
        away = y - task.width * np.sin(task.bends * x)
        river = task.slope * (x - task.length) if task.bed == "bowl" else -task.slope
        slope_x = river - task.curvature * away * task.width * task.bends * np.cos(task.bends * x)
        slope_y = task.curvature * away + task.noise * xi
        x, y = x - rate * slope_x, y - rate * slope_y
        path.append((x, y))
    return np.array(path).T


def draws(seed: int, steps: int) -> np.ndarray:
    blocks = [
        np.random.default_rng([seed, block]).standard_normal(1024) for block in range(-(-steps // 1024))
    ]
    return np.concatenate(blocks)[:steps]


@pytest.mark.parametrize(
    "task",
    [T.valley(), T.valley(bed="plane", slope=0.3, noise=6.0, bends=0.7), T.valley(width=0.0, curvature=12.0)],
)
def test_walkers_follow_the_update_rule(task) -> None:
    schedule = wb.schedules.wsd(total=1300, peak=0.02, warmup=0.1, decay=0.3)
    walk = task.walk(schedule, (4, 0))
    for column, seed in enumerate((4, 0)):
        x, y = reference(task, schedule.array(), draws(seed, 1300))
        np.testing.assert_allclose(walk.x[:, column], x, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(walk.y[:, column], y, rtol=1e-9, atol=1e-9)
    away = walk.y - task.width * np.sin(task.bends * walk.x)
    np.testing.assert_allclose(walk.hill, task.curvature * away**2 / 2)
    np.testing.assert_allclose(walk.area[-1], schedule.array().sum())
    assert (walk.ended == 1300).all()


def test_walkers_are_those_of_a_training() -> None:
    task = T.valley(bed="plane", slope=0.2, noise=8.0, measurements=300)
    schedule = wb.schedules.cosine(total=300, peak=0.02)
    walk = task.walk(schedule, (0, 7))
    for column, run in enumerate(train.train(task, [schedule], seed=(0, 7))):
        for part in ("x", "y", "river", "hill"):
            seen = run.parts[part]
            after = getattr(walk, part)[seen.step.astype(int) + 1, column]
            np.testing.assert_allclose(after, seen.loss, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rate", [0.002, 0.02, 0.05])
def test_a_straight_hill_settles_where_the_closed_form_says(rate) -> None:
    task = T.valley(bed="plane", bends=0.0, noise=5.0)
    hill = task.walk(wb.schedules.constant(total=1500, peak=rate), range(400)).hill[500:]
    # Variance of y <- (1 - rate h) y + rate noise xi, times h / 2.
    variance = (rate * 5.0) ** 2 / (1 - (1 - rate * 30.0) ** 2)
    assert float(task.excess(rate)) == pytest.approx(30.0 * variance / 2)
    error = hill.mean(axis=0).std(ddof=1) / 20
    assert abs(hill.mean() - task.excess(rate)) < 4 * error


def test_a_bent_hill_settles_lower_where_the_river_is_steeper() -> None:
    task = T.valley(bed="plane", slope=0.2, noise=8.0)
    for rate in (0.005, 0.02):
        walk = task.walk(wb.schedules.constant(total=2000, peak=rate), range(200))
        assert walk.hill[500:].mean() == pytest.approx(task.excess(rate, walk.x[500:]).mean(), rel=0.02)
    assert task.excess(0.005, 0.0) < task.excess(0.005, np.pi / 2)
    assert task.excess(2 / 30, np.pi / 2) == np.inf and task.excess(0.05, 0.0) == np.inf
    assert T.valley(width=0.0).limit == pytest.approx(2 / 30)


@pytest.mark.parametrize("bed", ["plane", "bowl"])
def test_without_noise_the_river_follows_gradient_flow(bed) -> None:
    task = T.valley(bed=bed, slope=0.3, noise=0.0, length=6.0)
    area = np.linspace(0.0, 30.0, 40)

    def flow(_, x):
        down = task.slope * (task.length - x) if bed == "bowl" else task.slope
        return down / (1 + np.cos(x) ** 2)

    solved = solve_ivp(flow, (0, 30.0), [0.4], t_eval=area, rtol=1e-9, atol=1e-9).y[0]
    np.testing.assert_allclose(measured.drift(task, area, 0.4), solved, atol=2e-3)
    walk = task.walk(wb.schedules.constant(total=6000, peak=0.005), (0,))
    start = float(walk.x[600, 0])
    ours = measured.drift(task, walk.area[600:] - walk.area[600], start)
    np.testing.assert_allclose(walk.x[600:, 0], ours, atol=0.03)


def test_a_walker_that_diverges_ends_and_leaves_the_others() -> None:
    task = T.valley(bed="plane", bends=0.0, noise=8.0)
    walk = task.walk(wb.hold(50, 0.02).then(wb.hold(200, 0.2)), range(3))
    assert (walk.ended > 50).all() and (walk.ended < 250).all()
    for column, ended in enumerate(walk.ended):
        assert np.isfinite(walk.hill[: ended + 1, column]).all()
        assert np.isnan(walk.x[ended + 1 :, column]).all()
        assert (walk.hill + walk.river)[: ended + 1, column].max() <= 1e6
    said = warning(task, walk)
    assert said.startswith("3 of 3 walkers diverged") and "above 6.67e-2" in said
    assert warning(task, task.walk(wb.hold(20, 0.01), (0,))) == ""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: T.valley().walk([0.1]), "schedule must be a Schedule"),
        (lambda: T.valley().walk(wb.hold(3, 0.1), ()), "number of seeds must be at least 1"),
        (lambda: T.valley().walk(wb.hold(3, 0.1), (0.5,)), "seeds must be a whole number"),
        (lambda: wb.explore.valley("nope"), "schedule must be one of"),
        (lambda: wb.explore.valley(7), "schedule must be one of"),
        (lambda: wb.explore.valley(peak=0.0), "peak must be greater than 0"),
        (lambda: wb.explore.valley(peak=float("nan")), "peak must be"),
        (lambda: wb.explore.valley(total=10**6), "total must be at least 10 and at most 20000"),
        (lambda: wb.explore.valley(wb.hold(5, 0.1)), "total must be at least 10"),
        (lambda: wb.explore.valley(walkers=0), "walkers must be at least 1 and at most 100"),
        (lambda: wb.explore.valley(seed=-1), "seed must be at least 0"),
        (lambda: wb.explore.valley(nois=3.0), "no argument 'nois'"),
        (lambda: wb.explore.valley(bed="canyon"), "bed must be one of bowl, plane"),
        (
            lambda: measured.bands([], "loss") or measured.river_flow(T.bigram(concentration=1.0), 1.0),
            "must be 0",
        ),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.fixture(scope="module")
def page():
    return wb.explore.valley("wsd", peak=0.02, walkers=8)


def test_means_are_those_of_the_walkers(page) -> None:
    walk, found = page.flock.walk, page.flock.track
    n = len(walk.rate)
    np.testing.assert_allclose((found.river + found.hill), found.loss)
    width = np.diff(found.step, prepend=0.0)
    np.testing.assert_allclose((found.hill * width).sum() / n, walk.hill[1:].mean())
    assert found.step[-1] == n and found.area[-1] == pytest.approx(walk.rate.sum())
    alone = track(page.task, page.task.walk(page.schedule, (0,)))
    assert not alone.hill_edge.any() and np.isfinite(alone.hill).all()


def test_a_cooldown_takes_the_hill_off_and_leaves_the_river(page) -> None:
    found = page.flock.track
    stable = (found.step > 400) & (found.step <= 1600)
    assert found.hill[stable].mean() == pytest.approx(found.settled[stable].mean(), rel=0.1)
    assert found.hill[-1] < 0.05 * found.hill[stable].mean()
    passed = np.interp([800, 1200, 1600, 2000], found.step, found.x)
    assert passed[3] - passed[2] < 0.75 * (passed[2] - passed[1]) + 0.5


def test_what_is_sent_is_what_was_walked(page) -> None:
    row, columns = page.flock.pack()
    step, x, y, rate, hill, place = (np.frombuffer(column, np.float32) for column in columns)
    walk = page.flock.walk
    assert row["walkers"] == 8 and len(x) == 8 * len(step) and step[-1] == len(walk.rate)
    np.testing.assert_allclose(x.reshape(-1, 8), walk.x[step.astype(int)], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(y.reshape(-1, 8), walk.y[step.astype(int)], rtol=1e-6, atol=1e-6)
    assert len(rate) == len(hill) == len(place) == len(step)
    seen = span([page.flock])
    assert seen["top"] == pytest.approx(page.task.curvature * seen["u"] ** 2 / 2)
    assert seen["y"][1] >= 1.15 and seen["x"][1] >= np.quantile(walk.x[-1], 0.95)
    many = wb.explore.valley(walkers=100, total=6000).flock.pack()[1]
    assert sum(map(len, many)) < 450_000, "a slider is not to wait for what nobody can see"
    assert [round_up(v) for v in (1, 1.01, 7, 8.1, 0.033)] == pytest.approx([1, 1.2, 8, 10, 0.04])


def test_pins_keep_walkers_beside_those_to_come() -> None:
    page = wb.explore.valley("constant", peak=0.02, walkers=3, total=400)
    page.pin()
    assert {key.split()[0] for key in page.figure.lines} == {"now", "kept"}
    kept = page.figure.lines["kept hill"].y
    page.chooser.sliders.controls["peak"].value = 5e-3
    np.testing.assert_array_equal(page.figure.lines["kept hill"].y, kept)
    assert page.figure.lines["now hill"].y[-200:].mean() < kept[-200:].mean() / 2
    page.controls["bends"].value = 0.5
    assert "another valley" in page.problem.value
    page.clear()
    assert page.problem.value == "" and not [key for key in page.figure.lines if key.startswith("kept")]


def test_rivers_of_two_rates_lie_on_one_curve_over_the_sum_of_rates() -> None:
    page = wb.explore.valley("constant", peak=0.02, total=1000, walkers=2, bends=0.0)
    page.pin()
    page.chooser.sliders.controls["peak"].value = 0.01
    page.axis.value = "sum of rates"
    high, low = page.figure.lines["kept x"], page.figure.lines["now x"]
    assert high.x[-1] == pytest.approx(2 * low.x[-1]) == page.schedule.array().sum() * 2
    np.testing.assert_allclose(low.y, np.interp(low.x, high.x, high.y), atol=0.03)


def test_a_drawn_schedule_moves_the_walkers() -> None:
    page = wb.explore.valley("wsd", walkers=2)
    page.hand.value = True
    np.testing.assert_allclose(page.schedule.array(), page.chooser.schedule.array(), atol=1e-3 * 0.02)
    page.canvas.points = [[0, 0.01], [1000, 0.01], [2000, 0.0]]
    assert page.flock.walk.rate[0] == pytest.approx(0.01) and "by hand" in page.figure.summary
    page.hand.value = False
    assert page.schedule.peak == pytest.approx(0.02)


def test_what_diverges_is_said_and_leaves_a_page() -> None:
    page = wb.explore.valley("constant", peak=0.5, total=100, walkers=2)
    assert "2 of 2 walkers diverged" in page.problem.value and "all walkers diverged" in page.figure.summary
    page.chooser.sliders.controls["peak"].value = page.chooser.sliders.controls["peak"].options[0][1]
    assert page.problem.value == "" and "ends at loss" in page.figure.summary


def test_every_schedule_can_be_chosen() -> None:
    page = wb.explore.valley(walkers=1, total=200)
    for name in wb.schedules.names("learning rate"):
        page.chooser.list.value = name
        assert page.schedule.recipe["name"] == name, page.chooser.error


def test_300_random_moves() -> None:
    draw, page = random.Random(3), wb.explore.valley(walkers=2, total=200)
    names = wb.schedules.names("learning rate")
    for _ in range(300):
        kind = draw.randrange(8)
        if kind == 0:
            page.chooser.list.value = draw.choice(names)
        elif kind == 1:
            page.walkers.value, page.seed.value = draw.randint(1, 12), draw.randint(0, 9)
        elif kind == 2:
            page.axis.value = draw.choice(page.axis.options)
        elif kind == 3:
            draw.choice([page.pin, page.clear])()
        elif kind == 4:
            page.hand.value = not page.hand.value
        elif kind == 5:
            page.view.step = draw.randint(0, 3000)
        else:
            move(draw, draw.choice([*page.controls.values(), *page.chooser.sliders.controls.values()]))
        assert page.figure.summary and page.flock.name


def move(draw, control) -> None:
    if hasattr(control, "options"):
        values = [value[1] if isinstance(value, tuple) else value for value in control.options]
        # Longer runs take longer and show nothing else.
        control.value = draw.choice([v for v in values if isinstance(v, str) or v <= 1000])
    elif hasattr(control, "min"):
        control.value = draw.uniform(control.min, control.max)
    elif isinstance(control.value, bool):
        control.value = not control.value


@pytest.fixture(scope="module")
def split_runs():
    task = T.bigram(contexts=100, batch=64, measurements=40)
    planned = [wb.schedules.constant(total=2500, peak=20.0), wb.schedules.linear(total=2500, peak=20.0)]
    return task, train.train(task, planned, seed=range(3))


def test_the_bigrams_river_is_gradient_flow(split_runs) -> None:
    task, runs = split_runs
    for name, band in measured.bands(runs, "river").items():
        late = band.step > 250
        flow, rest = measured.river_flow(task, band.area[late])
        np.testing.assert_allclose(band.mean[late], flow, rtol=0.04, err_msg=name)
        hill = measured.bands(runs, "hill", task.entropy)[name].mean[late]
        settled = np.array([task.excess(float(rate)) for rate in band.rate[late]])
        if name == "constant":
            np.testing.assert_allclose(hill[-10:].mean(), (settled + rest)[-10:].mean(), rtol=0.15)
    area = np.array([1e-9, 1e8])
    flow, rest = measured.river_flow(task, area)
    assert flow[0] == pytest.approx(np.log(task.vocab) / 2)
    assert rest[0] == pytest.approx((np.log(task.vocab) - np.log(4)) / 2)
    assert flow[1] == pytest.approx(0.5 * 63 / 64 * task.contexts / 1e8, rel=0.001)


def test_gradient_flow_of_one_row_solves_its_equation() -> None:
    task = T.bigram(contexts=10, vocab=12, successors=3)

    def flow(_, logits):
        chance = np.exp(logits) / np.exp(logits).sum()
        return (np.where(np.arange(12) < 3, 1 / 3, 0) - chance) / 10

    logits = solve_ivp(flow, (0, 500), np.zeros(12), rtol=1e-10, atol=1e-10).y[:, -1]
    loss = np.log(np.exp(logits).sum()) - logits[:3].mean() - np.log(3)
    assert measured.river_flow(task, 500.0)[1] == pytest.approx(0.5 * loss, rel=1e-6)


def test_intervals_are_students(split_runs) -> None:
    from scipy.stats import t

    _, runs = split_runs
    band = measured.bands(runs)["linear"]
    last = np.array([run.curve.loss[-1] for run in runs[3:]])
    low, high = t.interval(0.9, 2, last.mean(), last.std(ddof=1) / np.sqrt(3))
    assert (band.low[-1], band.high[-1]) == pytest.approx((low, high))
    assert np.isnan(measured.bands(runs[:1])["constant"].low).all()
    with pytest.raises(ValueError, match="part must be loss, river, hill"):
        measured.bands(runs, "valley")


def test_a_cooldown_is_compared_at_the_same_sum_of_rates() -> None:
    """On a line that falls evenly, a run without a hill has none, whatever the cooldown is long."""
    probe = train.probes.Cooldown(every=100, steps=40)
    step = np.arange(0.0, 1000.0, 5.0)
    looks = np.array([*np.arange(0.0, 1000.0, 100.0), 999.0])
    river = 3.0 - 1e-3 * step
    parts = {"river by cooldown": wb.Curve(looks, 3.0 - 1e-3 * (looks + 20) - 0.07)}
    run = wb.Run(wb.schedules.constant(total=1000, peak=0.1), wb.Curve(step, river), {}, {}, parts)
    (band,) = measured.cooled_hill([run], probe).values()
    np.testing.assert_allclose(band.mean, 0.07, atol=2e-3)
    assert band.step[0] == 100 and band.step[-1] < 999


def test_figures_draw_what_they_are_given(page, split_runs) -> None:
    drawn = figures.race([page.flock], caption="8 walkers")
    titles = [note.text for note in drawn.layout.annotations]
    assert "hill, over the river" in titles and "8 walkers" in titles
    ends = [trace.y[-1] for trace in drawn.data if trace.name == page.flock.name and not trace.fill]
    assert ends[0] == pytest.approx(page.flock.walk.river[-20:].mean() + page.flock.walk.hill[-20:].mean())
    task, runs = split_runs
    names = [trace.name for trace in figures.split(task, runs).data if trace.showlegend]
    assert names == ["constant", "linear", "closed form"]
    ground, river, path = valley_surface.surface(page.flock).data
    assert ground.type == "surface" and np.all(np.diff(river.z) < 0) and np.nanmax(path.z) <= ground.z.max()
    x = np.linspace(-0.5, 1.5, 9)
    line = figures.between({"a": (x, 2 + (x - 0.4) ** 2)}).data[0]
    assert np.interp([0, 1], line.x, line.y).min() == pytest.approx(0)


def test_exercises_agree_with_the_page() -> None:
    settled, updates, overtakes = (each.answer() for each in wb.exercises.get("river_valley"))
    high = wb.explore.valley("constant", peak=0.02, total=2000, walkers=100, bends=0.0).flock.track
    low = wb.explore.valley("constant", peak=0.005, total=2000, walkers=100, bends=0.0).flock.track
    assert high.hill[40:].mean() == pytest.approx(settled, rel=0.02)
    first = np.polyfit(high.step[40:], (high.loss - low.loss)[40:], 1)
    assert -first[1] / first[0] == pytest.approx(overtakes, abs=40)
    wsd = wb.schedules.wsd(total=2000, peak=0.02, warmup=0.0, decay=0.2, shape="linear")
    far = T.valley(bed="plane", slope=0.2, noise=0.0, bends=0.0).walk(wsd).x[-1, 0]
    same = T.valley(bed="plane", slope=0.2, noise=0.0, bends=0.0).walk(
        wb.schedules.constant(total=round(updates), peak=0.005)
    )
    assert same.x[-1, 0] == pytest.approx(far)
