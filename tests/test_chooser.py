"""The list of schedules with sliders: what it says where a builder refuses what the page gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workbench import schedules
from workbench.explore.chooser import Chooser
from workbench.explore.settings import SETTINGS

PAGE = {"warmup": 0, "shape": "linear", "total": 2}


@pytest.mark.parametrize("given", [{}, {"warmup": 0}, {"shape": "linear"}, PAGE])
def test_every_schedule_of_the_list_can_be_chosen_whatever_the_page_gives(given):
    chooser = Chooser(SETTINGS["gpt"], "constant", {}, lambda: None, quantity=None)
    chooser._given = given  # as of a page that began with another schedule
    for name in schedules.names():
        chooser.list.value = name
        built = dict(chooser.schedule.recipe)
        assert chooser.name == built["name"] and chooser.error == ""
        assert built.keys() - {"name"} <= chooser.sliders.values().keys()
        if chooser.name != name:
            assert chooser.problem.value, "the list goes back with a sentence"


def test_an_argument_that_a_builder_refuses_is_left_out_with_a_sentence():
    chooser = Chooser(SETTINGS["gpt"], "constant", {"shape": "linear"}, lambda: None)
    chooser.list.value = "infinite"
    assert chooser.name == chooser.schedule.recipe["name"] == "infinite"
    assert "Without shape: shape must be one of" in chooser.problem.value and chooser.error == ""
    chooser.list.value = "cosine"
    assert chooser.problem.value == ""


def test_a_builder_that_can_build_nothing_leaves_the_list_where_it_was(monkeypatch):
    heard = []
    chooser = Chooser(SETTINGS["gpt"], "constant", {}, lambda: heard.append(1))
    before, build = chooser.schedule, schedules.build

    def refusing(recipe):
        if recipe["name"] == "cosine":
            raise ValueError("total must be at least 7; got 3")
        return build(recipe)

    monkeypatch.setattr("workbench.explore.chooser.schedules.build", refusing)
    heard.clear()
    chooser.list.value = "cosine"
    assert chooser.name == "constant" and chooser.schedule is before and heard == []
    assert "total must be at least 7" in chooser.problem.value


def test_the_start_page_loads_no_other_page_and_every_page_is_found():
    program = """
import sys
from workbench import explore
heavy = {"torch", "plotly", "pandas", "scipy", "workbench.scaling", "workbench.plots"}
heavy |= {"workbench.explore.atlas"}
print(*sorted(heavy & set(sys.modules)))
print(all(callable(getattr(explore, name)) for name in explore.__all__ if name != "SETTINGS"))
"""
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.split("\n")[:2] == ["", "True"]
