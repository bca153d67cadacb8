"""The live figure in a real browser: what a pointer, a finger and keys do to it, and how it shows points."""

from __future__ import annotations

import numpy as np
import pytest
from figures import Bridge, browser
from playwright.sync_api import expect

from workbench.explore.figure import Line, LiveFigure
from workbench.explore.pins import COLORS, NOW

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
N = 2_000
PANELS = (
    {"height": 170, "yLabel": "learning rate", "short": "rate", "xLabel": "", "names": True},
    {"height": 300, "yLabel": "loss", "short": "loss", "xLabel": "step (updates)", "names": False},
)
X = np.arange(0.0, N, 10)


@pytest.fixture(scope="module")
def chrome(chromium):
    with browser(chromium) as running:
        yield running


@pytest.fixture
def bridge(chrome):
    """Two lanes with rate, measured loss and a prediction with its band, on a plain page."""
    opened = chrome.new_page(viewport={"width": 900, "height": 700}, has_touch=True)
    errors = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    figure = LiveFigure(PANELS)
    figure.update(
        [line for i in range(2) for line in lane(i)],
        panels=[{"xRange": [0, N], "yRange": [0, 4]}, {"yRange": [1, 7]}],
        rest="two lanes",
    )
    yield Bridge(opened, figure)
    opened.close()
    assert errors == []


def loss(i, x=X):
    return 2 + i + 3 * np.exp(-x / 500)


def lane(i):
    color, group, half = COLORS[i], f"lane {i}", X < N / 2
    common = {"color": color, "group": group}
    y = loss(i)
    return [
        Line(f"rate{i}", 0, X, np.full(len(X), 1.0 + i), group, legend=group, **common),
        Line(f"raw{i}", 1, X, y + 0.2 * np.sin(X), f"{group} train", raw=True, **common),
        Line(f"loss{i}", 1, X[half], y[half], f"{group} measured", points=True, **common),
        Line(f"law{i}", 1, X[~half], y[~half], f"{group} law", low=y[~half] - 0.1, high=y[~half] + 0.1,
             dash=True, **common),
    ]  # fmt: skip


def at(bridge, panel, x, y):
    """Place on the page of a point of a panel, from the axes that are drawn: margins are 66, 14, 8 pixels."""
    box = bridge.page.locator(".lrw-panel").nth(panel).bounding_box()
    foot = 24 if panel == 0 else 38
    low, high = ((0, 4), (1, 7))[panel]
    wide, high_px = box["width"] - 80, box["height"] - 8 - foot
    return box["x"] + 66 + x / N * wide, box["y"] + 8 + (high - y) / (high - low) * high_px


def hover(bridge, panel, x, y):
    bridge.page.mouse.move(*at(bridge, panel, x, y))
    bridge.frame()
    return (
        bridge.page.locator(".lrw-tip").inner_text() if bridge.page.locator(".lrw-tip").is_visible() else ""
    )


def drag(bridge, a, b, *, drop=True):
    bridge.page.mouse.move(*a)
    bridge.page.mouse.down()
    bridge.page.mouse.move(*b, steps=6)
    if drop:
        bridge.page.mouse.up()
        bridge.frame()


def pump_until(bridge, done):
    """Carry messages until `done`: what a drag says comes by a clock of the page."""
    for _ in range(200):
        bridge.pump()
        if done():
            return
        bridge.page.wait_for_timeout(50)
    raise AssertionError("it was never said")


def pixels(bridge, panel=1):
    return bridge.page.locator(".lrw-panel canvas").nth(panel).evaluate("canvas => canvas.toDataURL()")


def test_hover_tells_everything_of_the_nearest_line(bridge):
    said = hover(bridge, 1, 1_500, loss(1, 1_500)).split("\n")
    assert said[0] == "step 1,500" and said[1] == "lane 1 law"
    y = loss(1, 1_500)
    assert said[2] == f"{y:.4f} [{y - 0.1:.4f} to {y + 0.1:.4f}]"
    assert {"lane 1, rate", "lane 1 train, raw", "lane 0 law"} <= set(said)
    assert bridge.data("near") == "law1"
    hover(bridge, 1, 500, loss(0, 500))
    assert bridge.data("near") == "loss0"
    assert bridge.page.locator(".lrw-readout").inner_text() == "two lanes", "nothing below moves"
    bridge.page.mouse.move(5, 5)
    bridge.frame()
    assert not bridge.page.locator(".lrw-tip").is_visible()


