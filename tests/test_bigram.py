"""The river-valley bigram against autograd and the facts derived for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import workbench as wb
from workbench import train
from workbench.train.tasks.bigram import descend, losses


def test_update_is_a_step_down_the_gradient_of_the_sampled_loss() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6, 5))
    context, token = rng.integers(6, size=16), rng.integers(5, size=16)
    theta = torch.tensor(logits, requires_grad=True)
    F.cross_entropy(theta[torch.tensor(context)], torch.tensor(token)).backward()
    assert theta.grad is not None
    after = logits.copy()
    descend(after, context, token, 0.7)
    np.testing.assert_allclose(after, logits - 0.7 * theta.grad.numpy(), atol=1e-14)


def test_population_loss_is_the_cross_entropy_of_the_true_distribution() -> None:
    task = train.tasks.bigram(contexts=10, vocab=7, successors=3, river=0.4)
    logits = np.random.default_rng(1).normal(size=(10, 7))
    truth = np.zeros((10, 7))
    truth[:4, 0], truth[4:, :3] = 1, 1 / 3
    whole = F.cross_entropy(torch.tensor(logits), torch.tensor(truth)).item()
    assert sum(losses(task, logits)) == pytest.approx(whole, abs=1e-14)


def test_loss_starts_at_ln_vocab_and_parts_sum_to_it() -> None:
    task = train.tasks.bigram(vocab=50)
    (run,) = train.train(task, [wb.hold(500, 1e-6).then(wb.hold(500, 30.0))])
    assert run.curve.loss[0] == pytest.approx(np.log(50), abs=1e-6)
    np.testing.assert_allclose(run.parts["river"].loss + run.parts["hill"].loss, run.curve.loss, rtol=1e-14)


def test_hill_settles_at_the_derived_excess() -> None:
    # Known values of a simulation elsewhere: .01194 at rate 1, .0503 at rate 4.
    task = train.tasks.bigram(contexts=20, vocab=4, successors=4, river=0.0, batch=16, measurements=20_000)
    for rate, known in ((1.0, 0.01194), (4.0, 0.0503)):
        (run,) = train.train(task, [wb.hold(20_000, rate)])
        excess = run.parts["hill"].loss[4_000:].mean() - task.entropy
        assert excess == pytest.approx((1 - 1 / 4) * rate / (4 * 16), rel=0.12)
        assert excess == pytest.approx(known, rel=0.05)


def test_river_depends_on_the_sum_of_rates() -> None:
    task = train.tasks.bigram(contexts=50, vocab=8, batch=50, river=1.0)
    fast, slow = train.train(task, [wb.hold(3_000, 8.0), wb.hold(12_000, 2.0)])
    assert fast.final_loss == pytest.approx(slow.final_loss, rel=0.05)
    # Late, each row's loss is close to contexts / sum of rates.
    assert fast.final_loss == pytest.approx(50 / 24_000, rel=0.25)


def test_in_a_cooldown_the_hill_drops_and_the_river_goes_on() -> None:
    task = train.tasks.bigram()
    held, cooled = train.train(task, [wb.hold(5_000, 60.0), wb.schedules.wsd(5_000, 60.0, 0.0, 0.2)])
    excess = [run.parts["hill"].loss[-1] - task.entropy for run in (held, cooled)]
    assert excess[1] < 0.35 * excess[0]
    river = cooled.parts["river"]
    late = river.loss[river.step >= 4_000]
    assert np.all(np.diff(late) <= 1e-12) and late[-1] > 0.7 * late[0]
    assert cooled.final_loss < held.final_loss


@pytest.mark.parametrize(
    ("change", "argument"),
    [({"vocab": 3, "successors": 4}, "vocab"), ({"contexts": 100_000, "vocab": 10_000}, "contexts")],
)
def test_fields_that_do_not_fit_together_are_refused(change: dict[str, int], argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        train.tasks.bigram(**change)
