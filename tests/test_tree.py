"""The tree of forks: what lanes share, found from their rates alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import train
from workbench.train.lanes import lanes_of
from workbench.train.tree import Node, Tree, grow

# Few rates and lengths, so that lanes often agree for a while.
PIECES = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([0.1, 0.2])), min_size=1, max_size=4)


def made(pieces: list[tuple[int, float]]) -> wb.Schedule:
    first, *rest = [wb.hold(steps, rate) for steps, rate in pieces]
    for piece in rest:
        first = first.then(piece)
    return first


SCHEDULES = st.lists(PIECES.map(made), min_size=1, max_size=6)


@given(SCHEDULES, st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True))
def test_every_lane_walks_from_its_first_update_to_its_last(
    schedules: list[wb.Schedule], seeds: list[int]
) -> None:
    tree = train.plan(schedules, seeds)
    for lane, total in enumerate(tree.totals):
        path = [tree.nodes[i] for i in tree.paths[lane]]
        assert [path[0].start, *[node.stop for node in path]] == [*[node.start for node in path], total]
        parents = [node.parent for node in path]
        assert parents == [None, *tree.paths[lane][:-1]]


@given(SCHEDULES, st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True))
def test_lanes_share_exactly_what_they_have_in_common(schedules: list[wb.Schedule], seeds: list[int]) -> None:
    lanes = lanes_of(schedules, seeds)
    tree = grow(lanes)
    rates = [lane.plan.learning_rate.array() for lane in lanes]
    for a in range(len(lanes)):
        for b in range(a):
            length = min(len(rates[a]), len(rates[b]))
            parted = np.flatnonzero(rates[a][:length] != rates[b][:length])
            common = int(parted[0]) if len(parted) else length
            if lanes[a].seed != lanes[b].seed:
                common = 0
            both = [node for node in tree.nodes if a in node.lanes and b in node.lanes]
            assert sum(node.stop - node.start for node in both) == common


@given(SCHEDULES)
def test_nothing_is_shared_when_told_so(schedules: list[wb.Schedule]) -> None:
    tree = train.plan(schedules, share=False)
    assert tree.updates == tree.separate == sum(map(len, schedules)) and tree.cost == 1


def test_eight_cooldowns_on_one_trunk_cost_what_arithmetic_says() -> None:
    shapes = ("linear", "cosine", "sqrt", "square", "mirror_cosine")
    eight = [wb.schedules.wsd(total=1000, peak=1.0, decay=0.2, warmup=0, shape=shape) for shape in shapes]
    eight += [wb.schedules.wsd(total=1000, peak=1.0, decay=0.2, warmup=0, floor=f) for f in (0.1, 0.2, 0.3)]
    tree = train.plan(eight)
    # The first update of a cooldown still has the peak.
    assert tree.updates == 801 + 8 * 199 and tree.separate == 8000
    assert tree.cost <= 0.35
    assert "8 lanes" in str(tree) and "30 %" in str(tree)


def test_a_drawing_has_a_stroke_for_every_node_inside_its_box() -> None:
    tree = train.plan([wb.hold(100, 1.0), wb.hold(40, 1.0).then(wb.hold(30, 0.5)), wb.hold(60, 1.0)])
    root = ET.fromstring(tree._repr_html_().partition("</div>")[2])
    titles = [each.text for each in root.iter() if each.tag == "title"]
    assert len(titles) == len(tree.nodes)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    numbers = [
        float(token)
        for path in root.iter()
        if path.tag == "path"
        for token in path.attrib["d"].replace("M", " ").replace("V", " ").replace("H", " ").split()
    ]
    assert min(numbers) >= min(left, top) and max(numbers) <= max(left + width, top + height)


def test_many_lanes_that_part_one_by_one_are_planned_at_once() -> None:
    at = [100 + 50 * i for i in range(200)]
    lanes = [wb.hold(k, 1.0).then(wb.hold(20_000 - k, 0.5)) for k in at]
    tree = train.plan(lanes)
    assert len(tree.roots) == 1 and max(map(len, tree.children)) == 2
    assert tree.updates == max(at) + sum(20_000 - k for k in at)


def test_other_quantities_part_lanes_too() -> None:
    rate = wb.hold(50, 0.1)
    calm, lively = wb.hold(50, 0.9), wb.hold(20, 0.9).then(wb.hold(30, 0.5))
    tree = train.plan([wb.Plan(rate, momentum=calm), wb.Plan(rate, momentum=lively), rate])
    # A plan that does not speak of momentum leaves it to the optimizer: nothing is known to be shared.
    assert len(tree.roots) == 2
    assert [(node.start, node.stop) for node in tree.nodes if 1 in node.lanes] == [(0, 20), (20, 50)]


@pytest.mark.parametrize("wrong", [[], wb.hold(5, 1.0), [1], None, "wsd", [wb.hold(5, 1.0), "wsd"]])
def test_what_is_not_schedules_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="schedules must be a list of one or more Schedule or Plan"):
        train.plan(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [[], -1, 1.5, "0", [0, "1"], None, [2**32]])
def test_what_is_not_a_seed_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="seed"):
        train.plan([wb.hold(5, 1.0)], wrong)  # type: ignore[arg-type]


def test_a_chain_of_forks_longer_than_python_calls_deep_is_drawn() -> None:
    many = 1_200
    nodes = [Node(0, 1, tuple(range(many)), None)]
    for lane in range(1, many):
        # A lane ends, the others go on: one fork after another.
        nodes.append(Node(lane, lane + 1, tuple(range(lane, many)), lane - 1))
    tree = Tree(tuple(nodes), tuple(range(1, many + 1)))
    root = ET.fromstring(tree._repr_html_().partition("</div>")[2])
    assert len([each for each in root.iter() if each.tag == "title"]) == many