def test_the_box_never_leaves_the_figure_however_narrow(bridge):
    for width in (820, 300):
        bridge.page.evaluate(f"document.getElementById('box').style.width = '{width}px'")
        bridge.frame()
        outer = bridge.page.locator(".lrw-figure").bounding_box()
        for panel in (0, 1):
            for x in (0, N / 2, N - 10):
                assert hover(bridge, panel, x, 2)
                box = bridge.page.locator(".lrw-tip").bounding_box()
                assert box["x"] >= outer["x"] and box["y"] >= outer["y"]
                assert box["x"] + box["width"] <= outer["x"] + outer["width"]
                assert box["y"] + box["height"] <= outer["y"] + outer["height"]


def test_zoom_survives_updates_and_appended_points(bridge):
    whole = pixels(bridge)
    drag(bridge, at(bridge, 1, 500, 4), at(bridge, 1, 1_500, 4))
    low, high = map(float, bridge.data("zoom").split(","))
    assert low == pytest.approx(500, abs=8) and high == pytest.approx(1_500, abs=8)
    was = bridge.data("zoom")
    bridge.figure.append({"loss0": (np.arange(1_000, 1_400, 10), loss(0, np.arange(1_000, 1_400, 10)))})
    bridge.pump()
    bridge.figure.update(lane(1), panels=[{}, {"yRange": [1, 8]}])
    bridge.pump()
    assert bridge.data("zoom") == was
    bridge.page.get_by_role("button", name="Reset zoom").click()
    bridge.figure.update(lane(0), panels=[{}, {"yRange": [1, 7]}])
    bridge.pump()
    assert bridge.data("zoom") == "" and pixels(bridge) == whole
    drag(bridge, at(bridge, 1, 500, 4), at(bridge, 1, 1_500, 4))
    bridge.page.mouse.dblclick(*at(bridge, 1, 1_000, 6.5))
    bridge.frame()
    assert bridge.data("zoom") == "" and pixels(bridge) == whole


def test_another_x_axis_shows_all_of_it(bridge):
    drag(bridge, at(bridge, 1, 500, 4), at(bridge, 1, 1_500, 4))
    bridge.figure.update(panels=[{"xRange": [0, 1e9]}, {"xRange": [0, 1e9], "xLabel": "tokens"}])
    bridge.pump()
    assert bridge.data("zoom") == ""


def test_keys_zoom_walk_and_click(bridge):
    clicks = []
    bridge.figure.on_click(lambda *args: clicks.append(args))
    bridge.pump()
    bridge.page.locator(".lrw-plots").focus()
    press = bridge.page.keyboard.press
    press("+")
    assert bridge.data("zoom") == "500,1500"
    press("]")
    assert bridge.data("zoom") == "750,1750"
    press("0")
    assert bridge.data("zoom") == ""
    press("ArrowRight")
    start = bridge.data("near")
    press("ArrowDown")
    assert bridge.data("near") != start
    while bridge.data("near") != "loss0":
        press("ArrowDown")
    press("Home")
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        press(key)
    said = f"lane 0 measured, step 100, loss {loss(0, 100):.5g}"
    expect(bridge.page.locator(".lrw-voice")).to_have_text(said, timeout=60_000)
    press("Enter")
    bridge.pump()
    ((key, x, y),) = clicks
    assert (key, x) == ("loss0", 100) and y == pytest.approx(loss(0, 100), rel=1e-6)


def test_a_click_near_a_line_branches_there_and_one_beside_does_not(bridge):
    clicks = []
    bridge.figure.on_click(lambda *args: clicks.append(args))
    bridge.pump()
    bridge.page.mouse.click(*at(bridge, 1, 900, 6.5))
    bridge.pump()
    assert clicks == []
    x, y = at(bridge, 1, 702, loss(0, 700))
    bridge.page.mouse.click(x + 1, y - 3)
    bridge.pump()
    ((key, step, value),) = clicks
    assert (key, step) == ("loss0", 700) and value == pytest.approx(loss(0, 700), rel=1e-6)
    label = bridge.page.locator(".lrw-spot text").nth(1)
    assert label.text_content() == "Branch here" and label.is_visible()
    bridge.figure.spot()
    bridge.pump()
    assert not label.is_visible()


def test_a_press_means_the_line_that_was_under_it_though_the_axes_move_before_it_ends(bridge):
    clicks = []
    bridge.figure.on_click(lambda *args: clicks.append(args))
    bridge.pump()
    bridge.page.mouse.move(*at(bridge, 1, 700, loss(0, 700)))
    bridge.frame()
    bridge.page.mouse.down()
    bridge.figure.update(panels=[{}, {"yRange": [1, 40]}])
    bridge.pump()
    bridge.page.mouse.up()
    bridge.pump()
    ((key, x, y),) = clicks
    assert (key, x) == ("loss0", 700) and y == pytest.approx(loss(0, 700), rel=1e-6)


