"""The toy verification of a scaling law: its tables, its baselines, and that it goes on where it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import toy_scaling
from benchmarks.toy_scaling import Setting
from workbench import scaling, train
from workbench.scaling import Points

TINY = Setting(widths=(16, 32, 48, 64), updates=(30, 45, 70), warmup=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("toy")
    assert len(toy_scaling.runs(TINY, place, 1)) == 12
    return place


def test_what_is_there_is_not_trained_again(folder, monkeypatch) -> None:
    asked = []

    def refuse(task, schedules, seed, **options):
        asked.append((task.width, [len(schedule) for schedule in schedules], seed))
        raise ValueError("nothing may be trained")

    monkeypatch.setattr(train, "train", refuse)
    runs = toy_scaling.runs(TINY, folder, 1)
    assert [(run.task["width"], len(run.schedule)) for run in runs] == [
        (width, total) for width in TINY.widths for total in TINY.updates
    ]
    for other in (replace(TINY, widths=(*TINY.widths, 80)), replace(TINY, seed=1)):
        with pytest.raises(ValueError, match="nothing may be trained"):
            toy_scaling.runs(other, folder, 1)
    assert asked == [(80, [30, 45, 70], 0), (64, [30, 45, 70], 1)]


def test_a_training_that_was_stopped_goes_on(tmp_path, folder) -> None:
    width, begun = TINY.widths[0], tmp_path / "snapshots" / "16"
    progress = train.events(TINY.task(width), TINY.schedules, TINY.seed, snapshots=begun)
    next(progress)
    progress.close()
    assert begun.exists()
    toy_scaling.train_width(TINY, tmp_path, width)
    assert not begun.exists()
    there, whole = (toy_scaling.kept(TINY, place, width) for place in (tmp_path, folder))
    assert [run.final_loss for run in there] == [run.final_loss for run in whole]


def test_the_tables_have_a_row_for_each_size_budget_and_parameter(folder, capsys) -> None:
    assert toy_scaling.main([str(folder)], TINY, 1) == 0
    losses, heldout, errors, law = capsys.readouterr().out.strip().split("\n\n")
    rows = {
        name: text.split("\n")[2:] for name, text in zip("lhea", (losses, heldout, errors, law), strict=True)
    }
    assert len(rows["l"]) == 4 and all(row.count("|") == 5 for row in rows["l"])
    assert len(rows["h"]) == 3 and len(rows["e"]) == 4
    assert [row.split("|")[1].strip() for row in rows["a"][:5]] == ["E", "A", "alpha", "B", "beta"]
    sizes = [int(row.split("|")[1].replace(",", "")) for row in rows["l"]]
    # Two blocks of 12 width^2, five norms, and the embedding.
    assert sizes == [24 * w**2 + 5 * w + 256 * w for w in TINY.widths]


def test_a_known_law_is_judged_right_and_beats_the_baselines() -> None:
    n, d = (each.ravel() for each in np.meshgrid(np.geomspace(1e4, 3.2e5, 6), np.geomspace(4e5, 4e6, 5)))
    loss = scaling.laws.chinchilla(Points(n, d, np.ones(30)), E=1.0, A=40.0, alpha=0.4, B=300.0, beta=0.5)
    noise = np.random.default_rng(0).normal(0, 2e-3, 30)
    verdict = toy_scaling.judge(Points(n, d, loss * np.exp(noise)), 6)
    assert set(verdict.heldout.n_params) == {n.max()} and len(verdict.heldout) == 5
    assert verdict.fitted.points.n_params.max() < n.max() and verdict.inside.sum() >= 4
    mean = {name: np.abs(verdict.error(name)).mean() for name in verdict.said}
    assert mean["chinchilla"] < 0.01 < min(mean[name] for name in toy_scaling.BASELINES)


def test_bad_arguments_are_named(tmp_path, capsys) -> None:
    assert toy_scaling.main(["a", "b"]) == 2 and "one folder at most" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert toy_scaling.main([str(tmp_path / "file")]) == 2
    assert "toy_scaling: " in capsys.readouterr().err
