"""Pages that are made again: the one before is closed, and no open widget holds a closed one."""

from __future__ import annotations

from types import SimpleNamespace

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances

import workbench as wb
from workbench.explore import closing, showing, starting
from workbench.train import tasks

S = wb.schedules


@pytest.fixture
def cell(monkeypatch):
    """Says which cell is run now, and for the how manieth time."""
    now = {"metadata": {}, "header": {}}
    monkeypatch.setattr(showing, "parent", lambda: now)

    def run(name, turn):
        now.update(metadata={"cellId": name}, header={"msg_id": f"{name} {turn}"})

    return run


def sound():
    """Every open widget can say its state, as the page that is loaded again will ask."""
    return all(each.get_state()["_model_name"] for each in list(_instances.values()))


def explorer(folder):
    return wb.explore.start(store=folder)


def studio(folder):
    return wb.explore.studio(tasks.quadratic(modes=2), {"flat": S.constant(total=5, peak=0.1)}, store=folder)


def board(folder):
    return wb.explore.draw(S.wsd(total=100, peak=1e-3))


def cooldown(folder):
    return wb.explore.cooldown()


@pytest.mark.parametrize("make", [explorer, studio, board, cooldown])
def test_a_cell_that_is_run_again_leaves_no_open_widget_behind(make, cell, tmp_path):
    counts = []
    for turn in range(3):
        cell(make.__name__, turn)
        page = make(tmp_path)
        page._ipython_display_()
        assert sound()
        counts.append(len(_instances))
    assert counts[2] == counts[1] > 40


def test_another_schedule_takes_its_sliders_and_closes_those_of_the_one_before(tmp_path):
    page = starting.start(store=tmp_path)
    names = ["cosine", "wsd", "rex"] * 3
    counts = []
    for name in names:
        page.panel.chooser.value = name
        counts.append(len(_instances))
        assert sound()
    assert counts[:3] == counts[3:6] == counts[6:]


def test_a_page_in_two_cells_stays_while_one_of_them_shows_it(cell):
    first, second = widgets.HTML("first"), widgets.HTML("second")
    for name in ("a", "b"):
        cell(name, 0)
        showing.show(first)
    cell("a", 1)
    showing.show(second)
    assert first.comm is not None, "cell b shows it"
    cell("b", 1)
    showing.show(second)
    assert first.comm is None and second.comm is not None and sound()


def test_several_pages_of_one_run_of_a_cell_stand_together(cell):
    pages = [widgets.HTML(str(i)) for i in range(3)]
    cell("c", 0)
    for page in pages:
        showing.show(page)
    assert all(page.comm is not None for page in pages)


def test_a_page_that_was_closed_is_shown_again_with_all_that_it_holds(cell):
    inner = widgets.FloatSlider(0.25)
    page = widgets.VBox([widgets.HBox([inner])])
    cell("d", 0)
    showing.show(page)
    cell("d", 1)
    showing.show(widgets.HTML("other"))
    assert page.comm is None and inner.comm is None and inner.layout.comm is None
    cell("d", 2)
    showing.show(page)
    assert page.comm is not None and inner.comm is not None and sound()
    assert page.get_state()["children"] == [f"IPY_MODEL_{page.children[0].model_id}"]


def test_a_box_of_the_users_own_lets_go_of_what_is_closed_and_shared_parts_stay_open():
    layout = widgets.Layout(width="1px")
    gone, stays = widgets.Button(layout=layout), widgets.Button(layout=layout)
    own = widgets.HBox([gone, stays])
    closing.close(gone)
    assert own.children == (stays,) and gone.comm is None
    assert layout.comm is not None and sound()


def test_the_list_of_outputs_forgets_a_page_that_was_closed_and_nothing_else(cell, monkeypatch):
    import IPython

    class Page:
        def __init__(self, box):
            self.box = box

    old, new = Page(widgets.HTML("old")), Page(widgets.HTML("new"))
    names = {"_oh": {1: old, 2: 7, 3: new}, "_1": old, "_3": new, "mine": old}
    shell = SimpleNamespace(user_ns=names, user_ns_hidden={"_1": old, "_3": new})
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    cell("e", 0)
    showing.show(old.box)
    cell("e", 1)
    showing.show(new.box)
    assert names == {"_oh": {2: 7, 3: new}, "_3": new, "mine": old}
    assert shell.user_ns_hidden == {"_3": new}