def test_a_double_click_on_a_line_shows_everything_and_branches_at_most_once(bridge):
    clicks = []
    bridge.figure.on_click(lambda *args: clicks.append(args))
    bridge.pump()
    bridge.page.mouse.dblclick(*at(bridge, 1, 700, loss(0, 700)))
    bridge.pump()
    assert len(clicks) == 1
    bridge.page.locator(".lrw-plots").press("+")
    bridge.page.mouse.dblclick(*at(bridge, 0, 1_000, 1))
    bridge.page.wait_for_timeout(350)
    bridge.pump()
    assert len(clicks) == 1 and bridge.data("zoom") == ""


def test_the_legend_is_switches_that_keep_focus_and_state(bridge):
    with_both, chips = pixels(bridge), bridge.page.locator(".lrw-legend button")
    chips.nth(1).focus()
    bridge.page.keyboard.press("Enter")
    bridge.page.mouse.move(5, 5)
    bridge.frame()
    assert chips.nth(1).get_attribute("aria-pressed") == "false" and pixels(bridge) != with_both
    bridge.figure.update(lane(1))
    bridge.figure.append({"loss0": (1_000, 3)})
    bridge.pump()
    assert chips.nth(1).get_attribute("aria-pressed") == "false"
    assert chips.nth(1).evaluate("chip => chip === document.activeElement")
    assert "lane 1" not in hover(bridge, 1, 500, loss(1, 500))


def test_handles_are_dragged_in_the_future_only(bridge):
    heard = []
    bridge.figure.on_drag(lambda points, done: heard.append((points, done)))
    bridge.figure.mark(800)
    bridge.figure.handles([(400, 1), (1_200, 1), (N, 0)], "rate0", lock=[2])
    bridge.pump()
    drag(bridge, at(bridge, 0, 400, 1), at(bridge, 0, 600, 2))
    bridge.pump()
    assert heard == [] or heard[-1][0][0] == (400, 1)
    bridge.page.locator(".lrw-plots").press("0")
    drag(bridge, at(bridge, 0, 1_200, 1), at(bridge, 0, 1_500, 3), drop=False)
    pump_until(bridge, lambda: bool(heard) and heard[-1][1] is False)
    expect(bridge.page.locator(".lrw-tip")).to_contain_text("rate", timeout=60_000)
    bridge.page.mouse.up()
    bridge.pump()
    points, done = heard[-1]
    assert done and points[0] == (400, 1) and points[2] == (N, 0)
    assert points[1] == (pytest.approx(1_500, abs=6), pytest.approx(3, abs=0.05))
    drag(bridge, at(bridge, 0, *points[1]), at(bridge, 0, 100, 1))
    bridge.pump()
    assert 800 < heard[-1][0][1][0] < 830, "it stops at what has happened"
    drag(bridge, at(bridge, 0, N, 0), at(bridge, 0, 1_500, 2))
    bridge.pump()
    assert heard[-1][0][2] == (N, pytest.approx(2, abs=0.05)), "a locked one moves up and down"


def test_a_focused_handle_moves_with_arrows(bridge):
    heard = []
    bridge.figure.on_drag(lambda points, done: heard.append((points, done)))
    bridge.figure.handles([(400, 1), (1_200, 1)], "rate0")
    bridge.pump()
    handle = bridge.page.get_by_role("slider", name="point 2 of 2")
    handle.focus()
    bridge.page.keyboard.press("ArrowRight")
    bridge.page.keyboard.press("Shift+ArrowUp")
    bridge.pump()
    points, done = heard[-1]
    assert done and points == [(400, 1), (pytest.approx(1_220), pytest.approx(1.4))]
    assert "step 1,220" in handle.get_attribute("aria-valuetext")


def test_a_drag_that_is_refused_goes_back_and_says_why(bridge):
    def refuse(points, done):
        raise ValueError("The rate must not rise.")

    bridge.figure.on_drag(refuse)
    bridge.figure.handles([(400, 1), (1_200, 1)], "rate0")
    bridge.pump()
    drag(bridge, at(bridge, 0, 1_200, 1), at(bridge, 0, 1_500, 3))
    bridge.pump()
    assert bridge.page.locator(".lrw-say").inner_text() == "The rate must not rise."
    values = bridge.page.get_by_role("slider", name="point 2 of 2").get_attribute("aria-valuetext")
    assert "step 1,200" in values


