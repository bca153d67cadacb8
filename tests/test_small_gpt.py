"""The page of the small GPT: paired differences, the law's record, models of branches, and who writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ttest_rel

import workbench as wb
from workbench import defaults, live, train
from workbench.curve import Curve, Run
from workbench.exercises import small_gpt as exercises
from workbench.explore import small_gpt
from workbench.explore.writing import writing
from workbench.live.models import model

PLANS = small_gpt.eight(40, 5e-3)
TASK = train.tasks.gpt(text="grammar", context=16, batch=4, width=32, layers=1, measurements=6)
FIT = defaults.load("gpt/0.1M")


def made(name: str, seed: int, loss: float) -> Run:
    return Run(PLANS[name], Curve([10, 39], [3.0, loss]), {}, {"seed": seed, "status": "finished"})


def test_eight_schedules_have_one_length_and_peak_and_share_their_trunk() -> None:
    assert len(PLANS) == 8 == len(set(PLANS.values()))
    for schedule in PLANS.values():
        assert len(schedule) == 40 and schedule.peak == pytest.approx(5e-3)
    assert train.plan(list(PLANS.values())).cost < 0.7


def test_differences_are_those_of_a_paired_t_test() -> None:
    ours, theirs = [2.01, 2.13, 1.98], [2.05, 2.15, 2.04]
    runs = [made("linear", seed, loss) for seed, loss in enumerate(ours)]
    runs += [made("cosine", seed, loss) for seed, loss in reversed(list(enumerate(theirs)))]
    first, second = small_gpt.paired(runs, PLANS).rows
    assert (first["schedule"], second["schedule"]) == ("linear", "cosine")
    test = ttest_rel(ours, theirs)
    low, high = test.confidence_interval(0.9)
    assert first["less cosine"] == pytest.approx(np.mean(ours) - np.mean(theirs), abs=1e-4)
    assert first["90 % interval"] == f"{low:+.4f} to {high:+.4f}" and first["seeds"] == 3
    alone = small_gpt.paired([made("linear", 0, 2.0), made("cosine", 0, 2.1)], PLANS).rows
    assert alone[0]["90 % interval"] == "needs two seeds"


@pytest.mark.parametrize(
    ("against", "sentence"),
    [("cosinus", "against must be one of constant"), ("linear", "nothing of linear is measured yet")],
)
def test_nothing_to_compare_with_is_a_sentence(against: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        small_gpt.paired([made("cosine", 0, 2.0)], PLANS, against)


def test_the_laws_record_counts_what_it_held() -> None:
    runs = []
    for schedule in list(small_gpt.eight(1000).values())[:3]:
        step = np.unique(np.linspace(0, 999, 60).astype(int))
        runs.append(Run(schedule, Curve(step, FIT.predict(schedule, step).loss), {}, {"seed": 0}))
    rows = small_gpt.learning(FIT, runs, (0.0, 0.5, 1.0)).rows
    widths = [row["half of the 90 % band"] for row in rows]
    assert widths[0] > widths[1] > widths[2] and all(row["bands that hold it"] == "3 of 3" for row in rows)
    assert len(small_gpt.cut(runs[0], 0.5).curve) < len(runs[0].curve)
    figure = small_gpt.foretold(FIT, runs, 0.5, caption="here")
    assert "here" in figure.to_html()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    opened = live.open(tmp_path_factory.mktemp("live") / "it")
    some = {name: PLANS[name] for name in ("constant", "cosine")}
    keys = opened.start(TASK, list(some.values()), seeds=(0,), names=list(some), every_steps=10, wait=True)
    opened.fork(keys[0], 25, wb.ramp(10, 5e-3, 0.0), name="cooled")
    opened.wait()
    yield opened
    opened.close()


@pytest.mark.parametrize(("step", "there"), [(0, 0), (9, 2), (10, 10), (24, 20), (35, 35), (None, 35)])
def test_a_branch_has_its_parents_models_before_the_fork_and_its_own_after(
    session: Any, step: int | None, there: int
) -> None:
    found = model(session, session.branches[2].key, step)
    assert found.step <= (35 if step is None else step)
    whole = session.run(session.branches[2].key).schedule
    if found.step:
        (run,) = train.train(TASK, [whole.until(found.step)], device="cpu")
        loss = found.problem().measure(found.row[None])["loss"].item()
        assert loss == pytest.approx(run.final_loss, rel=1e-4)
    else:
        assert torch.equal(found.row, TASK.problem(torch.device("cpu")).first(0))
    assert found.step >= there - 8


def test_models_that_are_not_there_are_refused(session: Any) -> None:
    with pytest.raises(ValueError):
        model(session, "99")
    for bad in (-1, 36, 1.5):
        with pytest.raises(ValueError, match="step must be"):
            model(session, session.branches[2].key, bad)


def test_what_is_written_is_what_the_model_generates(session: Any) -> None:
    pen = writing(session, "the ")
    assert list(pen.branch.options) == ["constant", "cosine", "cooled"]
    pen.branch.value, pen.temperature.value, pen.length.value = "cooled", 0.0, 20
    assert pen.step.value == pen.step.max == 35
    written = pen.write()
    found = model(session, session.branches[2].key)
    assert written.text == train.generate(found, "the ", n=20, temperature=0) and written.step == 35
    assert "cooled, after 35 updates" in pen.said.value
    pen.prompt.value = "<b>&"
    pen.write()
    assert "<b>&lt;b&gt;&amp;</b>" in pen.page.value
    pen.prompt.value = ""
    pen.button.click()
    assert "prompt must be text of at least one character" in pen.said.value


def test_runs_write_too_and_nothing_else_does(tmp_path: Path) -> None:
    (run,) = train.train(TASK, [PLANS["cosine"]], device="cpu", snapshots=train.Snapshots(tmp_path, steps=10))
    pen = writing([run], "a")
    pen.length.value, pen.temperature.value = 20, 0.0
    assert pen.write().text == train.generate(run, "a", n=20, temperature=0)
    for bad in ([], "runs", 3, [PLANS["cosine"]]):
        with pytest.raises(ValueError, match="source must be a studio, a session or some runs"):
            writing(bad)


def test_before_anything_is_trained_it_says_so(tmp_path: Path) -> None:
    opened = live.open(tmp_path / "empty")
    pen = writing(opened)
    assert pen.button.disabled and "Train first" in pen.said.value
    with pytest.raises(ValueError, match="Train first"):
        pen.write()
    opened.close()


def test_the_exercises_have_their_closed_forms() -> None:
    cost, half, chance = exercises.EXERCISES
    low, high = ttest_rel(exercises.DIFFERENCES, [0.0] * 3).confidence_interval(0.9)
    assert half.answer() == pytest.approx((high - low) / 2, rel=1e-6)
    drawn = torch.softmax(torch.tensor(exercises.LOGITS) / exercises.TEMPERATURE, 0)
    assert chance.answer() == pytest.approx(100 * float(drawn[0]), rel=1e-5)
    assert 50 < float(cost.answer()) < 70
