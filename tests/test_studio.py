"""The parts of the studio without a browser, on lanes that grow when the test says so."""

from __future__ import annotations

import math

import fake_session
import numpy as np
import pytest
from fake_session import FakeSession, loss
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import workbench as wb
from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.figure import LiveFigure
from workbench.explore.studio import comparing, forest, future, lanes, words
from workbench.explore.studio.axis import Axis
from workbench.explore.studio.bar import Bar
from workbench.explore.studio.foresight import Foresight
from workbench.explore.studio.palette import Palette, color
from workbench.explore.studio.smoothing import Smoother
from workbench.explore.studio.spread import over_seeds
from workbench.explore.studio.tracks import Tracks
from workbench.explore.studio.tree import TreeView
from workbench.train import tasks

WSD = wb.schedules.wsd(total=100, peak=1e-2)
COSINE = wb.schedules.cosine(total=120, peak=2e-2)


@pytest.fixture
def session():
    return FakeSession()


@pytest.fixture
def tracks(session):
    return Tracks(session, LiveFigure(drawing.PANELS))


# Tracks


def test_what_is_drawn_is_what_was_measured_however_it_came(session, tracks):
    first = session.add(WSD)
    session.grow(7)
    second = session.add(COSINE)
    for updates in (1, 13, 40):
        session.grow(updates)
    for key in (first, second):
        branch, line = session.branch_of(key), tracks.figure.lines[f"{key} loss"]
        assert np.array_equal(line.x, branch.curves["loss"].step)
        assert np.array_equal(line.y, branch.curves["loss"].loss)
        past = tracks.figure.lines[f"{key} rate"]
        assert past.x[-1] == branch.step - 1 and np.array_equal(past.y, branch.schedule(past.x))
        assert tracks.figure.lines[f"{key} plan"].x[-1] == len(branch.schedule) - 1


def test_a_second_page_on_the_same_session_draws_the_same(session, tracks):
    key = session.add(WSD)
    session.grow(30)
    late = Tracks(session, LiveFigure(drawing.PANELS))
    session.grow(5)
    for name in (f"{key} loss", f"{key} rate"):
        assert np.array_equal(late.figure.lines[name].x[-1], tracks.figure.lines[name].x[-1])
    assert np.array_equal(late.figure.lines[f"{key} loss"].y, tracks.figure.lines[f"{key} loss"].y)


def test_a_dropped_lane_leaves_nothing_behind(session, tracks):
    key = session.add(WSD)
    tracks.look(smoothing=0.9)
    session.grow(20)
    assert f"{key} loss smooth" in tracks.figure.lines
    session.drop(key)
    session.tell()
    assert not tracks.figure.lines


def test_a_changed_future_is_drawn_and_the_past_stays(session, tracks):
    key = session.add(WSD)
    session.grow(40)
    before = tracks.figure.lines[f"{key} rate"]
    session.change(key, wb.schedules.constant(100, 5e-3))
    session.grow(10)
    plan, past = tracks.figure.lines[f"{key} plan"], tracks.figure.lines[f"{key} rate"]
    assert plan.y[-1] == 5e-3 and np.array_equal(past.y[past.x < 39], before.y[before.x < 39])
    assert past.y[-1] == 5e-3


@pytest.mark.parametrize("unit", ["steps", "tokens", "sum of rates"])
def test_points_are_where_the_axis_says(unit, session, tracks):
    key = session.add(WSD)
    session.grow(10)
    tracks.look(unit=unit)
    session.grow(50)
    x = tracks.figure.lines[f"{key} loss"].x
    steps = np.arange(60.0)
    expected = {"steps": steps, "tokens": 64 * steps, "sum of rates": np.cumsum(WSD.array())[:60]}[unit]
    assert np.allclose(x, expected)
    assert [tracks.axis.step(WSD, float(each)) for each in x[30:35]] == list(range(30, 35))


def test_seeds_share_a_colour_and_stand_behind_their_mean(session, tracks):
    keys = [session.add(WSD, seed, group="1") for seed in range(3)]
    other = session.add(COSINE)
    session.grow(30)
    lines = tracks.figure.lines
    assert len({lines[f"{key} loss"].color for key in keys}) == 1
    assert lines[f"{other} loss"].color != lines["1 loss"].color
    assert all(lines[f"{key} loss"].raw for key in keys) and not lines[f"{other} loss"].raw
    tracks.redraw()
    mean = tracks.figure.lines["mean 1"]
    every = np.stack([loss(WSD, seed, np.arange(30.0)) for seed in range(3)])
    assert np.allclose(mean.y, every.mean(0)) and np.allclose(mean.high - mean.y, every.std(0, ddof=1))
    assert len({line.legend for line in tracks.figure.lines.values()} - {""}) == 2


