"""The model at a snapshot is that of a training stopped there, and it writes what its logits say."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import workbench as wb
from workbench import train
from workbench.curve import Run
from workbench.train import probes

S = wb.schedules
CPU = torch.device("cpu")
TASK = train.tasks.gpt(text="grammar", context=16, batch=4, width=32, layers=1, measurements=6)
PEAK = 5e-3
FORKS = [S.wsd(total=40, peak=PEAK, decay=decay, warmup=0.1) for decay in (0.25, 0.5)]


def trained(folder: Path, task: Any = TASK, **more: Any) -> list[Run]:
    given = {"schedules": FORKS, "device": "cpu", "deterministic": True, **more}
    return train.train(task, snapshots=train.Snapshots(folder, steps=10), **given)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return trained(tmp_path_factory.mktemp("kept"))


@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize(("asked", "there"), [(10, 10), (19, 10), (25, 21), (40, 40), (None, 40)])
def test_weights_are_those_of_a_training_that_stopped_there(
    runs: list[Run], tmp_path: Path, lane: int, asked: int | None, there: int
) -> None:
    found = train.weights(runs[lane], asked)
    stopped = FORKS[lane].until(there)
    train.train(TASK, [stopped], device="cpu", deterministic=True, snapshots=tmp_path / "short")
    wanted = train.weights(tmp_path / "short")
    assert found.step == there == wanted.step and found.lane == lane and found.task == TASK
    assert torch.equal(found.row, wanted.row)


def test_the_loss_of_the_weights_is_the_loss_of_the_run(runs: list[Run]) -> None:
    for run in runs:
        found = train.weights(run)
        loss = found.problem().measure(found.row[None])["loss"].item()
        assert loss == pytest.approx(run.final_loss, rel=1e-6)
        assert sum(part.numel() for part in found.named().values()) == found.row.numel()


def test_an_average_is_read_where_the_run_is_judged_by_it(tmp_path: Path) -> None:
    averaged = train.optimizers.Library("schedulefree.AdamWScheduleFree")
    (run,) = trained(tmp_path, schedules=FORKS[:1], optimizer=averaged)
    found = train.weights(run)
    assert found.problem().measure(found.row[None])["loss"].item() == pytest.approx(run.final_loss, rel=1e-6)


def test_probes_take_weights(runs: list[Run]) -> None:
    a, b = (train.weights(run) for run in runs)
    problem = a.problem()
    ends = probes.line(problem, a, b, [0.0, 1.0])
    np.testing.assert_allclose(ends, [run.final_loss for run in runs], rtol=1e-6)
    c = train.weights(runs[0], 20)
    grid = probes.plane(problem, a, b, c, [0.0, 1.0], [0.0])
    np.testing.assert_allclose(grid[0], ends, rtol=1e-6)


def by_hand(run: Run, step: int | None, prompt: str, n: int) -> str:
    """Greedy text, one window at a time."""
    found = train.weights(run, step)
    model = found.problem().model  # type: ignore[attr-defined]
    views = model.layout.views(found.row[None])
    text = list(prompt.encode())
    for _ in range(n):
        window = torch.tensor(text[-TASK.context :])[None, None]
        with torch.no_grad():
            text.append(int(model.logits(views, window)[0, -1].argmax()))
    return bytes(text[len(prompt.encode()) :]).decode("utf-8", "replace")


@pytest.mark.parametrize("prompt", ["the ", "x", "a text that is longer than the context of it"])
@pytest.mark.parametrize("step", [10, None])
def test_greedy_text_is_the_argmax_of_the_logits(runs: list[Run], prompt: str, step: int | None) -> None:
    wanted = by_hand(runs[1], step, prompt, 30)
    assert train.generate(runs[1], prompt, step, n=30, temperature=0) == wanted
    assert train.generate(train.weights(runs[1], step), prompt, n=30, temperature=0) == wanted
    # Of the likeliest token alone every draw is that token.
    assert train.generate(runs[1], prompt, step, n=30, top_p=1e-6, seed=5) == wanted
    assert train.generate(runs[1], prompt, step, n=30, temperature=1e-9, seed=5) == wanted


def test_a_seed_gives_one_text_and_another_seed_another(runs: list[Run]) -> None:
    first, again, other = (train.generate(runs[0], "the ", n=60, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    folder = runs[0].facts["snapshots"]
    assert train.generate(folder, "the ", n=60, seed=1, lane=0) == first


def test_draws_have_the_chances_of_the_softmax(runs: list[Run]) -> None:
    found = train.weights(runs[0])
    model = found.problem().model  # type: ignore[attr-defined]
    window = torch.tensor(list(b"the "))[None, None]
    logits = model.logits(model.layout.views(found.row[None]), window)[0, -1].detach().double()
    chances = torch.softmax(logits / 0.5, 0).numpy()
    likeliest = np.argsort(-chances)[:3]
    drawn = [train.generate(found, "the ", n=1, temperature=0.5, seed=seed) for seed in range(400)]
    for token in likeliest:
        share = np.mean([text == chr(token) for text in drawn])
        sd = np.sqrt(chances[token] * (1 - chances[token]) / len(drawn))
        assert abs(share - chances[token]) < 4.5 * sd + 1e-9
    nucleus = chances[likeliest[:2]].sum() - 1e-9
    few = {train.generate(found, "the ", n=1, temperature=0.5, top_p=nucleus, seed=s) for s in range(100)}
    assert few == {chr(token) for token in likeliest[:2]}


def test_byte_pairs_write_text(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    (run,) = trained(tmp_path, replace(TASK, vocab=300), schedules=FORKS[:1])
    text = train.generate(run, "the ", n=20, temperature=0)
    assert text and text == train.generate(run, "the ", n=20, temperature=0, seed=9)
    changed = replace(run, facts={**run.facts, "text_sha256": "other"})
    with pytest.raises(ValueError, match="its tokens too"):
        train.generate(changed, "the ")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"prompt": ""}, "prompt must be text of at least one character; got ''"),
        ({"prompt": b"the"}, "prompt must be text"),
        ({"prompt": None}, "prompt must be text"),
        ({"prompt": "\ud800"}, "half of a surrogate pair"),
        ({"n": 0}, "n must be"),
        ({"n": 1.5}, "n must be"),
        ({"temperature": -1}, "temperature must be"),
        ({"temperature": float("nan")}, "temperature must be"),
        ({"top_p": 0}, "top_p must be"),
        ({"top_p": 1.1}, "top_p must be"),
        ({"seed": -1}, "seed must be"),
        ({"step": 9}, "step must be at or after a kept snapshot of lane 0, and the earliest sound one is at"),
        ({"step": 41}, "step must be"),
        ({"lane": 7}, "lane must be"),
        ({"source": "nowhere"}, "folder must hold a training"),
        ({"source": 3}, "source must be a Run or a folder of snapshots; got 3"),
    ],
)
def test_bad_input_is_a_sentence(runs: list[Run], change: dict[str, Any], sentence: str) -> None:
    given = {"source": runs[0], "prompt": "the ", "n": 2, **change}
    with pytest.raises(ValueError, match=sentence):
        train.generate(**given)


def test_weights_have_one_step_and_one_lane(runs: list[Run]) -> None:
    with pytest.raises(ValueError, match="give neither step nor lane"):
        train.generate(train.weights(runs[0]), "the ", 20)


def test_runs_without_text_or_without_a_folder_are_refused(runs: list[Run], tmp_path: Path) -> None:
    quadratic = train.tasks.quadratic(modes=3)
    (other,) = train.train(quadratic, [S.constant(total=10, peak=0.1)], snapshots=tmp_path / "q")
    for source in (other, tmp_path / "q"):
        with pytest.raises(ValueError, match="source must be of the task gpt.*got one of quadratic"):
            train.generate(source, "the ")
    facts = {key: value for key, value in runs[0].facts.items() if key != "snapshots"}
    for bare in (train.weights, lambda run: train.generate(run, "the ")):
        with pytest.raises(ValueError, match="must be a run that was trained with snapshots"):
            bare(replace(runs[0], facts=facts))
    moved = replace(runs[0], facts={**runs[0].facts, "snapshots": str(tmp_path / "gone")})
    with pytest.raises(ValueError, match="must be there; give the one it is in now, lane=0"):
        train.weights(moved)


def test_a_damaged_snapshot_is_passed_over(runs: list[Run], tmp_path: Path) -> None:
    folder = shutil.copytree(runs[0].facts["snapshots"], tmp_path / "damaged")
    last = max(path for path in folder.glob("*.safetensors") if path.name.startswith("000000040"))
    whole = train.weights(folder, lane=0).step
    for path in folder.glob("000000040*"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="is not a sound snapshot"):
        found = train.weights(folder, lane=0)
    assert last.exists() and found.step == 30 < whole
