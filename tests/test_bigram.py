"""The river-valley bigram, as a table and as a transformer, against the facts derived for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import workbench as wb
from workbench import train

CPU = torch.device("cpu")


@pytest.mark.parametrize("concentration", [0.0, 1.0])
def test_population_loss_is_the_cross_entropy_of_the_true_distribution(concentration: float) -> None:
    task = train.tasks.bigram(contexts=10, vocab=7, successors=3, river=0.4, concentration=concentration)
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 10, 7)))
    truth = torch.zeros(10, 7, dtype=torch.float64)
    truth[:, :3] = torch.from_numpy(task.chances)
    parts = task.problem(CPU).measure(logits.reshape(2, -1))
    for lane in range(2):
        assert parts["loss"][lane].item() == pytest.approx(
            F.cross_entropy(logits[lane], truth).item(), abs=1e-14
        )
        river = F.cross_entropy(logits[lane, :4], truth[:4], reduction="sum").item() / 10
        assert parts["river"][lane].item() == pytest.approx(river, abs=1e-14)


def test_least_loss_is_the_entropy() -> None:
    for concentration in (0.0, 2.0):
        task = train.tasks.bigram(contexts=8, vocab=5, successors=3, concentration=concentration)
        logits = np.full((8, 5), -200.0)
        logits[:, :3] = np.log(np.maximum(task.chances, 1e-80))
        loss = task.problem(CPU).measure(torch.from_numpy(logits).reshape(1, -1))["loss"].item()
        assert loss == pytest.approx(task.entropy, abs=1e-12)


@pytest.mark.parametrize("batch", [5, 300])
def test_samples_follow_the_chances(batch: int) -> None:
    task = train.tasks.bigram(contexts=6, vocab=9, successors=4, river=0.3, concentration=1.5, batch=batch)
    problem, count = task.problem(CPU), np.zeros((6, 4))
    for step in range(20_000 // batch):
        index, share, target = (each[0].numpy() for each in problem.batch(step, (3,)))
        assert len(set(index)) == len(index) == min(batch, 6)
        assert share.sum() == pytest.approx(1.0) and np.allclose(target.sum(-1), share[:, 0])
        np.add.at(count, index, target * batch)
    expected = task.chances * count.sum() / 6
    deviation = np.sqrt(np.maximum(expected, 1e-9))
    assert np.all(np.abs(count - expected) < 5 * deviation)


def test_loss_starts_at_ln_vocab_and_parts_sum_to_it() -> None:
    task = train.tasks.bigram(vocab=50)
    (run,) = train.train(task, [wb.hold(500, 1e-6).then(wb.hold(500, 30.0))], device="cpu")
    assert run.curve.loss[0] == pytest.approx(np.log(50), abs=1e-6)
    np.testing.assert_allclose(run.parts["river"].loss + run.parts["hill"].loss, run.curve.loss, rtol=1e-14)


def test_hill_settles_at_the_derived_excess() -> None:
    # Known values of a simulation elsewhere: .01194 at rate 1, .0503 at rate 4.
    small: dict[str, Any] = {"contexts": 20, "vocab": 4, "river": 0.0, "batch": 16}
    task = train.tasks.bigram(**small, measurements=2000)
    assert task.excess(1.0) == pytest.approx((1 - 1 / 4) / (4 * 16))
    runs = train.train(task, [wb.hold(4_000, 1.0), wb.hold(4_000, 4.0)], seed=range(8), device="cpu")
    for i, (rate, known) in enumerate(((1.0, 0.01194), (4.0, 0.0503))):
        late = [run.parts["hill"].loss[run.curve.step > 1_000].mean() for run in runs[8 * i : 8 * i + 8]]
        excess = np.mean(late) - task.entropy
        assert excess == pytest.approx(task.excess(rate), rel=0.1)
        assert excess == pytest.approx(known, rel=0.05)


def test_uneven_chances_settle_at_the_derived_excess_too() -> None:
    task = train.tasks.bigram(contexts=20, vocab=4, river=0.0, concentration=4.0, batch=16)
    runs = train.train(task, [wb.hold(6_000, 1.0)], seed=range(16), device="cpu")
    excess = np.mean([run.curve.loss[run.curve.step > 2_000].mean() for run in runs]) - task.entropy
    assert excess == pytest.approx(task.excess(1.0), rel=0.1)


def test_river_depends_on_the_sum_of_rates() -> None:
    task = train.tasks.bigram(contexts=50, vocab=8, batch=50, river=1.0)
    fast, slow = train.train(task, [wb.hold(1_500, 16.0), wb.hold(6_000, 4.0)], device="cpu")
    assert fast.final_loss == pytest.approx(slow.final_loss, rel=0.05)
    # Late, each row's loss is close to contexts / sum of rates.
    assert fast.final_loss == pytest.approx(50 / 24_000, rel=0.25)


def test_in_a_cooldown_the_hill_drops_and_the_river_goes_on() -> None:
    task = train.tasks.bigram(precision="float64")
    pair = [wb.hold(5_000, 60.0), wb.schedules.wsd(5_000, 60.0, 0.0, 0.2)]
    held, cooled = train.train(task, pair, device="cpu")
    excess = [run.parts["hill"].loss[-1] - task.entropy for run in (held, cooled)]
    assert excess[1] < 0.35 * excess[0]
    river = cooled.parts["river"]
    late = river.loss[river.step >= 4_000]
    assert np.all(np.diff(late) <= 1e-12) and late[-1] > 0.7 * late[0]
    assert cooled.final_loss < held.final_loss


def test_single_precision_follows_double() -> None:
    s = [wb.schedules.wsd(1_000, 30.0)]
    (single,) = train.train(train.tasks.bigram(), s, device="cpu")
    (double,) = train.train(train.tasks.bigram(precision="float64"), s, device="cpu")
    np.testing.assert_allclose(single.curve.loss, double.curve.loss, atol=1e-5)


def test_every_token_of_the_language_is_as_frequent() -> None:
    task = train.tasks.bigram_transformer(vocab=30, successors=4, river=0.4)
    chances = np.zeros((30, 30))
    np.add.at(chances, (np.arange(30)[:, None], task.following), 1 / 4)
    np.testing.assert_allclose(chances.sum(0), 1)
    assert np.all((chances[:12] > 0).sum(1) == 1) and np.all((chances[12:] > 0).sum(1) == 4)


def test_windows_follow_the_language() -> None:
    task = train.tasks.bigram_transformer(vocab=12, successors=3, batch=50)
    tokens = task.problem(CPU).batch(7, (0, 1)).numpy()
    assert tokens.shape == (2, 50, 17) and not np.array_equal(tokens[0], tokens[1])
    for before, after in zip(tokens[..., :-1].ravel(), tokens[..., 1:].ravel(), strict=True):
        assert after in task.following[before]


def test_the_transformer_learns_the_language() -> None:
    task = train.tasks.bigram_transformer(vocab=16, width=16, context=8)
    (run,) = train.train(task, [wb.schedules.wsd(400, 0.02)], device="cpu")
    assert run.curve.loss[0] == pytest.approx(np.log(16), abs=0.1)
    assert task.entropy < run.final_loss < task.entropy + 0.1
    assert run.parts["river"].loss[-1] < 0.02
    np.testing.assert_allclose(run.parts["river"].loss + run.parts["hill"].loss, run.curve.loss, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "change", "argument"),
    [
        ("bigram", {"vocab": 3, "successors": 4}, "vocab"),
        ("bigram", {"contexts": 100_000, "vocab": 10_000}, "contexts"),
        ("bigram_transformer", {"vocab": 6, "successors": 4}, "successors"),
        ("bigram_transformer", {"width": 20}, "width"),
    ],
)
def test_fields_that_do_not_fit_together_are_refused(
    name: str, change: dict[str, int], argument: str
) -> None:
    with pytest.raises(ValueError, match=argument):
        train.tasks.build({"name": name, **change})