def test_the_chosen_lane_stands_out(session, tracks):
    keys = [session.add(WSD), session.add(COSINE)]
    session.grow(5)
    tracks.choose((keys[1],))
    lines = tracks.figure.lines
    assert lines["2 loss"].width > lines["1 loss"].width


# Parts


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=60), st.floats(0, 0.98), st.data())
def test_smoothing_in_pieces_is_the_weighted_mean(values, forget, data):
    cut = data.draw(st.integers(0, len(values)))
    smoother = Smoother(forget)
    got = np.concatenate([smoother.add(values[:cut]), smoother.add(values[cut:])])
    for n in range(len(values)):
        weights = forget ** np.arange(n, -1, -1.0)
        assert got[n] == pytest.approx(np.average(values[: n + 1], weights=weights), rel=1e-9)


def test_a_loss_that_is_not_finite_passes_through_the_smoothing():
    got = Smoother(0.5).add([1.0, np.nan, 1.0, np.inf])
    assert np.isnan(got[1]) and np.isinf(got[3]) and got[2] == 1.0


def test_seeds_are_averaged_where_all_are_measured():
    found = over_seeds([Curve([0, 1, 2], [1.0, 2, 3]), Curve([1, 2, 5], [4.0, 5, 6])])
    assert list(found.step) == [1, 2] and list(found.loss) == [3, 4]
    assert over_seeds([Curve([0], [1.0])]) is None
    assert over_seeds([Curve([0], [1.0]), Curve([1], [1.0])]) is None


def test_colours_differ_and_stay():
    palette = Palette()
    schedules = [wb.schedules.constant(10, 1e-3 * (i + 1)) for i in range(20)]
    colors = [palette.of(f"g{i}", schedule) for i, schedule in enumerate(schedules)]
    assert len(set(colors)) == 20
    assert palette.of("again", schedules[3]) == colors[3] == palette.of("g3", schedules[0])
    palette.free("g1")
    assert palette.of("new", wb.schedules.constant(10, 1.0)) == colors[1]
    assert all(len(color(i)) == 7 for i in range(64))


def test_the_difference_of_two_is_the_paired_t_interval(session):
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 0.01, (2, 5))
    for lane, schedule in enumerate((WSD, WSD * 2)):
        for seed in range(5):
            key = session.add(schedule, seed, group=str(lane))
            values = [3.0, 2.5 - 0.1 * lane + noise[lane, seed]]
            session.put(key, curves={"loss": Curve([0, 99], values)}, status="finished", step=100)
    groups = [[b for b in session.branches if b.group == str(lane)] for lane in range(2)]
    found = comparing.apart(*groups)
    d = 0.1 + noise[0] - noise[1]
    low, high = stats.t.interval(0.9, 4, loc=d.mean(), scale=stats.sem(d))
    assert (found.mean, found.low, found.high) == pytest.approx((d.mean(), low, high))
    assert found.last and found.pairs == 5 and "they differ" in comparing.sentence("a", "b", found)
    single = comparing.of_pairs([(groups[0][0], groups[1][0])])
    assert math.isnan(single.low) and "one seed" in comparing.sentence("a", "b", single)


def test_lanes_under_way_are_compared_at_the_latest_common_step(session):
    a, b = session.add(WSD), session.add(COSINE)
    session.grow(30, keys=[a])
    session.grow(12, keys=[b])
    found = comparing.of_pairs([(session.branch_of(a), session.branch_of(b))])
    assert found.step == 11 and not found.last
    assert found.mean == pytest.approx(loss(WSD, 0, 11.0) - loss(COSINE, 0, 11.0))
    session.add(WSD, 3)
    with pytest.raises(ValueError, match="seed in common"):
        comparing.apart([session.branch_of("3")], [session.branch_of(a)])


def test_rows_of_the_tree_stand_under_their_parents(session):
    for parent, left in ((None, 0), ("1", 40), ("1", 20), ("2", 60), (None, 0)):
        session.add(WSD, parent=parent, left=left)
    rows = forest.rows(session.branches, lambda branch: "#000000")
    assert [row["key"] for row in rows] == ["1", "3", "2", "4", "5"]
    assert [row["level"] for row in rows] == [1, 2, 2, 3, 1]
    assert [row["parent"] for row in rows] == [-1, 0, 0, 2, -1]
    session.drop("1")
    orphans = forest.rows(session.branches, lambda branch: "#000000")
    assert {row["key"]: row["level"] for row in orphans} == {"2": 1, "3": 1, "4": 2, "5": 1}


