"""The GPT: its mathematics, its lanes, and what it learns from real text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import workbench as wb
from workbench import train
from workbench.train.backward import gradient
from workbench.train.coordinates import coordinates
from workbench.train.language import Language
from workbench.train.parametrization import PARAMETRIZATIONS
from workbench.train.rotary import rotate, rotate_, turns
from workbench.train.tasks.gpt import PRESETS
from workbench.train.transformer import Size, Transformer, flops_per_token

POSITIONS = ("rotary", "learned")
CPU = torch.device("cpu")


def tiny(positions: str = "rotary", dtype: torch.dtype = torch.float64, **more: Any) -> Transformer:
    size = Size(layers=2, heads=2, width=8, context=6, vocab=11, positions=positions, **more)
    return Transformer(size, dtype)


def large(model: Transformer, lanes: int = 1, seed: int = 1) -> Tensor:
    """Rows of weights larger than at the start, so that every part matters."""
    draw = torch.Generator().manual_seed(seed)
    rows = model.first(0) + 0.3 * torch.randn(
        lanes, model.layout.n_params, generator=draw, dtype=torch.float64
    )
    return rows.to(model.dtype)


def some(shape: tuple[int, ...], vocab: int = 11, seed: int = 2) -> Tensor:
    return torch.randint(vocab, shape, generator=torch.Generator().manual_seed(seed))


def problem(**more: Any) -> Language:
    return train.tasks.gpt(**{"text": "grammar", "context": 16, "batch": 4, **more}).problem(CPU)


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
@pytest.mark.parametrize("positions", POSITIONS)
def test_the_written_out_gradient_equals_autograds(
    positions: str, parametrization: str, dropout: bool
) -> None:
    model = tiny(positions, parametrization=parametrization, base_width=4, base_layers=1)
    rows, windows = large(model), some((3, 6))
    masks = [1.5 * some((15, 8), 2, seed).double() for seed in range(5)] if dropout else None
    leaves = {name: part.requires_grad_() for name, part in model.layout.views(rows).items()}
    loss = model.losses(leaves, windows[None], masks)
    wanted = torch.autograd.grad(loss.sum(), list(leaves.values()))
    found = {name: torch.full(part.shape[1:], math.nan, dtype=torch.float64) for name, part in leaves.items()}
    given = {name: part.detach()[0] for name, part in leaves.items()}
    assert gradient(model, given, windows, found, masks).item() == pytest.approx(loss.item(), abs=1e-12)
    for (name, part), other in zip(found.items(), wanted, strict=True):
        assert (part - other[0]).abs().max() < 1e-10, name


def test_the_head_in_pieces_gives_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny()
    weights = {name: part[0] for name, part in model.layout.views(large(model)).items()}
    out = []
    for logits in (2**23, 40):
        monkeypatch.setattr("workbench.train.backward._LOGITS", logits)
        found = {name: torch.empty_like(part) for name, part in weights.items()}
        gradient(model, weights, some((4, 6)), found)
        out.append(torch.cat([part.flatten() for part in found.values()]))
    assert torch.allclose(*out, rtol=0, atol=1e-14)


@pytest.mark.parametrize("positions", POSITIONS)
def test_gradients_equal_finite_differences(positions: str) -> None:
    model = tiny(positions)
    rows, windows = large(model), some((3, 7))
    parts = model.layout.views(rows)
    out = torch.empty_like(rows)
    given, found = ({name: part[0] for name, part in model.layout.views(x).items()} for x in (rows, out))
    gradient(model, given, windows, found)
    draw, step = torch.Generator().manual_seed(3), 1e-5
    for name, part in parts.items():
        along = torch.randn(part.shape, generator=draw, dtype=torch.float64)
        part += step * along
        above = model.losses(parts, windows[None]).item()
        part -= 2 * step * along
        below = model.losses(parts, windows[None]).item()
        part += step * along
        slope = (found[name] * along[0]).sum().item()
        assert slope == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9), name


def test_logits_equal_those_of_transformers_gpt2() -> None:
    transformers = pytest.importorskip("transformers")
    model = tiny("learned", torch.float32)
    config = transformers.GPT2Config(
        vocab_size=11, n_positions=6, n_embd=8, n_layer=2, n_head=2, activation_function="gelu"
    )
    other = transformers.GPT2LMHeadModel(config).eval()
    views = model.layout.views(large(model))
    weights = {name: part[0] for name, part in views.items()}
    names = {"qkv": "attn.c_attn", "out": "attn.c_proj", "up": "mlp.c_fc", "down": "mlp.c_proj"}
    names |= {"norm1": "ln_1", "norm2": "ln_2"}
    with torch.no_grad():
        for key, value in other.named_parameters():
            if key.endswith("bias"):
                value.zero_()
        other.transformer.wte.weight.copy_(weights["tokens"])
        other.transformer.wpe.weight.copy_(weights["places"])
        other.transformer.ln_f.weight.copy_(weights["norm"])
        for i, block in enumerate(other.transformer.h):
            for ours, theirs in names.items():
                block.get_submodule(theirs).weight.copy_(weights[f"{i}.{ours}"])
        tokens = some((3, 6))
        wanted = other(tokens).logits
        found = model.logits(views, tokens[None]).view(3, 6, 11)
    assert torch.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("positions", POSITIONS)
def test_a_later_token_changes_no_earlier_logit(positions: str) -> None:
    model = tiny(positions)
    weights, tokens = model.layout.views(large(model)), some((1, 4, 6))
    before = model.logits(weights, tokens).view(4, 6, -1)
    for place in range(6):
        changed = tokens.clone()
        changed[..., place] = (changed[..., place] + 1) % 11
        after = model.logits(weights, changed).view(4, 6, -1)
        assert torch.equal(after[:, :place], before[:, :place])
        assert not torch.allclose(after[:, place], before[:, place])


@pytest.mark.parametrize("positions", POSITIONS)
def test_positions_matter(positions: str) -> None:
    model = tiny(positions)
    tokens = torch.tensor([[[1, 2, 3, 4], [2, 1, 3, 4]]])
    logits = model.logits(model.layout.views(large(model)), tokens).view(2, 4, -1)
    assert not torch.allclose(logits[0, -1], logits[1, -1], atol=1e-6)


def test_rotary_scores_depend_on_the_distance_only() -> None:
    draw = torch.Generator().manual_seed(3)
    one = torch.randn(2, 1, 1, 2, 8, generator=draw, dtype=torch.float64)
    q, k = (rotate(part.expand(1, 12, 2, 8), turns(12, 8)) for part in one)
    scores = torch.einsum("bthd,bshd->bhts", q, k)[0, 0]
    for distance in range(-11, 12):
        line = scores.diagonal(distance)
        assert torch.allclose(line, line[0].expand_as(line), atol=1e-6)
    assert not torch.allclose(scores[0, 0], scores[5, 0], atol=1e-3)
    lengths = q.norm(dim=-1)
    assert torch.allclose(lengths, lengths[:, :1].expand_as(lengths), atol=1e-6)


def test_a_turn_in_place_is_the_same_and_can_be_turned_back() -> None:
    x = torch.randn(3, 5, 2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    table, turned = turns(5, 8), x.clone()
    rotate_(turned, table)
    assert torch.allclose(turned, rotate(x, table))
    rotate_(turned, table, back=True)
    assert torch.allclose(turned, x, atol=1e-6)


@pytest.mark.parametrize("positions", POSITIONS)
def test_lanes_batched_equal_lanes_alone(positions: str) -> None:
    model = tiny(positions)
    rows, masks = large(model, 3), [1.5 * some((3, 20, 8), 2, seed).double() for seed in range(5)]
    for windows in (some((1, 4, 6)), some((3, 4, 6))):
        together = model.losses(model.layout.views(rows), windows, masks)
        for i in range(3):
            mine = windows[i % len(windows)][None]
            alone = model.losses(model.layout.views(rows[i : i + 1]), mine, [m[i : i + 1] for m in masks])
            assert together[i].item() == pytest.approx(alone.item(), abs=1e-12)


@pytest.mark.parametrize("more", [{}, {"dropout": 0.2}, {"positions": "learned", "parametrization": "mup"}])
def test_lanes_on_a_cpu_are_equal_to_the_bit(more: dict[str, Any]) -> None:
    made = problem(**more)
    rows = torch.stack([made.first(seed) for seed in range(3)])
    for seeds in ((5,), (5, 6, 7)):
        batch, out = made.batch(3, seeds), torch.empty_like(rows)
        losses, _ = made.gradients(rows, batch, out)
        for i in range(3):
            seed, single = seeds[i % len(seeds)], torch.empty_like(rows[:1])
            loss, _ = made.gradients(rows[i : i + 1], made.batch(3, (seed,)), single)
            assert torch.equal(loss[0], losses[i]) and torch.equal(single[0], out[i])
    parts = made.measure(rows)
    assert torch.equal(parts["loss"][1:2], made.measure(rows[1:2])["loss"])


def test_the_loss_of_a_batch_is_that_which_probes_differentiate() -> None:
    made = problem(dropout=0.1)
    rows = torch.stack([made.first(0), made.first(1)]).requires_grad_()
    batch, out = made.batch(0, (0,)), torch.empty(2, made.layout.n_params)
    loss, _ = made.gradients(rows.detach(), batch, out)
    again = made.losses(rows, batch)
    assert torch.allclose(loss, again.detach(), atol=1e-5)
    (wanted,) = torch.autograd.grad(again.sum(), rows)
    assert torch.allclose(out, wanted, atol=1e-5)


def test_probes_can_differentiate_twice() -> None:
    made = problem()
    row, batch = made.first(0)[None], made.batch(0, (0,))
    draw = torch.Generator().manual_seed(0)
    along = torch.randn(row.shape, generator=draw)
    along /= along.norm()

    def slope(at: Tensor) -> Tensor:
        rows = at.clone().requires_grad_()
        (found,) = torch.autograd.grad(made.losses(rows, batch).sum(), rows, create_graph=True)
        (twice,) = torch.autograd.grad((found * along).sum(), rows)
        return torch.stack([(found * along).sum().detach(), (twice * along).sum()])

    step = 1e-2
    change = (slope(row + step * along)[0] - slope(row - step * along)[0]) / (2 * step)
    assert slope(row)[1].item() == pytest.approx(change.item(), rel=0.02)


def test_training_equals_torchs_own_loop() -> None:
    task = train.tasks.gpt(text="grammar", context=16, batch=4, measurements=1)
    schedule = wb.schedules.wsd(total=25, peak=1e-3, warmup=0.2)
    (run,) = train.train(task, [schedule], seed=3, device="cpu")
    made = task.problem(CPU)
    weights = {n: p.clone().requires_grad_() for n, p in made.layout.views(made.first(3)[None]).items()}
    decays = [weights[w.name] for w in made.layout.weights if w.decays]
    others = [weights[w.name] for w in made.layout.weights if not w.decays]
    groups = [{"params": decays, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.95))
    wanted = []
    for t in range(25):
        loss = made.model.losses(weights, made.batch(t, (3,)).windows).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = schedule(t)
        optimizer.step()
        wanted.append(loss.item())
    assert np.abs(run.parts["train"].loss - wanted).max() < 1e-5


def test_batches_depend_on_seed_and_step_alone() -> None:
    made = problem()
    first = made.batch(4, (1, 2)).windows
    assert torch.equal(first[1], problem().batch(4, (2,)).windows[0])
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], made.batch(5, (1,)).windows[0])
    assert made.batch(4, (1,), 9).windows.shape == (1, 9, 17)


def test_dropout_is_the_same_for_one_seed_and_step_and_keeps_the_mean() -> None:
    made = problem(dropout=0.25, batch=64)
    one, two, other = made.batch(0, (1,)).masks, made.batch(0, (1, 2)).masks, made.batch(1, (1,)).masks
    assert one is not None and two is not None and other is not None
    assert len(one) == 1 + 2 * 2
    for i, mask in enumerate(one):
        assert torch.equal(mask[0], two[i][0]) and not torch.equal(two[i][0], two[i][1])
        assert not torch.equal(mask, other[i]) and not torch.equal(mask, one[i - 1])
        assert mask.mean().item() == pytest.approx(1, abs=4 * math.sqrt(0.25 / 0.75 / mask.numel()))
        assert set(mask.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_about_the_parameters_of_their_name(preset: str, positions: str) -> None:
    vocab = 50_257 if preset == "124M" else 256
    size = train.tasks.gpt(preset=preset, positions=positions, vocab=vocab).size
    n_params = Transformer(size).layout.n_params
    assert n_params == pytest.approx(1e6 * float(preset.removesuffix("M")), rel=0.2)


def test_the_largest_preset_is_gpt2_small_without_biases() -> None:
    transformers = pytest.importorskip("transformers")
    size = train.tasks.gpt(preset="124M", positions="learned", context=1024, vocab=50_257).size
    with torch.device("meta"):
        other = transformers.GPT2LMHeadModel(transformers.GPT2Config())
    wanted = sum(value.numel() for name, value in other.named_parameters() if not name.endswith("bias"))
    assert Transformer(size).layout.n_params == wanted


@pytest.mark.parametrize("positions", POSITIONS)
def test_flops_are_those_of_the_matrix_products(positions: str) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    made = problem(positions=positions, context=32)
    rows = made.first(0)[None].requires_grad_()
    # Attention by plain products, which are the ones that torch's counter knows.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        made.losses(rows, made.batch(0, (0,))).sum().backward()
    assert made.flops == pytest.approx(counter.get_total_flops(), rel=0.01)
    assert made.flops == made.tokens * flops_per_token(made.model)


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
@pytest.mark.parametrize("preset", ["0.1M", "1M", "10M"])
def test_first_loss_is_near_ln_256(preset: str, parametrization: str) -> None:
    made = problem(preset=preset, text="", parametrization=parametrization)
    rows = made.first(0)[None]
    loss = made.losses(rows, made.batch(0, (0,)))
    assert loss.item() == pytest.approx(math.log(256), abs=0.1)


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


def test_only_matrices_decay_and_they_lie_first() -> None:
    for positions in POSITIONS:
        layout = tiny(positions, parametrization="depth_mup", base_width=2, base_layers=1).layout
        assert all(weight.decays is (len(weight.shape) == 2) for weight in layout.weights)
        decays = [weight.decays for weight in layout.weights]
        assert decays == sorted(decays, reverse=True)
        # Embeddings, blocks, norms of blocks, last norm: as few stretches as there are treatments.
        assert len(list(layout.stretches())) == 4


def test_mup_at_its_base_is_standard_but_for_scores() -> None:
    plain = tiny(base_width=8, base_layers=2)
    for name in PARAMETRIZATIONS[1:]:
        other = tiny(parametrization=name, base_width=8, base_layers=2)
        assert other.layout == plain.layout
        assert torch.equal(other.first(0), plain.first(0))
    assert Size(2, 1, 64, 8, parametrization="mup").scale.scores == 64**-0.5


def test_mup_scales_rates_deviations_and_logits_with_the_width() -> None:
    wide = Transformer(Size(8, 8, 256, 8, parametrization="depth_mup", base_width=64, base_layers=2))
    weights = {weight.name: weight for weight in wide.layout.weights}
    block, norm = weights["3.up"], weights["3.norm1"]
    assert (block.rate, block.decay, block.eps) == (1 / 8, 4, 1 / 8)
    assert norm.rate == 1 / 2 and weights["norm"].rate == 1 and weights["tokens"].rate == 1
    scale = wide.size.scale
    assert (scale.logits, scale.branch) == (1 / 4, 1 / 2)
    drawn = wide.layout.views(wide.first(0)[None])
    assert drawn["3.up"].std().item() == pytest.approx(0.02 / 2, rel=0.02)
    assert drawn["tokens"].std().item() == pytest.approx(0.02, rel=0.02)


def test_activations_are_flat_in_the_width_under_mup_and_not_in_the_standard_parametrization() -> None:
    widths = (64, 128, 256, 512)

    def slopes(parametrization: str) -> np.ndarray:
        task = train.tasks.gpt(text="grammar", context=16, batch=8, parametrization=parametrization)
        sizes = np.array(list(coordinates(task, widths, rate=1e-2).values()))
        return np.polyfit(np.log(widths), np.log(sizes), 1)[0]

    # Powers of the width with which the embedding, the blocks and the logits grow.
    assert np.abs(slopes("mup")).max() < 0.15
    assert slopes("standard")[1:-1].min() > 1


def test_activations_are_flat_in_the_depth_under_depth_mup() -> None:
    def last(parametrization: str, layers: int) -> float:
        task = train.tasks.gpt(
            text="grammar", context=16, batch=8, layers=layers, parametrization=parametrization
        )
        return coordinates(task, (64,), rate=1e-2)[64][-2]

    growth = {name: last(name, 16) / last(name, 2) for name in ("mup", "depth_mup")}
    assert growth["depth_mup"] < 1.5 < growth["mup"]


def test_a_width_that_heads_do_not_fill_gives_one_sentence() -> None:
    with pytest.raises(ValueError, match="width must be a multiple of 32, .* or 0; got 100"):
        train.tasks.gpt(width=100)
    with pytest.raises(ValueError, match="preset must be one of 0.1M"):
        train.tasks.gpt(preset="2M")


def test_what_cannot_be_compiled_is_computed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.train.compiled import Compiled

    def refuse(function: Any, **options: Any) -> Any:
        def call(*given: Any) -> Any:
            raise RuntimeError("no compiler\nat all")

        return call

    monkeypatch.setattr(torch, "compile", refuse)
    made = Compiled(lambda x: x + 1, torch.device("cuda"), "auto")
    assert made.fact == "yes" and made(1) == 2
    assert made.fact == "no: no compiler" and made(2) == 3
    assert Compiled(lambda x: x, torch.device("cuda"), "off").fact == "no: asked not to"


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
@pytest.mark.parametrize("compile", ["auto", "graphs", "off"])
def test_cuda_lanes_equal_lanes_alone(compile: str) -> None:
    made = train.tasks.gpt(text="grammar", compile=compile).problem(torch.device("cuda"))
    rows = torch.stack([made.first(seed) for seed in range(3)]).cuda()
    out, single = torch.empty_like(rows), torch.empty_like(rows[:1])
    batch = made.batch(0, (0,))
    losses, _ = made.gradients(rows, batch, out)
    for i in range(3):
        loss, _ = made.gradients(rows[i : i + 1], batch, single)
        assert loss.item() == pytest.approx(losses[i].item(), abs=2e-3)
        assert torch.linalg.vector_norm(single[0] - out[i]) < 0.02 * torch.linalg.vector_norm(out[i])
    assert rows.dtype == torch.float32
