"""Resumed, repeated and shuffled logs; several files; smoothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench import logs
from workbench.logs.order import restarts, settle

STEPS = np.arange(0, 2000, 10)
SCHEDULE = wb.schedules.build({"name": "wsd", "total": 2000, "peak": 1e-3, "warmup": 0.1})


def write(path: Path, steps: Any, add: float = 0.0, schedule: wb.Schedule = SCHEDULE) -> None:
    path.parent.mkdir(exist_ok=True)
    steps = np.asarray(steps)
    loss = 2 + 2 / (1 + steps / 100) + add
    pd.DataFrame({"step": steps, "lr": schedule(steps), "loss": loss}).to_csv(path, index=False)


def losses(steps: Any, add: Any = 0.0) -> Any:
    return 2 + 2 / (1 + np.asarray(steps) / 100) + add


def said(run: wb.Run, words: str) -> bool:
    return any(words in sentence for sentence in run.facts["log"])


def test_a_step_counter_that_goes_back_lets_the_later_rows_win(tmp_path: Path) -> None:
    steps = np.concatenate([STEPS[:100], STEPS[80:120], STEPS[50:]])
    add = np.concatenate([np.zeros(100), np.full(40, 1.0), np.full(150, 2.0)])
    frame = pd.DataFrame({"step": steps, "lr": SCHEDULE(steps), "loss": losses(steps, add)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    (run,) = logs.load(tmp_path / "a.csv")
    np.testing.assert_allclose(run.curve.loss, losses(STEPS, np.where(STEPS < 500, 0.0, 2.0)))
    assert said(run, "goes back 2 times, to update 800, 500") and said(run, "90 earlier rows")
    np.testing.assert_allclose(run.schedule.array(), SCHEDULE.array()[:1991], atol=1e-12)


def test_rows_in_any_order_are_sorted_and_nothing_is_lost(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", STEPS)
    (straight,) = logs.load(tmp_path / "a.csv")
    for seed in range(3):
        write(tmp_path / "a.csv", np.random.default_rng(seed).permutation(STEPS))
        (run,) = logs.load(tmp_path / "a.csv")
        assert run.curve == straight.curve and run.schedule == straight.schedule and said(run, "sorted")
    write(tmp_path / "a.csv", STEPS[::-1])
    assert logs.load(tmp_path / "a.csv")[0].curve == straight.curve


def test_rows_that_repeat_a_step_leave_the_last(tmp_path: Path) -> None:
    steps = np.repeat(STEPS, 3)
    frame = pd.DataFrame(
        {"step": steps, "lr": SCHEDULE(steps), "loss": losses(steps, np.tile([0.3, 0.1, 0.2], 200))}
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    (run,) = logs.load(tmp_path / "a.csv")
    np.testing.assert_allclose(run.curve.loss, losses(STEPS, 0.2))
    assert said(run, "400 rows") and said(run, "every step came 3 times")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.booleans())
def test_settled_rows_are_increasing_and_each_is_one_that_was_there(steps: list[int], resumed: bool) -> None:
    step = np.array(sorted(steps) * 2 if resumed else steps, dtype=float)
    value, row = np.arange(len(step), dtype=float), np.arange(len(step))
    points, done = settle(row, step, value, restarts(row, step))
    assert np.all(np.diff(points.step) > 0)
    np.testing.assert_array_equal(step[points.value.astype(int)], points.step)
    assert len(points) + done.dead + done.repeated == len(step)
    # Of every step that is left it is the last row that counts.
    for t, v in zip(points.step, points.value, strict=True):
        assert v == np.flatnonzero(step == t)[-1]
    if not done.back:
        assert set(points.step) == set(step)


@pytest.mark.parametrize("overlap", [0, 3, 20])
def test_files_that_continue_each_other_are_joined(tmp_path: Path, overlap: int) -> None:
    write(tmp_path / "part2.csv", STEPS[100 - overlap :], add=1.0)
    write(tmp_path / "part1.csv", STEPS[:100])
    (run,) = logs.load(str(tmp_path / "part*.csv"))
    np.testing.assert_array_equal(run.curve.step, STEPS)
    np.testing.assert_allclose(run.curve.loss, losses(STEPS, np.where(1000 - 10 * overlap > STEPS, 0.0, 1.0)))
    np.testing.assert_allclose(run.schedule.array(), SCHEDULE.array()[:1991], atol=1e-12)
    assert said(run, "part2 was joined") and len(run.facts["source"]) == 2
    apart = logs.load(str(tmp_path / "part*.csv"), join=False)
    assert len(apart) == 2 and said(apart[1], "join=True")


def test_runs_of_a_sweep_are_not_joined(tmp_path: Path) -> None:
    for k in range(3):
        write(tmp_path / f"run{k}" / "metrics.csv", STEPS[: 100 + 50 * k], schedule=(k + 1) * SCHEDULE)
    runs = logs.load(str(tmp_path / "*/metrics.csv"))
    assert [run.facts["name"] for run in runs] == ["run0", "run1", "run2"]
    assert [len(run.curve) for run in runs] == [100, 150, 200]
    # All begin late and have the same rates in common, as published curves after their warmup do.
    for k in range(3):
        write(tmp_path / f"run{k}" / "metrics.csv", STEPS[30 + k : 100 + 50 * k])
    assert len(logs.load(str(tmp_path / "*/metrics.csv"))) == 3


def test_cooldowns_share_their_trunk(tmp_path: Path) -> None:
    trunk = wb.schedules.build({"name": "constant", "total": 2000, "peak": 1e-3, "warmup": 0.1})
    write(tmp_path / "trunk.csv", STEPS[:100], schedule=trunk)
    for steps in (200, 600):
        end = np.arange(1000, 1000 + steps, 10)
        write(tmp_path / f"cool{steps}.csv", end, schedule=trunk.branch(1000, steps))
    short, long = logs.load([tmp_path / "cool200.csv", tmp_path / "cool600.csv", tmp_path / "trunk.csv"])
    for run, steps in ((short, 200), (long, 600)):
        expected = trunk.branch(1000, steps).array()
        np.testing.assert_allclose(run.schedule.array(), expected[: len(run.schedule)], atol=1e-9)
        assert len(run.schedule) == 1000 + steps - 9


def test_everything_is_one_training_where_one_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", STEPS)
    write(tmp_path / "b.csv", STEPS[50:80], add=1.0)
    assert len(logs.load(str(tmp_path / "*.csv"))) == 2
    (run,) = logs.load(str(tmp_path / "*.csv"), join=True)
    np.testing.assert_array_equal(run.curve.step, STEPS[:80])
    assert said(run, "b was joined at update 500; 150 earlier points")


def test_part_of_a_log_says_that_it_is_one(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", STEPS[100:])
    (run,) = logs.load(tmp_path / "a.csv")
    assert said(run, "begins at update 1000") and said(run, "those before it follow the first shape")


def test_smoothing_takes_the_mean_is_not_shifted_and_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", STEPS)
    (run,) = logs.load(tmp_path / "a.csv")
    smooth = logs.smooth(run, 7)
    loss, got = run.curve.loss, smooth.curve.loss
    for i in (0, 1, 2, 3, 50, len(loss) - 2, len(loss) - 1):
        h = min(3, i, len(loss) - 1 - i)
        assert got[i] == pytest.approx(loss[i - h : i + h + 1].mean(), rel=1e-12)
    straight = wb.Run(run.schedule, wb.Curve(STEPS, 5 - STEPS / 1000), parts={"val": run.curve})
    np.testing.assert_allclose(logs.smooth(straight, 51).curve.loss, straight.curve.loss, rtol=1e-12)
    assert smooth.facts["smoothed"] == 7 and "mean of the 7 points" in logs.describe(smooth)
    assert "smoothed" not in run.facts and "Smoothed" not in logs.describe(run)
    assert smooth.schedule is run.schedule and logs.smooth(straight, 3).parts == straight.parts
    diverged = wb.Run(run.schedule, wb.Curve([0, 1, 2, 3], [3.0, 2.0, 1.0, np.inf]))
    np.testing.assert_array_equal(logs.smooth(diverged, 3).curve.loss, [3, 2, 1, np.inf])
    for window in (0, 1, 2.5, None, "3"):
        with pytest.raises(ValueError, match="window"):
            logs.smooth(run, window)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="run must be a Run"):
        logs.smooth(run.curve, 3)  # type: ignore[arg-type]
