"""The canvas without a browser: its points, what they draw, undo, and what the front end may send."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

import workbench as wb
from workbench.explore import points as of
from workbench.explore.canvas import Canvas, room

DRAWING = ((0, 0.0), (30, 5e-3), (600, 4e-3), (1000, 0.0))


@st.composite
def drawings(draw: st.DrawFn) -> of.Points:
    """Control points over any total, rates with ties and zeros among them."""
    steps = sorted(draw(st.sets(st.integers(1, 3000), min_size=1, max_size=12)))
    rate = st.sampled_from((0.0, 1e-5, 1e-3, 5e-3)) | st.floats(0, 1e-2)
    return tuple((step, draw(rate)) for step in (0, *steps))


@pytest.fixture
def canvas() -> Canvas:
    return Canvas(DRAWING)


@pytest.fixture
def board():
    return wb.explore.draw("linear", total=1000, peak=5e-3)


def moved(canvas: Canvas, *points, dragging: bool = False) -> None:
    """What the browser sends when a point has moved."""
    canvas.set_state({"points": [list(point) for point in points], "dragging": dragging})


@given(points=drawings())
def test_straight_lines_go_through_the_points(points: of.Points) -> None:
    steps, rates = zip(*points, strict=True)
    drawn = of.schedule(points)
    at = np.arange(points[-1][0])
    np.testing.assert_allclose(drawn.array(), np.interp(at, steps, rates), rtol=0, atol=1e-16)
    assert len(drawn) == points[-1][0] and drawn.phases[0].shape == "points"
    assert wb.Schedule.from_json(drawn.to_json()) == drawn


@given(points=drawings())
def test_smooth_curves_hold_the_points_and_overshoot_none(points: of.Points) -> None:
    steps, rates = zip(*points, strict=True)
    drawn = of.schedule(points, smooth=True)
    inner = [(s, r) for s, r in points if s < len(drawn)]
    np.testing.assert_allclose([drawn(s) for s, _ in inner], [r for _, r in inner], rtol=0, atol=1e-15)
    assert drawn.array().min() >= min(rates) and drawn.array().max() <= max(rates)
    if len(points) > 2:
        with np.errstate(over="ignore"):  # SciPy divides by slopes of rates next to nothing
            cubic = PchipInterpolator(steps, rates)(np.arange(len(drawn)))
        assert np.max(np.abs(drawn.array() - cubic)) <= 0.005 * max(rates)


@given(points=drawings())
def test_level_takes_every_rise_after_the_peak_and_nothing_else(points: of.Points) -> None:
    before = [rate for _, rate in points]
    after = [rate for _, rate in of.level(points)]
    peak = max(i for i, rate in enumerate(before) if rate == max(before))
    assert after[: peak + 1] == before[: peak + 1]
    assert all(b <= a for a, b in zip(after[peak:], after[peak + 1 :], strict=False))
    assert all(new <= old for new, old in zip(after, before, strict=True))
    assert of.level(of.level(points)) == of.level(points)


@given(points=drawings(), total=st.integers(1, 5000))
def test_stretch_keeps_ends_and_order(points: of.Points, total: int) -> None:
    longer = of.check(of.stretch(points, total))
    assert longer[0] == points[0]
    assert longer[-1] == (total, points[-1][1])


@pytest.mark.parametrize("name", wb.schedules.names())
def test_control_points_can_be_put_on_every_schedule(name: str) -> None:
    given = wb.schedules.build({"name": name, "total": 1000})
    points = of.check(of.through(given))
    assert len(points) <= 24 and points[-1][0] == len(given)
    assert of.deviation(given, of.schedule(points)) <= 0.12


def test_what_is_made_of_straight_lines_is_loaded_exactly() -> None:
    for whole in (
        wb.schedules.linear(1000, warmup=0.1),
        wb.schedules.constant(777, warmup=0.2),
        wb.hold(300, 1e-3).then(wb.hold(200, 2e-4)).then(wb.ramp(100, 2e-4, 0.0)),
    ):
        drawn = of.schedule(of.through(whole))
        np.testing.assert_allclose(drawn.array(), whole.array(), rtol=0, atol=1e-16)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (None, "points must be a list"),
        ("abc", "points must be a list"),
        ([], "2 to 200 pairs"),
        ([[0, 1]], "2 to 200 pairs"),
        ([[0, 1]] * 300, "2 to 200 pairs"),
        ([[0, 1], 3], "point 1 must be a pair"),
        ([[0, 1], [5, 1, 1]], "point 1 must be a pair"),
        ([[1, 1], [5, 1]], "step of point 0"),
        ([[0, 1], [5.5, 1]], "step of point 1"),
        ([[0, 1], [5, -1e-9]], "rate of point 1"),
        ([[0, 1], [5, float("nan")]], "rate of point 1"),
        ([[0, "x"], [5, 1]], "rate of point 0"),
        ([[0, 1], [5, 1], [5, 1]], "steps must increase: point 2 at 5"),
    ],
)
def test_what_is_no_drawing_is_refused(canvas: Canvas, points, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        canvas.put(points)
    assert canvas.schedule == of.schedule(DRAWING)
    # The same from the browser: a sentence, no exception, and the last good drawing.
    canvas.set_state({"points": points})
    assert message.split(" must")[0].split(":")[0] in canvas.problem
    assert canvas.schedule == of.schedule(DRAWING)
    moved(canvas, (0, 0.0), (1000, 1e-3))
    assert canvas.problem == ""


def test_the_browser_may_not_change_the_total(canvas: Canvas) -> None:
    moved(canvas, (0, 0.0), (900, 1e-3))
    assert "must stay at step 1000" in canvas.problem and canvas.total == 1000


def test_the_drawing_is_a_schedule_at_any_moment(canvas: Canvas) -> None:
    moved(canvas, (0, 0.0), (100, 2e-3), (1000, 0.0), dragging=True)
    assert canvas.schedule(100) == 2e-3 and canvas.schedule(550) == pytest.approx(1e-3)


def test_a_drag_is_one_step_of_the_history(canvas: Canvas) -> None:
    for step in range(40, 140):
        moved(canvas, (0, 0.0), (step, 5e-3), (600, 4e-3), (1000, 0.0), dragging=True)
    assert not canvas.can_undo
    canvas.set_state({"dragging": False})
    assert canvas.can_undo and canvas.points[1][0] == 139
    canvas.undo()
    assert canvas.schedule == of.schedule(DRAWING) and canvas.can_redo and not canvas.can_undo
    canvas.redo()
    assert canvas.points[1][0] == 139 and not canvas.can_redo


def test_undo_goes_back_to_the_first_and_a_new_change_ends_what_was_taken_back(canvas: Canvas) -> None:
    for rate in (1e-3, 2e-3, 3e-3):
        moved(canvas, (0, 0.0), (1000, rate))
    for _ in range(9):
        canvas.undo()
    assert canvas.schedule == of.schedule(DRAWING)
    for _ in range(2):
        canvas.redo()
    moved(canvas, (0, 0.0), (1000, 4e-3))
    canvas.redo()
    assert canvas.schedule(999) == pytest.approx(4e-3, rel=2e-3)
    canvas.undo()
    assert canvas.schedule(999) == pytest.approx(2e-3, rel=2e-3)


def test_monotone_levels_what_is_there_and_what_comes(canvas: Canvas) -> None:
    canvas.put([(0, 0.0), (100, 5e-3), (400, 1e-3), (700, 3e-3), (1000, 2e-3)])
    free = canvas.schedule
    canvas.monotone = True
    assert [rate for _, rate in canvas.points] == [0.0, 5e-3, 1e-3, 1e-3, 1e-3]
    moved(canvas, (0, 0.0), (100, 5e-3), (400, 1e-3), (700, 4e-3), (1000, 0.0))
    assert canvas.points[3] == [700, 1e-3]
    canvas.undo(), canvas.undo()
    assert canvas.schedule == free and not canvas.monotone


def test_the_axis_has_room_and_moves_only_between_drags(canvas: Canvas) -> None:
    assert canvas.top == 6e-3
    moved(canvas, (0, 0.0), (30, 6e-3), (1000, 0.0), dragging=True)
    assert canvas.top == 6e-3
    canvas.set_state({"dragging": False})
    assert canvas.top == 8e-3
    canvas.undo()
    assert canvas.top == 6e-3 and canvas.schedule == of.schedule(DRAWING)
    assert all(1.2 * x <= room(x) <= 1.7 * x for x in np.geomspace(1e-7, 1e3, 300))
    assert room(0.0) == 1.0


def test_the_board_predicts_what_is_drawn(board) -> None:
    moved(board.canvas, (0, 0.0), (30, 5e-3), (800, 5e-3), (1000, 0.0))
    expected = board.fit.predict(board.schedule)
    line = board.figure.lines["drawn"]
    assert line.y[-1] == pytest.approx(expected.loss[-1])
    assert line.low[-1] == pytest.approx(expected.low[-1])
    gain = expected.loss[-1] - board.fit.predict(board.reference).loss[-1]
    assert f"{expected.loss[-1]:.4f}" in board.figure.summary and f"{gain:+.4f}" in board.figure.summary


def test_while_a_point_is_dragged_the_loss_axis_only_widens(board) -> None:
    seen = []
    for rate in (5e-3, 1e-4, 5e-3):
        moved(board.canvas, (0, 0.0), (30, rate), (1000, 0.0), dragging=True)
        seen.append(tuple(board.figure._panels[0]["yRange"]))
    assert seen[1] == seen[2] != seen[0]
    board.canvas.set_state({"dragging": False})
    assert tuple(board.figure._panels[0]["yRange"]) == seen[0]


def test_load_takes_names_and_schedules_and_can_be_undone(board) -> None:
    before = board.schedule
    board.load("wsd")
    assert board.reference.recipe["name"] == "wsd" == board.list.value
    assert len(board.schedule) == 1000 and board.schedule != before
    mine = wb.hold(500, 1e-3).then(wb.ramp(200, 1e-3, 0.0))
    board.load(mine)
    np.testing.assert_allclose(board.schedule.array(), mine.array(), atol=1e-16)
    assert "exact" in board.said.value and board.total.value == 700
    board.undo(), board.undo()
    assert board.schedule == before and board.total.value == 1000
    with pytest.raises(ValueError, match="schedule must be one of"):
        board.load("nope")


def test_total_stretches_the_drawing_and_nonsense_is_said(board) -> None:
    board.total.value = 2000
    assert len(board.schedule) == 2000 and board.canvas.points[1] == [60, 5e-3]
    board.total.value = 0
    assert "total must be at least 2" in board.said.value and board.total.value == 2000
    board.undo()
    assert len(board.schedule) == 1000 == board.total.value


def test_another_model_keeps_the_shape_in_its_own_scale(board) -> None:
    before = board.schedule
    board.law.value = "llama"
    assert len(board.schedule) == 24_000 and board.schedule.peak == pytest.approx(3e-4)
    assert board.schedule(12_000) / 3e-4 == pytest.approx(before(500) / 5e-3)
    assert board.reference.peak == pytest.approx(3e-4) and "nats per token" in str(board.figure._panels)


def test_a_drawing_of_nothing_is_said_and_the_next_one_drawn(board) -> None:
    moved(board.canvas, (0, 0.0), (1000, 0.0))
    assert "says nothing of a rate that is 0" in board.figure.rest and "drawn" not in board.figure.lines
    moved(board.canvas, (0, 0.0), (1000, 1e-3))
    assert "drawn" in board.figure.lines


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"setting": "x"}, "setting must be one of"),
        ({"schedule": "x"}, "schedule must be one of"),
        ({"total": 0}, "total"),
        ({"peak": -1}, "peak"),
    ],
)
def test_bad_arguments_get_a_sentence(args, message: str) -> None:
    for function in (wb.explore.draw, wb.explore.browse):
        with pytest.raises(ValueError, match=message):
            function(**args)
