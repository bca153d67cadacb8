"""Curves that grow piece by piece are what they would be at once, and every point is news exactly once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.curve import Curve
from workbench.live.lines import Line, Lines


def curve(start: int, count: int) -> Curve:
    steps = np.arange(start, start + count, dtype=float)
    return Curve(steps, np.sin(steps))


# How many points come, how many of the last ones come again before them, and whether a round ends then.
PIECES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans()), max_size=60)


@given(PIECES, st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_a_line_is_the_concatenation_of_its_pieces(pieces: list[tuple[int, int, bool]], since: int) -> None:
    line, end, round, after = Line(), 0, 1, list[int]()
    for count, again, ends in pieces:
        first = max(0, end - again)
        assert line.add(curve(first, end + count - first), round) == (count > 0)
        after += [round] * count
        end += count
        round += ends
    news = line.since(since)
    new = [step for step, came in enumerate(after) if came > since]
    assert (news.step.tolist() if news is not None else []) == new
    assert line.until(end) == curve(0, end) and line.until(end // 2) == curve(0, end // 2)
    assert (line.since(0) or curve(0, 0)) == curve(0, end)


def test_a_long_line_is_held_in_few_pieces_and_a_view_stays_what_it_was() -> None:
    lines = Lines()
    for i in range(5000):
        lines.add({"loss": curve(i, 1)}, i)
        if i == 99:
            view = lines.view()
    assert len(lines._lines["loss"]._pieces) <= 14
    assert list(view) == ["loss"] and view["loss"] == curve(0, 100)
    assert lines.view()["loss"] == curve(0, 5000)
    assert lines.since(4990) == {"loss": curve(4991, 9)} and lines.since(4999) == {}