@pytest.mark.parametrize("name", ["wsd", "cosine", "constant", "linear", "wsd_s"])
@pytest.mark.parametrize("done", [0, 1, 50, 98])
def test_handles_lie_on_the_plan_and_give_it_back(name, done, session):
    schedule = wb.schedules.build({"name": name, "total": 100, "peak": 1e-2})
    key = session.add(schedule)
    session.grow(done)
    points = future.handles(session.branch_of(key))
    assert points[0][0] == done and points[-1][0] == 100
    assert np.array_equal(future.bent(schedule, points, points).array(), schedule.array())


def test_a_dragged_handle_moves_its_neighbourhood_and_nothing_else(session):
    key = session.add(COSINE)
    session.grow(30)
    points = future.handles(session.branch_of(key))
    at = len(points) // 2
    (before, _), (step, rate), (behind, _) = points[at - 1 : at + 2]
    moved = [*points[:at], (step, rate + 5e-3), *points[at + 1 :]]
    old, new = COSINE.array(), future.bent(COSINE, points, moved).array()
    assert np.array_equal(old[: before + 1], new[: before + 1]) and np.array_equal(old[behind:], new[behind:])
    assert new[step] == pytest.approx(rate + 5e-3)
    t = np.arange(before, behind)
    hat = np.interp(t, [before, step, behind], [0, 5e-3, 0])
    assert np.allclose(new[t], old[t] + hat, atol=1e-6), "the curve between keeps its bend"


def test_a_lane_at_its_end_has_no_handles(session):
    key = session.add(WSD)
    session.grow(99)
    assert future.handles(session.branch_of(key)) == []


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(0, 1)), min_size=5, max_size=5))
def test_handles_pushed_together_are_still_a_schedule(points):
    old = [(40, WSD(40)), (60, WSD(60)), (80, WSD(80)), (90, WSD(90)), (100, 0.0)]
    new = [old[0], *sorted(points)[1:-1], old[-1]]
    schedule = future.bent(WSD, old, new)
    assert len(schedule) == 100 and np.array_equal(schedule.array()[:40], WSD.array()[:40])
    assert schedule.array().min() >= 0


def test_words_are_those_of_people():
    assert [words.amount(x) for x in (0.523, 34.2, 987.4, 12_345, 1_234_567)] == [
        "0.523", "34.2", "987", "12,300", "1,230,000",
    ]  # fmt: skip
    assert [words.duration(x) for x in (0, 17.2, 61, 200, 660, 7500)] == [
        "0 s", "18 s", "1 min 1 s", "3 min 20 s", "11 min", "2 h 5 min",
    ]  # fmt: skip
    assert words.memory(6.4e8) == "640 MB" and words.lanes(1) == "1 lane"


# Bar


def state(bar):
    return {name: not button.disabled for name, button in bar.button.items()}


def test_buttons_are_enabled_where_they_do_something(session):
    bar = Bar(session, lambda: None, lambda: (True, "train"))
    assert state(bar) == {"train": True, "pause": False, "step": False, "stop": False}
    session.add(WSD)
    session.grow(5)
    assert state(bar) == {"train": True, "pause": True, "step": True, "stop": True}
    bar.press("pause")
    assert bar.button["pause"].description == "Go on" and session.state == "paused"
    assert "Paused" in bar.status.value
    bar.press("step")
    bar.press("pause")
    assert session.calls == [("pause",), ("advance", 1), ("go_on",)]
    bar.press("stop")
    assert state(bar) == {"train": True, "pause": True, "step": False, "stop": False}
    assert bar.button["pause"].description == "Go on" and "1 stopped" in bar.status.value


def test_the_bar_says_how_far_it_is_and_an_error(session):
    bar = Bar(session)
    assert bar.button["train"].layout.display == "none"
    session.add(WSD)
    session.grow(25)
    for part in ("update 25 of 100", "34 updates/s", "12 s left", "640 MB"):
        assert part in bar.progress.value
    bar.speed.value = 20.0
    assert session.speed == 20.0
    session.error = "the disk is full <b>"
    session.tell()
    assert "disk is full &lt;b&gt;" in bar.status.value


def test_what_a_button_cannot_do_is_a_sentence(session):
    def train():
        raise ValueError("peak must be above 0; got -1")

    bar = Bar(session, train)
    bar.press("train")
    assert "peak must be above 0" in bar.status.value
    bar.close()
    session.add(WSD)
    session.grow(1)
    assert not session._listeners


# The law


