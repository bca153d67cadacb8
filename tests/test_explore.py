"""The explorer without a browser: Python knows the state, so its whole behaviour can be asked here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import workbench as wb
from workbench.explore import drawing, start
from workbench.explore.controls import control, plain, read
from workbench.explore.figure import Line
from workbench.explore.pins import LIMIT
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
        explorer.panel.controls[name].value = value


def drawn(explorer, key="now loss"):
    return explorer.figure.lines[key]


@pytest.mark.parametrize("name", wb.schedules.names("learning rate"))
def test_every_schedule_has_controls_that_rebuild_it(name, explorer):
    explorer.panel.chooser.value = name
    assert explorer.schedule.recipe["name"] == name
    for field in explorer.panel.fields:
        shown, meant = (
            read(field, explorer.panel.controls[field.name].value),
            explorer.schedule.recipe[field.name],
        )
        shown = field.check(shown)
        near = shown == meant if isinstance(meant, str) else shown == pytest.approx(meant, rel=2e-3)
        assert near, field.name


@pytest.mark.parametrize("name", wb.schedules.names("learning rate"))
def test_every_slider_end_draws_or_says_a_sentence(name, explorer):
    explorer.panel.chooser.value = name
    for field in explorer.panel.fields:
        box = explorer.panel.controls[field.name]
        if hasattr(box, "min"):
            ends = (box.min, box.max)
        elif getattr(field.param, "log", False):
            ends = (box.options[0][1], box.options[-1][1])
        else:
            continue
        middle = box.value
        for end in ends:
            box.value = end
            assert explorer._error or np.all(np.isfinite(drawn(explorer).y)), (field.name, end)
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
    rows = explorer.panel.sliders.children
    assert explorer.panel.controls["power"] not in rows
    move(explorer, shape="power")
    assert explorer.panel.controls["power"] in explorer.panel.sliders.children


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
    for i, run in enumerate(explorer.runs):
        line = drawn(explorer, f"measured{i}")
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
    explorer._conductor._on_event = lambda event: (explorer._on_event(event), explorer.stop())
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
    low, high = explorer._panels()[1]["yRange"]
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
        rates, losses = explorer._panels()
        low, high = losses["yRange"]
        assert low <= drawn(explorer).low.min() and drawn(explorer).low[-1] < high
        assert rates["yRange"][1] > explorer.schedule.peak
        ranges.add((low, high))
    assert len(ranges) <= 2


def test_lines_travel_as_float32_columns():
    row, columns = Line("k", 0, np.arange(3.0), np.ones(3), low=np.zeros(3), high=np.full(3, 2.0)).pack()
    assert row["band"] and [len(column) for column in columns] == [12] * 4
    assert np.array_equal(np.frombuffer(columns[0], np.float32), [0, 1, 2])


def test_a_new_explorer_ends_the_training_of_the_one_before(explorer):
    again = start("cosine")
    assert explorer._conductor._stop.is_set() and not again._conductor._stop.is_set()


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
