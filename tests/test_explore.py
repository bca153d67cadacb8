"""The explorer without a browser: Python knows the state, so its whole behaviour can be asked here."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import workbench as wb
from workbench.explore import drawing, start
from workbench.explore.controls import control, plain, read
from workbench.explore.figure import Line
from workbench.explore.pins import LIMIT
from workbench.explore.studio import measuring
from workbench.train import tasks


@pytest.fixture
def explorer(tmp_path):
    return start("wsd", store=tmp_path / "runs")


def small(explorer):
    """The explorer with a task that trains in no time."""
    explorer.setting = replace(explorer.setting, task=lambda: tasks.quadratic(modes=5))
    return explorer


def move(explorer, **values):
    for name, value in values.items():
        explorer.panel.sliders.controls[name].value = value


def drawn(explorer, key="now loss"):
    return explorer.figure.lines[key]


@pytest.mark.parametrize("name", wb.schedules.names("learning rate"))
def test_every_schedule_has_controls_that_rebuild_it(name, explorer):
    explorer.panel.chooser.value = name
    assert explorer.schedule.recipe["name"] == name
    for field in wb.schedules.get(name).fields:
        shown, meant = (
            read(field, explorer.panel.sliders.controls[field.name].value),
            explorer.schedule.recipe[field.name],
        )
        shown = field.check(shown)
        near = shown == meant if isinstance(meant, str) else shown == pytest.approx(meant, rel=2e-3)
        assert near, field.name


@pytest.mark.parametrize("name", wb.schedules.names("learning rate"))
def test_every_slider_end_draws_or_says_a_sentence(name, explorer):
    explorer.panel.chooser.value = name
    for field in wb.schedules.get(name).fields:
        box = explorer.panel.sliders.controls[field.name]
        if hasattr(box, "min"):
            ends = (box.min, box.max)
        elif getattr(field.param, "log", False):
            ends = (box.options[0][1], box.options[-1][1])
        else:
            continue
        middle = box.value
        for end in ends:
            box.value = end
            assert explorer._dials.error or np.all(np.isfinite(drawn(explorer).y)), (field.name, end)
        box.value = middle


def test_a_slider_moves_the_curve(explorer):
    before = drawn(explorer).y.copy()
    move(explorer, decay=0.5)
    assert explorer.schedule.recipe["decay"] == 0.5
    assert not np.array_equal(drawn(explorer).y, before)
    full = explorer.fit.predict(explorer.schedule)
    assert drawn(explorer).y[-1] == pytest.approx(full.loss[-1])


def test_bad_sliders_say_a_sentence_and_keep_the_last_good_curve(explorer):
    move(explorer, decay=0.6)
    good, line = explorer.schedule, drawn(explorer)
    move(explorer, warmup=0.5)
    assert "warmup + decay must be at most 1" in explorer.panel.problem.value
    assert explorer.schedule is good and drawn(explorer) is line
    explorer.pin()
    assert explorer.pins == [] and "warmup + decay" in explorer.panel.message.value
    move(explorer, warmup=0.1)
    assert explorer.panel.problem.value == "" and explorer.schedule.recipe["warmup"] == 0.1


def test_sliders_that_do_not_count_are_hidden(explorer):
    power = explorer.panel.sliders.controls["power"]
    assert power in explorer.panel.sliders.box.children and power.layout.display == "none"
    move(explorer, shape="power")
    assert power.layout.display is None


def test_log_sliders_offer_round_numbers_and_what_was_given():
    total, peak = wb.schedules.get("wsd").fields[:2]
    offered = [value for _, value in control(total, 24_001, {"total": (8_000, 72_000)}).options]
    assert {8_000, 24_000, 24_001, 72_000} <= set(offered) and all(type(x) is int for x in offered)
    assert offered == sorted(offered) and len(offered) < 40
    assert control(peak, 5e-3, {"peak": (1e-3, 2e-3)}).value == 5e-3, "also outside of what it offers"
    assert [plain(x) for x in (24_000, 5e-3, 1.25e-2, 25.0, 0.25, 1e8)] == [
        "24,000",
        "5e-3",
        "1.25e-2",
        "25",
        "0.25",
        "1e8",
    ]


def test_pins_stay_as_ghosts_with_a_row_each(explorer):
    explorer.pin()
    first = drawn(explorer, "pin0 loss")
    move(explorer, decay=0.4, peak=4e-3)
    explorer.pin()
    assert drawn(explorer, "pin0 loss") is first
    assert [plain(pin.schedule.peak) for pin in explorer.pins] == ["5e-3", "4e-3"]
    table = explorer.panel.table.value
    difference = explorer.pins[1].predicted.loss[-1] - explorer.pins[0].predicted.loss[-1]
    assert table.count("<tr>") == 3 and f"{difference:+.4f}" in table
    explorer.pin()
    assert len(explorer.pins) == 2 and "pinned already" in explorer.panel.message.value
    explorer.clear()
    assert explorer.pins == [] and set(explorer.figure.lines) == {"now rate", "now loss"}


def test_there_are_as_many_pins_as_colours(explorer):
    for i in range(LIMIT + 1):
        move(explorer, decay=0.1 + 0.05 * i)
        explorer.pin()
    assert len(explorer.pins) == LIMIT and "Clear" in explorer.panel.message.value


def test_train_measures_the_chosen_and_the_pinned_schedules(explorer):
    small(explorer).pin()
    move(explorer, decay=0.5)
    explorer.train(wait=True)
    assert [run.facts["status"] for run in explorer.runs] == ["finished", "finished"]
    assert [run.schedule for run in explorer.runs] == [pin.schedule for pin in explorer.pins]
    for branch, run in zip(explorer.session.branches, explorer.runs, strict=True):
        line = drawn(explorer, f"{branch.key} loss")
        assert np.array_equal(line.x, run.curve.step) and np.array_equal(line.y, run.curve.loss)
        assert f"{run.final_loss:.4f}" in explorer.panel.table.value


def test_train_again_measures_only_what_is_new(explorer):
    small(explorer).train(wait=True)
    move(explorer, decay=0.5)
    explorer.train(wait=True)
    assert [run.schedule for run in explorer.runs] == [pin.schedule for pin in explorer.pins]
    explorer.train(wait=True)
    assert len(explorer.runs) == 2 and "measured already" in explorer.panel.message.value
    explorer.train(wait=True, seed=1)
    assert [run.facts["seed"] for run in explorer.runs] == [0, 0, 1, 1]
    explorer.clear()
    assert len(explorer.save()) == 4, "what was measured can still be saved"


def test_stop_keeps_what_was_measured(explorer):
    small(explorer)
    session = explorer.session
    session.listen(lambda: [session.stop() for branch in session.branches if len(branch.curves)])
    explorer.schedule = wb.schedules.constant(1_000_000, 0.1)
    explorer.train(wait=True)
    (run,) = explorer.runs
    assert run.facts["status"] == "stopped" and 0 < len(run.curve) < 1_000_000
    assert not explorer.panel.button["train"].disabled and explorer.panel.button["stop"].disabled


def test_save_keeps_the_runs_and_says_where(explorer, tmp_path):
    assert explorer.save() == [] and "Train first" in explorer.panel.message.value
    small(explorer).train(wait=True)
    (key,) = explorer.save()
    assert key in explorer.panel.message.value
    assert wb.Store(tmp_path / "runs").load(key) == explorer.runs[0]


def test_save_that_cannot_write_loses_nothing(explorer, tmp_path):
    small(explorer).train(wait=True)
    (tmp_path / "file").write_text("")
    explorer._store = tmp_path / "file"
    assert explorer.save() == [] and "Not saved" in explorer.panel.message.value
    explorer._store = tmp_path / "elsewhere"
    assert len(explorer.save()) == 1


def test_an_error_in_the_training_is_raised_where_one_waits_and_said_otherwise(explorer):
    explorer.setting = replace(explorer.setting, task=lambda: tasks.gpt(text="/no/such/folder"))
    with pytest.raises(ValueError, match="/no/such/folder"):
        explorer.train(wait=True)
    assert "/no/such/folder" in explorer.panel.message.value
    assert not explorer.panel.button["train"].disabled


def test_a_missing_pytorch_is_said_and_nothing_is_lost(explorer):
    def absent():
        raise ImportError("workbench.train needs PyTorch; install it with `pip install torch`")

    explorer.setting = replace(explorer.setting, task=absent)
    explorer.pin()
    explorer.train()
    assert "needs PyTorch" in explorer.panel.message.value and len(explorer.pins) == 1
    assert not explorer.panel.button["train"].disabled


def test_a_diverged_training_ends_marked_with_its_curve_up_to_there(explorer):
    small(explorer)
    explorer.schedule = wb.schedules.constant(400, 5.0)
    explorer.train(wait=True)
    (run,) = explorer.runs
    assert run.facts["status"] == "diverged" and np.all(np.isfinite(run.curve.loss))
    assert "diverged" in explorer.panel.table.value
    low, high = explorer.figure._panels[1]["yRange"]
    assert high < 5 * drawn(explorer).high.max(), "the others stay readable"


def test_the_other_setting_cannot_train_and_says_so(explorer):
    explorer.pin()
    explorer.panel.setting.value = "llama"
    assert explorer.pins == [] and explorer.panel.button["train"].disabled
    assert "tokens" not in explorer.figure.summary or "nats per token" in explorer.figure.summary
    explorer.train()
    assert explorer.runs == [] and "small GPT" in explorer.panel.message.value


def test_exported_code_runs_a_trainer_on_the_schedule(explorer):
    for name in wb.schedules.names("learning rate"):
        explorer.panel.chooser.value = name
        code = explorer.export()
        parameter = torch.nn.Parameter(torch.zeros(1))
        space = {"optimizer": torch.optim.SGD([parameter], lr=123.0)}
        exec(compile(code, "export", "exec"), space)
        rates = []
        for _ in range(len(explorer.schedule)):
            rates.append(space["optimizer"].param_groups[0]["lr"])
            space["optimizer"].step()
            space["scheduler"].step()
        assert np.array_equal(rates, explorer.schedule.array()), name


def test_exported_code_holds_a_schedule_without_a_recipe():
    from workbench.export import expression

    schedule = wb.ramp(10, 0, 1e-3).then(wb.ramp(20, 1e-3, 1e-5, "exp", ratio=0.01)).until(25)
    assert eval(expression(schedule), {"wb": wb}) == schedule


def test_axes_hold_what_is_drawn_and_do_not_jump(explorer):
    ranges = set()
    for decay in np.linspace(0.2, 0.24, 9):
        move(explorer, decay=float(decay))
        rates, losses = explorer.figure._panels
        low, high = losses["yRange"]
        assert low <= drawn(explorer).low.min() and drawn(explorer).low[-1] < high
        assert rates["yRange"][1] > explorer.schedule.peak
        ranges.add((low, high))
    assert len(ranges) <= 2


def test_lines_travel_as_float32_columns():
    row, columns = Line("k", 0, np.arange(3.0), np.ones(3), low=np.zeros(3), high=np.full(3, 2.0)).pack()
    assert row["band"] and [len(column) for column in columns] == [12] * 4
    assert np.array_equal(np.frombuffer(columns[0], np.float32), [0, 1, 2])


@pytest.fixture
def watched(monkeypatch):
    """Somebody is in front of the notebook: lanes are kept beside the runs."""
    monkeypatch.setenv("WORKBENCH_HEADLESS", "0")


def test_a_cell_that_is_run_again_finds_its_training(watched, tmp_path):
    before = set(threading.enumerate())
    first = small(start("wsd", store=tmp_path))
    first.schedule = wb.schedules.constant(1_000_000, 0.1)
    first.pin()
    move(first, decay=0.5)
    first.pin()
    first.schedule = first.pins[0].schedule
    first.clear()
    first.schedule = wb.schedules.constant(1_000_000, 0.1)
    first.train()
    again = small(start("cosine", store=tmp_path))
    assert again.session is first.session
    assert [pin.schedule for pin in again.pins] == [pin.schedule for pin in first.pins]
    assert [branch.status for branch in again.session.branches] in (["running"], ["waiting"])
    again.train()
    assert len(again.session.branches) == 2, "only what is new is trained beside it"
    again.stop()
    again.session.close()
    left = [thread for thread in threading.enumerate() if thread.name != "workbench-warming"]
    assert not set(left) - before, "no thread is left"


def test_what_an_earlier_kernel_left_is_offered(watched, tmp_path):
    first = small(start("wsd", store=tmp_path))
    first.schedule = wb.schedules.constant(1_000_000, 0.1)
    first.train()
    first.pause()
    assert first.session.wait(20)
    at = first.session.branches[0].step
    first.session.close()
    again = small(start("wsd", store=tmp_path))
    assert again.session is not first.session
    assert f"1 lane of an earlier kernel at update {at:,} of 1,000,000" in again.stage.found.words.value
    again.stage.found.go_on()
    assert measuring.going(again.session) and not again.session.unfinished
    again.stop()
    again.session.close()


def test_two_kernels_have_lanes_of_their_own(watched, tmp_path):
    there = str(tmp_path / "live" / "start")
    script = f"from workbench import live; s = live.open({there!r}); print(1, flush=True); input()"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline().strip() == "1"
        explorer = start("wsd", store=tmp_path)
        assert explorer.session.folder.name == "start 2"
        assert "Another kernel has the lanes" in explorer.panel.message.value
        explorer.session.close()
        other.communicate("\n", timeout=20)


def test_pause_step_branch_and_the_rest_of_the_tree(explorer, watched):
    small(explorer)
    explorer.schedule = wb.schedules.constant(300, 0.1)
    explorer.train(wait=True)
    (root,) = explorer.session.branches
    explorer.schedule = wb.schedules.linear(300, 0.1)
    key = explorer.branch(root.key, 100)
    assert explorer.session.wait(30)
    explorer.stage.refresh()
    branch = explorer.session.branch_of(key)
    assert branch.status == "finished" and branch.parent == root.key and branch.left == 100
    assert np.array_equal(branch.schedule.array()[:100], root.schedule.array()[:100])
    assert np.array_equal(branch.schedule.array()[100:], wb.schedules.linear(300, 0.1).array()[100:])
    assert explorer.stage.tree.chosen == (key,) and explorer.stage.fold.open
    assert {row["key"]: row["level"] for row in explorer.stage.tree.widget.rows} == {root.key: 1, key: 2}
    explorer.stage.choose(root.key, key)
    said = explorer.stage.actions.do("compare")
    losses = [explorer.session.run(each).final_loss for each in (key, root.key)]
    assert f"{losses[0] - losses[1]:+.4f}" in said
    explorer.stage.choose(key)
    explorer.stage.actions.name.value = "mine"
    assert explorer.session.branch_of(key).name == "mine"
    assert "wb" in explorer.stage.actions.do("export") and explorer.stage.actions.do("save")
    actions = explorer.stage.actions
    assert actions.button["restore"].disabled
    actions.do("drop")
    assert [each.key for each in explorer.session.branches] == [root.key]
    assert not actions.button["restore"].disabled
    actions.do("restore")
    assert [each.key for each in explorer.session.branches] == [root.key, key]
    assert "mine is back" in actions.message.value and explorer.stage.tree.chosen == (key,)
    assert actions.button["restore"].disabled


def test_a_click_on_a_curve_offers_a_branch_from_there(explorer):
    small(explorer)
    explorer.schedule = wb.schedules.constant(300, 0.1)
    explorer.train(wait=True)
    (root,) = explorer.session.branches
    here = explorer.stage.here
    message = {"type": "click", "key": f"{root.key} loss", "x": 120.2, "y": 1.0}
    explorer.figure._heard(None, message, None)
    assert here.open and f"Branch from {root.name} at step 120" in here.words.value
    explorer.schedule = wb.schedules.constant(100, 0.05)
    assert "ends at 100 updates" in here.words.value and here.button.disabled
    here.which.value = here.which.options[1]
    assert not here.button.disabled
    key = here.do()
    assert explorer.session.wait(30) and not here.open
    assert len(explorer.session.branch_of(key).schedule) == 220
    explorer.figure._heard(None, {**message, "key": "now loss"}, None)
    assert "measured curve" in explorer.figure.problem


def test_a_dragged_future_is_what_is_trained(explorer, watched):
    small(explorer)
    explorer.session.speed = 200
    explorer.schedule = wb.schedules.constant(400, 0.1)
    explorer.train()
    while not explorer.session.branches[0].step:
        time.sleep(0.01)
    explorer.pause()
    (branch,) = explorer.session.branches
    handles = explorer.figure._state["handles"]["points"]
    assert handles[0][0] == branch.step and handles[-1][0] == 400
    dragged = [*handles[:-1], (400.0, 0.02)]
    for done in (False, True):
        explorer.figure._heard(None, {"type": "drag", "points": dragged, "done": done}, None)
    assert not explorer.figure.problem
    explorer.session.speed = None
    explorer.go_on()
    assert explorer.session.wait(30)
    rates = explorer.session.run(branch.key).schedule.array()
    assert np.all(rates[: branch.step] == 0.1) and rates[-1] == pytest.approx(0.02, rel=0.1)
    assert np.all(np.diff(rates[branch.step :]) <= 0)


def test_random_clicks_never_show_an_error(explorer):
    """What a user can press, move, click and drag, 500 times in any order, while lanes train."""
    small(explorer)
    explorer.setting = replace(explorer.setting, task=lambda: tasks.quadratic(modes=3, measurements=50))
    dice, stage, session = random.Random(0), explorer.stage, explorer.session
    buttons = [
        *explorer.panel.button.values(),
        *stage.actions.button.values(),
        *(stage.here.button, stage.here.cancel, stage.fold.button),
        *stage.found.button.values(),
    ]
    raised = []

    def press():
        button = dice.choice(buttons)
        if not button.disabled:
            button.click()

    def slide():
        control = explorer.panel.sliders.controls[dice.choice(["peak", "total", "warmup", "decay"])]
        options = getattr(control, "options", None)
        control.value = dice.choice(options)[1] if options else dice.uniform(control.min, control.max)

    def select():
        keys = [branch.key for branch in session.branches]
        stage.tree.widget.chosen = dice.sample(keys, min(len(keys), dice.randrange(3)))

    def click():
        line = dice.choice(sorted(explorer.figure.lines))
        message = {"type": "click", "key": line, "x": dice.uniform(0, 900), "y": 1.0}
        explorer.figure._heard(None, message, None)

    def drag():
        row = explorer.figure._state["handles"]
        if row is not None:
            points = [(x, y if i < 1 else y * dice.random()) for i, (x, y) in enumerate(row["points"])]
            message = {"type": "drag", "points": points, "done": dice.random() < 0.5}
            explorer.figure._heard(None, message, None)

    def look():
        dice.choice(
            [
                lambda: setattr(stage.view.unit, "value", dice.choice(stage.view.unit.options)),
                lambda: setattr(stage.view.smoothing, "value", dice.choice([0, 0.5, 0.9])),
                lambda: setattr(stage.view.logarithmic, "value", dice.random() < 0.5),
                lambda: setattr(stage.view.train, "value", dice.random() < 0.5),
                lambda: setattr(explorer.panel.log, "value", dice.random() < 0.5),
                lambda: setattr(stage.actions.name, "value", dice.choice(["", "a", "b" * 200])),
                lambda: setattr(stage.bar.speed, "value", dice.choice(stage.bar.speed.options[-3:])[1]),
                lambda: setattr(explorer.panel.chooser, "value", "wsd"),
            ]
        )()

    def rest():
        time.sleep(0.01)
        stage.refresh()

    doing = [press] * 6 + [slide] * 3 + [select] * 2 + [click, drag, look, look, rest]
    for _ in range(500):
        act = dice.choice(doing)
        try:
            act()
        except Exception as error:
            raised.append((act.__name__, repr(error)))
        assert not raised, raised
        if explorer.panel.chooser.value != "wsd" or "decay" not in explorer.panel.sliders.controls:
            explorer.panel.chooser.value = "wsd"
    assert "Error" not in explorer.panel.message.value and "error" not in explorer.panel.message.value
    assert not session.error and len(session.branches) < 200
    for key in wb.Store(explorer._store).ids() if explorer._store.exists() else ():
        assert len(wb.Store(explorer._store).load(key).curve)
    session.stop()
    session.close()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"setting": "x"}, "setting must be one of"),
        ({"schedule": "x"}, "schedule must be one of"),
        ({"peak": -1}, "peak"),
        ({"warmup": 0.9, "decay": 0.9}, "warmup"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_bad_arguments_get_a_sentence(args, message):
    with pytest.raises(ValueError, match=message):
        start(**args)


def test_the_first_picture_needs_no_data_and_no_network(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path))
    for setting in ("gpt", "llama"):
        about = drawing.about(start(setting=setting).fit, wb.schedules.wsd(400))
        assert "left out" in about