def test_a_finger_drags_a_handle(bridge):
    heard = []
    bridge.figure.on_drag(lambda points, done: heard.append((points, done)))
    bridge.figure.handles([(400, 1), (1_200, 1)], "rate0")
    bridge.pump()
    touch = bridge.page.context.new_cdp_session(bridge.page)
    for kind, (x, y) in (
        ("touchStart", at(bridge, 0, 1_200, 1)),
        ("touchMove", at(bridge, 0, 1_300, 1.5)),
        ("touchMove", at(bridge, 0, 1_400, 2)),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    bridge.pump()
    points, done = heard[-1]
    assert done and points[1] == (pytest.approx(1_400, abs=8), pytest.approx(2, abs=0.1))


def test_points_drawn_one_by_one_look_like_points_drawn_at_once(bridge):
    more = np.arange(1_000.0, 1_900, 10)
    for x in more:
        bridge.figure.append({"loss0": (x, loss(0, x)), "loss1": (x, loss(1, x))})
    bridge.pump()
    assert int(bridge.data("measured")) == 2 * (100 + len(more))
    tails = pixels(bridge)
    bridge.page.evaluate("window.dispatchEvent(new Event('resize'))")
    bridge.frame()
    count = """async ([a, b]) => {
      const read = async (url) => {
        const bitmap = await createImageBitmap(await (await fetch(url)).blob());
        const ctx = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        ctx.drawImage(bitmap, 0, 0);
        return ctx.getImageData(0, 0, bitmap.width, bitmap.height).data;
      };
      const [one, other] = [await read(a), await read(b)];
      let far = 0, drawn = 0;
      for (let i = 3; i < one.length; i += 4) {
        drawn += one[i] > 64;
        far += Math.abs(one[i] - other[i]) > 128;
      }
      return [far, drawn];
    }"""
    far, drawn = bridge.page.evaluate(count, [tails, pixels(bridge)])
    assert far < 0.01 * drawn, "joints may differ, lines may not"


def test_a_spike_among_100_000_points_is_seen(bridge):
    x = np.linspace(0, N, 100_000)
    y = np.full(len(x), 2.0)
    bridge.figure.update(remove=list(bridge.figure.lines))
    bridge.figure.update([Line("long", 1, x, y)])
    bridge.pump()
    quiet = pixels(bridge)
    y[61_803] = 6.5
    bridge.figure.update([Line("long", 1, x[:50_000], y[:50_000])])
    bridge.figure.append({"long": (x[50_000:], y[50_000:])})
    bridge.pump()
    assert pixels(bridge) != quiet
    # The pointer finds it, too, where it is the highest of its column.
    bridge.page.mouse.move(*at(bridge, 1, x[61_803], 6))
    bridge.frame()
    assert bridge.data("near") == "long" and int(bridge.data("held")) > 50_000


def test_a_line_is_drawn_with_few_corners_and_misses_no_point(bridge):
    x = np.arange(0.0, N)
    smooth, rough = 2 + 3 * np.exp(-x / 300), 4 + np.random.default_rng(0).normal(size=N)
    hole = np.where((x > 900) & (x < 1_000), np.nan, smooth)
    bridge.page.evaluate("""() => {
      window.strokes = [];
      const proto = Path2D.prototype;
      for (const name of ['moveTo', 'lineTo']) {
        const was = proto[name];
        proto[name] = function (px, py) {
          if (name === 'moveTo') window.strokes.push([]);
          window.strokes.at(-1)?.push([px, py]);
          was.call(this, px, py);
        };
      }
    }""")
    height, corners = 300 - 8 - 38, {}
    for name, y in {"smooth": smooth, "rough": rough, "hole": hole}.items():
        bridge.figure.update(remove=list(bridge.figure.lines))
        bridge.page.evaluate("window.strokes = []")
        bridge.figure.update([Line(name, 1, x, y)])
        bridge.pump()
        strokes = [np.array(stroke) for stroke in bridge.page.evaluate("window.strokes") if len(stroke) > 1]
        wide = bridge.page.locator(".lrw-panel").nth(1).bounding_box()["width"] - 80
        place, level = 66 + x / N * wide, 8 + (7 - y) / 6 * height
        off = np.full(N, np.inf)
        for stroke in strokes:
            inside = (place >= stroke[0, 0] - 1e-6) & (place <= stroke[-1, 0] + 1e-6)
            off[inside] = np.abs(np.interp(place, *stroke.T) - level)[inside]
        there = np.isfinite(y)
        assert off[there].max() < 0.21 and np.isinf(off[~there]).all(), name
        corners[name] = sum(map(len, strokes))
        assert len(strokes) == (2 if name == "hole" else 1)
    assert corners["smooth"] < 60 and corners["hole"] < 60 < N / 2 < corners["rough"]


def test_a_lost_message_and_a_second_view_ask_for_everything(bridge):
    bridge.figure.append({"loss0": (1_000, 4)})
    bridge.lose()
    bridge.figure.append({"loss0": (1_010, 4)})
    bridge.pump()
    assert int(bridge.data("measured")) == 202
    box = "Object.assign(document.createElement('div'), { style: 'width: 500px' })"
    bridge.page.evaluate(f"document.body.append(window.second = {box}); window.open_view(window.second)")
    bridge.pump()
    assert bridge.data("measured", 1) == "202" == bridge.data("measured", 0)
    bridge.figure.append({"loss1": (1_000, 5)})
    bridge.pump()
    assert bridge.data("measured", 1) == "203" == bridge.data("measured", 0)
    # What is lost last is noticed when the page is looked at again.
    bridge.figure.append({"loss1": (1_010, 5)})
    bridge.lose()
    bridge.page.evaluate("window.dispatchEvent(new Event('online'))")
    bridge.pump()
    assert bridge.data("measured", 1) == "204" == bridge.data("measured", 0)


def test_axes_fit_what_nobody_gave_a_range_for(bridge):
    fresh = "document.querySelectorAll('.lrw-panel canvas')[1].toDataURL()"
    bridge.figure.update(remove=list(bridge.figure.lines), panels=[{"xRange": None}, {"yRange": None}])
    bridge.figure.update([Line("flat", 1, np.array([0.0]), np.array([2.0]), points=True)])
    bridge.pump()
    was = bridge.page.evaluate(fresh)
    for x in np.arange(1.0, 40):
        bridge.figure.append({"flat": (x, 2 + 1 / x)})
        bridge.pump()
        before, was = was, bridge.page.evaluate(fresh)
        assert was != before, "every point is seen"
    bridge.page.locator(".lrw-plots").press("End")
    assert bridge.page.locator(".lrw-voice").inner_text().startswith("flat, step 20")
    bridge.page.locator(".lrw-plots").press("End")
    assert bridge.page.locator(".lrw-voice").inner_text() == "flat, step 39, loss 2.0256"
    dot, canvas = (bridge.page.locator(at).nth(1).bounding_box() for at in (".lrw-dot", ".lrw-panel canvas"))
    assert canvas["y"] < dot["y"] and dot["y"] + dot["height"] < canvas["y"] + canvas["height"] - 38


def test_a_burst_is_drawn_at_most_once_in_a_frame(bridge):
    before = int(bridge.data("draws"))
    for i in range(40):
        bridge.figure.update([Line("loss0", 1, X, X * 0 + 2 + i / 40)])
    bridge.pump()
    assert 1 <= int(bridge.data("draws")) - before <= 4


def test_colours_can_be_seen_on_light_and_dark_paper(bridge):
    every = [Line(f"c{i}", 1, X, X, group=f"c{i}", legend=str(i), color=color) for i, color in
             enumerate((*COLORS, NOW, "ink"))]  # fmt: skip
    bridge.figure.update(every, remove=list(bridge.figure.lines))
    for dress, paper in (("", 1.0), ("dark", 17 / 255)):
        bridge.page.evaluate(f"document.body.className = {dress!r}")
        bridge.pump()
        read = "s => getComputedStyle(s).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
        swatches = bridge.page.locator(".lrw-legend button span:first-child")
        shown = swatches.evaluate_all(f"spans => spans.map({read})")
        assert len(set(map(tuple, shown))) == len(every)
        ground = luminance(np.full(3, paper))
        for color in shown:
            light = luminance(np.array(color) / 255)
            ratio = (max(light, ground) + 0.05) / (min(light, ground) + 0.05)
            assert ratio >= 2.95, (dress, color)


def luminance(rgb):
    """Relative luminance of WCAG 2.1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_64_lines_have_a_legend_that_scrolls_and_a_figure_that_stays_put(bridge):
    bridge.figure.update([Line(f"l{i}", 1, X, loss(0) + i / 20, legend=f"wsd {i}") for i in range(64)])
    bridge.pump()
    legend = bridge.page.locator(".lrw-legend")
    assert legend.bounding_box()["height"] <= 100 and legend.locator("button").count() == 66
    high = bridge.page.locator(".lrw-figure").bounding_box()["height"]
    bridge.page.get_by_role("button", name="Hide all").click()
    bridge.frame()
    assert bridge.page.locator(".lrw-all span").first.inner_text() == "0 of 66 shown"
    hover(bridge, 1, 500, 3)
    assert bridge.page.locator(".lrw-figure").bounding_box()["height"] == high