def test_the_law_is_asked_and_its_bands_shrink(session, tracks, monkeypatch):
    fit = wb.defaults.load("gpt/0.1M")
    schedule = wb.schedules.wsd(total=1000, peak=5e-3)
    truth, dice = fit.predict(schedule).loss, np.random.default_rng(0)
    noise = dice.normal(0, 2e-3, 1000)
    monkeypatch.setattr(
        fake_session, "loss", lambda _, seed, t: (truth * np.exp(0.01 + noise))[t.astype(int)]
    )
    foresight = Foresight(tracks, lambda: fit)
    foresight.switch.value = True
    assert "as soon as there is a lane" in foresight.words.value
    key = session.add(schedule)
    session.grow(950)
    foresight.refresh()
    line, before = tracks.figure.lines[f"{key} law"], fit.predict(schedule)
    assert line.dash and line.high[-1] - line.low[-1] < 0.9 * (before.high[-1] - before.low[-1])
    assert line.low[-1] < truth[-1] * np.exp(0.01) < line.high[-1]
    assert "points of 1 run" in foresight.words.value
    foresight.switch.value = False
    plain = tracks.figure.lines[f"{key} law"]
    assert plain.low is None and plain.y[-1] == pytest.approx(before.loss[-1]) and not foresight.words.value


# Tree


def test_the_tree_keeps_to_branches_that_are_there(session):
    tree = TreeView(session)
    heard = []
    tree.on_choose(heard.append)
    session.add(WSD)
    session.add(COSINE)
    tree.choose("2", "7")
    assert tree.chosen == ("2",) and heard[-1] == ("2",)
    session.drop("2")
    session.tell()
    assert tree.chosen == () and [row["key"] for row in tree.widget.rows] == ["1"]


def test_axis_of_sums_goes_there_and_back():
    axis = Axis("sum of rates")
    steps = np.arange(1, 100)
    assert [axis.step(COSINE, float(x)) for x in axis.x(COSINE, steps)] == list(steps)
    assert axis.x(COSINE, 0) == pytest.approx(COSINE(0)) and axis.label == "sum of rates"
    assert lanes.branch_of("12 loss smooth") == ("12", "loss smooth")


# The whole

TASK = tasks.quadratic(modes=5)


def test_the_studio_trains_plans_then_what_the_sliders_show(tmp_path):
    studio = wb.explore.studio(TASK, {"a": WSD, "b": COSINE}, seeds=(0, 1), store=tmp_path)
    assert len(studio.train(wait=True)) == 4
    assert [branch.name for branch in studio.session.branches] == [
        "a, seed 0",
        "a, seed 1",
        "b, seed 0",
        "b, seed 1",
    ]
    assert {branch.group for branch in studio.session.branches} == {"1", "3"}
    assert studio.train(wait=True) == [], "the sliders show the first plan, which is trained"
    studio.chooser.take(wb.schedules.linear(total=80, peak=1e-2))
    assert len(studio.train(wait=True)) == 2
    key = studio.branch("1", 50, wb.schedules.constant(30, 1e-3))
    assert studio.session.wait(20) and studio.session.branch_of(key).step == 80
    assert len(studio.save()) == len(studio.runs) == 7 and "wb" in studio.export()
    ids = wb.Store(tmp_path).ids()
    assert len(ids) == 7 and all(len(wb.Store(tmp_path).load(each).curve) for each in ids)
    studio.stage.refresh()
    lines = studio.figure.lines
    assert {"mean 1", "mean 3", f"{key} loss"} <= set(lines) and lines["1 loss"].color != lines[
        "3 loss"
    ].color
    studio.session.close()


def test_a_lane_that_has_ended_leaves_neither_handles_nor_a_mark(tmp_path):
    studio = wb.explore.studio(TASK, {"a": WSD}, store=tmp_path)
    said = {}
    studio.figure._tell = lambda message, *_: said.update(message)
    studio.session.speed = 2
    studio.train()
    assert said["handles"] and said["mark"] is not None, "the future of a lane can be dragged"
    studio.session.speed = None
    assert studio.session.wait(20)
    studio.stage.refresh()
    assert said["handles"] is None and said["mark"] is None
    studio.session.close()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"schedules": []}, "schedules must be one or more"),
        ({"schedules": "wsd"}, "schedules must be one or more"),
        ({"schedules": [WSD, 3]}, "schedules must be one or more"),
        ({"seeds": ()}, "seeds must be"),
        ({"seeds": -1}, "seeds must be"),
        ({"name": "../x"}, "name must be"),
        ({"law": "chinchilla"}, "law must be"),
    ],
)
def test_what_the_studio_cannot_take_is_a_sentence(args, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        wb.explore.studio(TASK, **{"schedules": [WSD], "store": tmp_path, **args})
