"""The live figure's Python side: what is sent, what is kept, what a browser may say to it."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.explore import hearing, routing
from workbench.explore.figure import PAUSE, Line, LiveFigure
from workbench.explore.thinning import BUCKETS, MOST, Growing, thin

PANELS = ({"height": 120, "short": "rate"}, {"height": 200, "short": "loss", "xLabel": "step (updates)"})


@pytest.fixture
def figure():
    """A figure with two lines, and everything that it sends."""
    made = LiveFigure(PANELS)
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append((content, list(buffers or [])))
    made.update([line("a"), line("b", band=True)])
    return made


def line(key, n=3, *, band=False, panel=1):
    x = np.arange(float(n))
    return Line(key, panel, x, x + 1, low=x if band else None, high=x + 2 if band else None, group=key)


def columns(row, buffers):
    return [np.frombuffer(buffers[place], np.float32) for place in row["at"]]


def appended(figure):
    """Points that went out by `append`, whole, by key."""
    found = {}
    for content, buffers in figure.sent:
        for row in content.get("append", ()):
            found.setdefault(row["key"], []).append(np.stack(columns(row, buffers)))
    return {key: np.concatenate(each, axis=1) for key, each in found.items()}


def reset(figure):
    figure._heard(figure, {"type": "ready", "view": "v"}, [])
    return figure.sent[-1]


# Thinning


@given(st.integers(0, 2**32 - 1), st.integers(1, 60_000), st.integers(4, 300))
def test_a_thinned_line_covers_the_same_rows_of_every_bucket(seed, n, buckets):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.random(n))
    y = np.where(rng.random(n) < 0.02, np.nan, rng.standard_normal(n))
    a, b = thin((x, y), buckets)
    if n <= 2 * buckets:
        assert a is x and b is y
        return
    assert len(a) <= 2 * buckets + 2 and a[0] == x[0] and a[-1] == x[-1] and np.all(np.diff(a) > 0)
    edges = np.linspace(x[0], x[-1], buckets + 1)[1:-1]
    for extreme, start in ((np.fmin, np.inf), (np.fmax, -np.inf)):
        whole, kept = np.full(buckets, start), np.full(buckets, start)
        extreme.at(whole, np.digitize(x, edges), y)
        extreme.at(kept, np.digitize(a, edges), b)
        # A point on the edge itself may be counted on either side of it.
        assert np.sum(whole != kept) <= 2


def test_bands_keep_their_extremes_too():
    rng = np.random.default_rng(0)
    x, y, low, high = np.arange(50_000.0), *rng.standard_normal((3, 50_000))
    kept = thin((x, y, low, high), 100)
    assert len(kept[0]) <= 6 * 100 + 2
    for whole, part in zip((y, low, high), kept[1:], strict=True):
        assert part.min() == whole.min() and part.max() == whole.max()


def test_lines_whose_x_falls_are_left_as_they_are():
    angle = np.linspace(0, 6, 20_000)
    x, y = np.cos(angle), np.sin(angle)
    assert thin((x, y))[0] is x


def test_a_line_that_grows_for_ever_keeps_its_extremes_and_stays_small():
    rng = np.random.default_rng(0)
    growing, low, high = Growing((np.empty(0), np.empty(0))), np.inf, -np.inf
    for i in range(400):
        y = rng.standard_normal(500)
        low, high = min(low, y.min()), max(high, y.max())
        growing.add((np.arange(500.0 * i, 500.0 * (i + 1)), y))
        assert len(growing.columns[0]) <= 2 * MOST + 500
    x, y = growing.columns
    assert (y.min(), y.max(), x[0], x[-1]) == (low, high, 0, 199_999)


def test_a_reload_of_64_lines_of_100_000_points_stays_small(figure):
    x = np.arange(100_000.0)
    y = np.random.default_rng(0).standard_normal(100_000)
    figure.update([Line(f"lane{i}", 1, x, y) for i in range(64)])
    content, buffers = reset(figure)
    assert len(content["lines"]) == 66 and sum(map(len, buffers)) <= 64 * (2 * BUCKETS + 2) * 8 + 200
    assert columns(content["lines"][2], buffers)[1].max() == np.float32(y.max())


# What goes out


def test_only_new_points_are_sent_and_a_reset_has_all(figure):
    figure.append({"a": ([3, 4], [9, np.nan]), "b": ([3], [1], [0], [2])})
    figure.append({"a": (5, 7)})
    figure.flush()
    found = appended(figure)
    np.testing.assert_array_equal(found["a"], [[3, 4, 5], [9, np.nan, 7]])
    np.testing.assert_array_equal(found["b"], [[3], [1], [0], [2]])
    content, buffers = reset(figure)
    assert content["reset"] and content["to"] == "v"
    np.testing.assert_array_equal(columns(content["lines"][0], buffers)[0], np.arange(6))
    np.testing.assert_array_equal(figure.lines["a"].y, [1, 2, 3, 9, np.nan, 7])


def test_a_column_that_lines_share_is_sent_once(figure):
    x, rng = np.arange(50.0), np.random.default_rng(0)
    y = rng.random((8, 50)).astype(np.float32)
    figure.update([Line(f"{i}", 1, x, each) for i, each in enumerate(y)])
    figure.append({f"{i}": (50.0, i) for i in range(8)})
    figure.flush()
    for content, buffers in figure.sent[-2:]:
        rows = content.get("lines") or content["append"]
        assert len(buffers) == 9 and [row["key"] for row in rows] == [f"{i}" for i in range(8)]
        for i, row in enumerate(rows):
            sent = np.stack(columns(row, buffers))
            whole = np.stack([x, y[i]]) if "lines" in content else [[50], [i]]
            np.testing.assert_array_equal(sent, whole)


def test_messages_are_numbered_without_a_gap_and_a_reset_has_the_number_it_is_as_new_as(figure):
    figure.append({"a": (3, 3)})
    content, _ = reset(figure)
    figure.update(rest="more")
    numbers = [each["number"] for each, _ in figure.sent if not each.get("reset")]
    assert numbers == list(range(1, len(numbers) + 1)) and content["number"] == numbers[-2]


def test_a_view_that_is_up_to_date_gets_nothing_and_one_that_is_not_everything(figure):
    count = len(figure.sent)
    figure._heard(figure, {"type": "at", "number": figure.sent[-1][0]["number"], "view": "v"}, [])
    assert len(figure.sent) == count
    figure._heard(figure, {"type": "at", "number": 0, "view": "v"}, [])
    assert figure.sent[-1][0]["reset"]


@pytest.mark.parametrize("kind", ["ready", "at"])
def test_what_stands_in_the_state_is_a_whole_picture_until_a_view_has_answered(figure, kind):
    figure.append({"a": (3, 3)})
    figure.stand()
    message, buffers = figure.first["message"], figure.first["buffers"]
    assert "to" not in message and message["panels"] == figure._panels
    np.testing.assert_array_equal(columns(message["lines"][0], buffers)[0], np.arange(4))
    count = len(figure.sent)
    figure._heard(figure, {"type": kind, "number": message["number"], "view": "v"}, [])
    assert figure.first == {} and len(figure.sent) == count + (kind == "ready")
    if kind == "ready":
        answer, same = figure.sent[-1]
        assert {**answer, "to": None} == {**message, "to": None} and same == buffers


def test_a_line_that_is_drawn_anew_forgets_what_was_on_its_way(figure):
    async def play():
        figure.append({"a": (3, 3), "b": ([3], [1], [0], [2])})
        figure.update([line("a", 2)], remove=["b"])
        await asyncio.sleep(2 * PAUSE)

    asyncio.run(play())
    assert appended(figure) == {} and len(figure.lines["a"].x) == 2 and "b" not in figure.lines


def test_a_burst_is_a_few_messages_with_everything_in_order(figure):
    async def play():
        for i in range(3, 63):
            figure.append({"a": (i, i)})
            await asyncio.sleep(0.005)
        await asyncio.sleep(2 * PAUSE)

    begin = time.monotonic()
    asyncio.run(play())
    most = (time.monotonic() - begin) / PAUSE + 1
    np.testing.assert_array_equal(appended(figure)["a"][0], np.arange(3, 63))
    assert 1 < sum("append" in content for content, _ in figure.sent) <= most


def test_points_go_out_while_a_cell_keeps_the_loop(figure):
    async def cell():
        for i in range(3, 9):
            figure.append({"a": (i, i)})
            time.sleep(PAUSE)
        return len(appended(figure).get("a", [[]])[0])

    assert asyncio.run(cell()) >= 2


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"nobody": (1, 1)}, "'nobody'"),
        ({"a": ([1], [1])}, "goes on from 2"),
        ({"a": ([4, 3], [1, 1])}, "goes on from 2"),
        ({"a": ([np.nan], [1])}, "finite x"),
        ({"a": ([3, 4], [1])}, "2 columns of one length"),
        ({"a": ([3], [1], [0], [2])}, "2 columns"),
        ({"b": ([3], [1])}, "4 columns"),
        ({"a": ([[3.0]], [[1.0]])}, "one length"),
    ],
)
def test_points_that_do_not_fit_are_refused_and_nothing_is_added(figure, points, message):
    with pytest.raises(ValueError, match=message):
        figure.append({"a": (3, 3), **points})
    figure.flush()
    assert appended(figure) == {} and len(figure.lines["a"].x) == 3


# What comes in


def test_a_click_on_a_line_is_told_and_marked(figure):
    clicks = []
    figure.on_click(lambda *args: clicks.append(args), label="Branch")
    figure._heard(figure, {"type": "click", "key": "a", "x": 2, "y": 3.0}, [])
    assert clicks == [("a", 2.0, 3.0)]
    content, _ = reset(figure)
    assert content["spot"] == {"key": "a", "x": 2.0, "y": 3.0} and content["label"] == "Branch"
    figure.on_click(None)
    figure._heard(figure, {"type": "click", "key": "a", "x": 2, "y": 3.0}, [])
    assert len(clicks) == 1


def test_a_sentence_of_the_caller_is_shown_and_the_marker_goes(figure):
    def refuse(*_):
        raise ValueError("no snapshot before step 2")

    figure.on_click(refuse)
    figure._heard(figure, {"type": "click", "key": "a", "x": 2, "y": 3.0}, [])
    assert figure.sent[-1][0]["say"] == figure.problem == "no snapshot before step 2"
    assert reset(figure)[0]["spot"] is None


def test_a_drag_is_told_while_it_lasts_and_stays_when_it_ends(figure):
    heard = []
    figure.on_drag(lambda points, done: heard.append((points, done)))
    figure.mark(1)
    figure.handles([(1, 5e-3), (2, 5e-3), (4, 0)], "a", lock=[2])
    for done, y in ((False, 3e-3), (True, 4e-3)):
        figure._heard(figure, {"type": "drag", "points": [[1, 5e-3], [3, y], [4, 0]], "done": done}, [])
    assert heard == [([(1, 5e-3), (3, 3e-3), (4, 0)], False), ([(1, 5e-3), (3, 4e-3), (4, 0)], True)]
    assert figure.sent[-1][0]["handles"]["points"][1] == (3, 4e-3)


def test_a_drag_that_the_caller_refuses_goes_back(figure):
    def refuse(points, done):
        raise ValueError("the rate must fall")

    figure.on_drag(refuse)
    figure.handles([(1, 1.0), (2, 0.5)], "a")
    figure._heard(figure, {"type": "drag", "points": [[1, 1.0], [2, 0.9]], "done": True}, [])
    assert figure.problem == "the rate must fall" and figure.sent[-1][0]["handles"]["points"][1] == (2, 0.5)


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=5), each, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(["click", "drag", "ready", "at", "other"]), JUNK, JUNK, JUNK)
def test_no_message_of_a_browser_breaks_anything(kind, one, other, third):
    figure, heard = LiveFigure(PANELS), []
    figure.update([line("a")])
    figure.on_click(lambda *args: heard.append(args))
    figure.on_drag(lambda points, done: heard.append(points))
    figure.handles([(1, 1.0), (2, 0.5)], "a")
    figure._heard(figure, one, [])
    figure._heard(
        figure,
        {
            "type": kind,
            "key": one,
            "x": other,
            "y": third,
            "points": one,
            "done": other,
            "view": one,
            "number": third,
        },
        [],
    )
    assert list(figure.lines) == ["a"]
    for points in heard:
        assert np.all(np.isfinite(np.asarray(points[-2:], float)))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 1], [2, 1]], "must be 3"),
        ([[0, 1], [2, 1], [1, 1]], "does not fall"),
        ([[0, 1], [2, -1], [4, 0]], "no negative y"),
        ([[0, 2], [2, 1], [4, 0]], "the past"),
        ([[0, 1], [0.5, 1], [4, 0]], "must not go back"),
        ([[0, 1], [float("inf"), 1], [4, 0]], "finite"),
        ([[0, 1], [10**400, 1], [4, 0]], "number"),
        ("abc", "list of at most"),
        ([[0, 1]] * 5_000, "list of at most"),
        ([[0, 1], [2, True], [4, 0]], "number"),
    ],
)
def test_drags_that_cannot_be_are_refused_with_a_sentence(points, message):
    with pytest.raises(ValueError, match=message):
        hearing.dragged({"points": points, "done": True}, [(0, 1), (2, 1), (4, 0)], 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f.mark(float("nan")), "finite"),
        (lambda f: f.handles([(1, 1)], panel=2), "panel must be from 0 to 1"),
        (lambda f: f.handles([(1, 1)], lock=[1]), "lock"),
        (lambda f: f.handles([(2, 1), (1, 1)]), "does not fall"),
        (lambda f: f.spot("nobody", 1, 1), "drawn line"),
    ],
)
def test_bad_arguments_get_a_sentence(figure, call, message):
    with pytest.raises(ValueError, match=message):
        call(figure)


def test_handles_and_marks_are_taken_away_by_none(figure):
    figure.mark(1)
    figure.handles([(1, 1)], "a")
    figure.mark(None)
    figure.handles()
    state = SimpleNamespace(**reset(figure)[0])
    assert state.mark is None and state.handles is None


def test_a_message_for_a_thread_that_is_gone_goes_to_the_one_that_it_names():
    there = ["new"]
    thread = SimpleNamespace(manager=SimpleNamespace(list_subshell=lambda: there))
    said = {"comm": "old"}
    route = routing.living(lambda comm, data, named: said.get(comm, named), lambda: thread)
    assert route("comm", {}, "new") == "new" and route("comm", {}, None) is None
    there.append("old")
    assert route("comm", {}, "new") == "old", "a thread that lives is asked, as ipykernel has it"
    said["comm"] = None
    assert route("comm", {}, "new") is None and route("other", {}, "new") == "new"


def test_routes_of_the_kernel_are_kept_once(figure):
    comm = pytest.importorskip("ipykernel.comm.comm").BaseComm
    route = getattr(comm, "_reply_subshell_for", None)
    routing.keep()
    assert getattr(comm, "_reply_subshell_for", None) is route
