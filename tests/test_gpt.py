"""The GPT: its mathematics, and what it learns from real text."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import workbench as wb
from workbench import train
from workbench.train.model import GPT, Size
from workbench.train.rotary import rotate, turns
from workbench.train.tasks.gpt import PRESETS

POSITIONS = ("rotary", "learned")


def tiny(positions: str, seed: int = 0) -> GPT:
    size = Size(layers=2, heads=2, width=8, context=6, vocab=11, positions=positions)
    return GPT(size, torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("positions", POSITIONS)
def test_gradients_equal_finite_differences(positions: str) -> None:
    model = tiny(positions)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        # Larger weights than at the start, so that every part matters.
        for weight in model.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=draw, dtype=weight.dtype)
    tokens = torch.randint(11, (3, 7), generator=draw)
    model.loss(tokens[:, :-1], tokens[:, 1:]).backward()
    step = 1e-5
    for name, weight in model.named_parameters():
        assert weight.grad is not None
        along = torch.randn(weight.shape, generator=draw, dtype=weight.dtype)
        with torch.no_grad():
            weight += step * along
            above = model.loss(tokens[:, :-1], tokens[:, 1:]).item()
            weight -= 2 * step * along
            below = model.loss(tokens[:, :-1], tokens[:, 1:]).item()
            weight += step * along
        slope = (weight.grad * along).sum().item()
        assert slope == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("positions", POSITIONS)
def test_a_later_token_changes_no_earlier_logit(positions: str) -> None:
    model = tiny(positions)
    tokens = torch.randint(11, (4, 6), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        before = model(tokens)
        for place in range(6):
            changed = tokens.clone()
            changed[:, place] = (changed[:, place] + 1) % 11
            after = model(changed)
            assert torch.equal(after[:, :place], before[:, :place])
            assert not torch.allclose(after[:, place], before[:, place])


@pytest.mark.parametrize("positions", POSITIONS)
def test_positions_matter(positions: str) -> None:
    model = tiny(positions)
    with torch.no_grad():
        for block in model.blocks:
            block.qkv.weight *= 50
            block.out.weight *= 50
        logits = model(torch.tensor([[1, 2, 3, 4], [2, 1, 3, 4]]))
    assert not torch.allclose(logits[0, -1], logits[1, -1], atol=1e-6)


def test_rotary_scores_depend_on_the_distance_only_and_values_stay() -> None:
    draw = torch.Generator().manual_seed(3)
    one = torch.randn(1, 1, 3, 2, 8, generator=draw, dtype=torch.float64)
    turned = rotate(one.expand(1, 12, 3, 2, 8), turns(12, 2, 8))
    assert torch.equal(turned[:, :, 2], one.expand(1, 12, 3, 2, 8)[:, :, 2])
    scores = torch.einsum("bthd,bshd->bhts", turned[:, :, 0], turned[:, :, 1])[0, 0]
    for distance in range(-11, 12):
        line = scores.diagonal(distance)
        assert torch.allclose(line, line[0].expand_as(line), atol=1e-6)
    assert not torch.allclose(scores[0, 0], scores[5, 0], atol=1e-3)
    lengths = turned[:, :, :2].norm(dim=-1)
    assert torch.allclose(lengths, lengths[:, :1].expand_as(lengths), atol=1e-6)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_about_the_parameters_of_their_name(preset: str, positions: str) -> None:
    size = train.tasks.gpt(preset=preset, positions=positions).size
    model = GPT(size, torch.Generator())
    assert model.n_params == sum(weight.numel() for weight in model.parameters())
    assert model.n_params == pytest.approx(1e6 * float(preset.removesuffix("M")), rel=0.2)


@pytest.mark.parametrize("preset", PRESETS)
def test_first_loss_is_near_ln_256(preset: str) -> None:
    task = train.tasks.gpt(preset=preset, batch=4, measurements=1)
    (run,) = train.train(task, [wb.hold(1, 1e-12)], device="cpu")
    assert run.parts["train"].loss[0] == pytest.approx(math.log(256), abs=0.1)
    assert run.curve.loss[0] == pytest.approx(math.log(256), abs=0.1)


@pytest.mark.parametrize("positions", POSITIONS)
def test_loss_falls_on_real_text(positions: str) -> None:
    task = train.tasks.gpt(positions=positions, measurements=6)
    (run,) = train.train(task, [wb.schedules.wsd(total=60, peak=1e-2, warmup=0.1)], device="cpu")
    assert run.curve.loss[0] > 5.3 and run.final_loss < 3.3
    # What was held out is as hard as what was trained on, this early.
    assert run.final_loss == pytest.approx(run.parts["train"].loss[-10:].mean(), abs=0.4)


def test_a_batch_loss_is_taken_before_its_update_and_the_loss_after_it() -> None:
    task = train.tasks.gpt(context=16, batch=8, measurements=50)
    slow, fast = train.train(task, [wb.hold(3, 1e-12), wb.hold(3, 1e-2)], device="cpu")
    assert slow.parts["train"].loss[0] == fast.parts["train"].loss[0]
    assert fast.curve.loss[0] < slow.curve.loss[0] - 0.02
    assert fast.parts["train"].loss[1] < slow.parts["train"].loss[1] - 0.02


def test_a_rate_of_zero_changes_nothing() -> None:
    task = train.tasks.gpt(context=16, batch=4, measurements=50)
    (run,) = train.train(task, [wb.hold(5, 0.0)], device="cpu")
    assert np.all(run.curve.loss == run.curve.loss[0])


def test_only_matrices_decay() -> None:
    task = train.tasks.gpt(context=8, batch=1, weight_decay=10.0)
    lane = task.start(0, torch.device("cpu"))(2)
    before = {name: weight.detach().clone() for name, weight in lane.model.named_parameters()}
    lane.step(0, 1e-2)
    for name, weight in lane.model.named_parameters():
        # Adam's first update moves a weight by at most the rate; decay takes rate * 10 of it besides.
        kept = before[name] * (0.9 if weight.ndim >= 2 else 1.0)
        assert (weight - kept).abs().max() <= 1e-2 * 1.001, name


@pytest.mark.gpu
def test_cuda_trains_close_to_the_cpu() -> None:
    task = train.tasks.gpt(measurements=6)
    schedule = wb.schedules.wsd(total=60, peak=5e-3, warmup=0.1)
    (here,) = train.train(task, [schedule], device="cpu")
    (there,) = train.train(task, [schedule], device="auto")
    assert there.facts["device"].startswith("cuda")
    assert there.parts["train"].loss[0] == pytest.approx(here.parts["train"].loss[0], abs=0.02)
    assert there.final_loss == pytest.approx(here.final_loss, abs=0.15)


@pytest.mark.gpu
def test_cuda_computes_in_bfloat16_with_float32_weights() -> None:
    lane = train.tasks.gpt(preset="1M").start(0, torch.device("cuda"))(3)
    seen = []
    lane.model.blocks[0].up.register_forward_hook(lambda module, given, out: seen.append(out.dtype))
    lane.step(0, 1e-3)
    assert seen[0] == torch.bfloat16
    assert {weight.dtype for weight in lane.model.parameters()} == {torch.float32}
