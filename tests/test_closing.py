"""Pages that are made again: the one before is closed, and no open widget holds a closed one."""

from __future__ import annotations

import inspect
import time
from types import SimpleNamespace

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances

import workbench as wb
from workbench.explore import closing, restoring, showing, starting
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


@pytest.fixture
def outputs(monkeypatch):
    """What was displayed, by the names that a notebook is saved with."""
    import IPython.display

    names = []
    monkeypatch.setattr(IPython.display, "display", lambda shown: names.append(shown.model_id))
    return names


def stands(name):
    """The widgets that a page which is loaded again finds under a name of its notebook."""
    return _instances[name].children


@pytest.mark.parametrize("make", [explorer, studio, board, cooldown])
def test_a_cell_that_is_run_again_leaves_no_open_widget_behind(make, cell, outputs, tmp_path):
    counts = []
    for turn in range(3):
        cell(make.__name__, turn)
        page = make(tmp_path)
        page._ipython_display_()
        assert sound()
        counts.append(len(_instances))
    assert counts[2] == counts[1] > 40
    assert len(set(outputs)) == 1, "a notebook that was saved before shows what the cell shows now"
    assert getattr(page, "panel", page).box in stands(outputs[0])


def test_a_notebook_of_the_kernel_before_shows_what_its_cells_show_in_this_one(cell, outputs, monkeypatch):
    for turn in range(2):
        for name, count in (("one", 1), ("two", 2)):
            cell(name, turn)
            for _ in range(count):
                showing.show(widgets.HTML())
        for each in ("_frames", "_shown"):
            monkeypatch.setattr(showing, each, {})
    assert outputs[:3] == outputs[3:] and len(set(outputs)) == 3
    assert all(len(stands(name)) == 2 for name in outputs)


def test_a_cell_that_shows_less_than_before_leaves_an_empty_place_and_no_page(cell, outputs):
    first, second, other = (widgets.HTML(name) for name in ("first", "second", "other"))
    for turn, shown in enumerate(([first, second], [other], [first, second])):
        cell("less", turn)
        for page in shown:
            showing.show(page)
        assert stands(outputs[0])[0] is shown[0] and sound()
        assert (second in stands(outputs[1])) == (second.comm is not None) == (second in shown)
    assert outputs == [outputs[0], outputs[1], outputs[0], outputs[0], outputs[1]]


def come(told):
    """What is opened after an answer, once the one of the answer before is closed."""
    end = time.monotonic() + 20
    while time.monotonic() < end and not (late := _instances.keys() - told.keys()):
        time.sleep(0.01)
    time.sleep(0.05)
    return late


def test_a_question_for_all_widgets_is_answered_while_a_cell_makes_and_closes_some(monkeypatch):
    class Coming(widgets.HTML):
        came = 0

        def get_state(self, *names, **options):
            if Coming.came < 3:
                Coming.came += 1
                widgets.HTML()
            return super().get_state(*names, **options)

    shown, sent = Coming(), []
    line = SimpleNamespace(send=lambda content, buffers: sent.append(content["states"]), kernel=None)
    monkeypatch.setattr(widgets.Widget, "_control_comm", line)
    question = {"content": {"data": {"method": "request_states"}}}
    monkeypatch.setattr(restoring, "_LATER", 0.0)
    restoring.keep()
    Coming.came = 0
    with pytest.raises(RuntimeError, match="changed size"):
        inspect.unwrap(widgets.Widget._handle_control_comm_msg)(question)
    Coming.came = 0
    widgets.Widget._handle_control_comm_msg(question)
    # One comes after the others: JupyterLab draws an output that has looked too early once all are there.
    (late,) = come(sent[0])
    assert len(sent) == 1 and shown.model_id in sent[0]
    assert [f"IPY_MODEL_{late}"] in [each["state"].get("children") for each in sent[0].values()]
    shown.close()


def test_questions_for_all_widgets_leave_no_more_of_them_open(monkeypatch):
    sent, counts = [], []
    line = SimpleNamespace(send=lambda content, buffers: sent.append(content["states"]), kernel=None)
    monkeypatch.setattr(widgets.Widget, "_control_comm", line)
    monkeypatch.setattr(restoring, "_LATER", 0.0)
    restoring.keep()
    for _ in range(3):
        widgets.Widget._handle_control_comm_msg({"content": {"data": {"method": "request_states"}}})
        come(sent[-1])
        counts.append(len(sent[-1]))
    assert counts[1] == counts[2] and sound()


def test_a_question_that_cannot_be_answered_says_why():
    def answer(_):
        raise TypeError("a widget that is closed for good")

    with pytest.raises(TypeError, match="for good"):
        restoring.patient(answer, longest=0.1)({})


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
