"""Parameters and FLOPs: against transformers, published tables, closed forms; what conventions do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from benchmarks.reproduced_counting import runs as porian_runs
from workbench.scaling import count
from workbench.scaling.count import Architecture, convention, parameters

# Table A4 of 2203.15556: depth, width, feed-forward, heads, head width, FLOPs over 6ND.
HOFFMANN = [
    (10, 640, 2560, 10, 64, 1.03),
    (20, 1024, 4096, 16, 64, 1.10),
    (24, 1280, 5120, 10, 128, 1.08),
    (26, 1792, 7168, 14, 128, 1.04),
    (28, 2048, 8192, 16, 128, 1.03),
    (40, 3584, 14336, 28, 128, 0.99),
]

shapes = st.builds(
    lambda depth, heads, per_head, kv, ffn, vocab, context, flags: Architecture(
        depth, heads * per_head, heads, ffn, vocab, context, heads if kv else 1, 0, *flags
    ),
    st.integers(1, 40),
    st.integers(1, 16),
    st.sampled_from((32, 64, 128)),
    st.booleans(),
    st.integers(64, 8192),
    st.integers(100, 60_000),
    st.integers(16, 8192),
    st.tuples(
        st.booleans(), st.booleans(), st.sampled_from(("rms", "layer", "none")), st.booleans(), st.booleans()
    ),
)


def built(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"])
def test_gpt2_has_as_many_parameters_as_transformers_builds(name: str) -> None:
    a = count.KNOWN[name]
    with torch.device("meta"):
        model = GPT2LMHeadModel(GPT2Config(n_embd=a.width, n_layer=a.depth, n_head=a.heads))
    assert parameters(a).total == built(model)


@pytest.mark.parametrize("name", ["llama-7b", "llama-13b", "llama-65b", "llama-2-70b", "llama-3-8b"])
def test_llama_has_as_many_parameters_as_transformers_builds(name: str) -> None:
    a = count.KNOWN[name]
    config = LlamaConfig(
        vocab_size=a.vocab,
        hidden_size=a.width,
        intermediate_size=a.inner,
        num_hidden_layers=a.depth,
        num_attention_heads=a.heads,
        num_key_value_heads=a.kv_heads or a.heads,
        max_position_embeddings=a.context,
        tie_word_embeddings=a.tied,
    )
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    n = parameters(a)
    assert n.total == built(model)
    assert n.head == model.lm_head.weight.numel() and n.embedding == model.model.embed_tokens.weight.numel()
    layers = sum(p.numel() for p in model.model.layers.parameters() if p.ndim == 2)
    assert n.blocks == layers


@settings(max_examples=100)
@given(shapes)
def test_conventions_are_ordered_as_what_they_count(a: Architecture) -> None:
    flops = {name: convention(name).flops_per_token(a) for name in count.conventions()}
    assert flops["kaplan"] < flops["kaplan, attention"] < flops["porian"] < flops["palm"]
    assert flops["kaplan"] < flops["last layer"] < flops["porian"]
    assert flops["hoffmann A4"] < flops["hoffmann F"]
    assert convention("kaplan").n_params(a) < convention("chinchilla").n_params(a) == parameters(a).total
    for name in count.conventions():
        c = convention(name)
        assert c.compute(a, 1e9) == pytest.approx(1e9 * c.flops_per_token(a))
        assert c.flops_per_token(a.but(depth=a.depth + 1)) > c.flops_per_token(a)


@settings(max_examples=50)
@given(st.integers(1, 100), st.integers(1, 64), st.integers(100, 60_000), st.integers(16, 8192))
def test_closed_forms_agree_on_the_shape_they_assume(
    depth: int, heads: int, vocab: int, context: int
) -> None:
    """With a feed-forward layer of 4d, Megatron and PaLM count alike, DeepSeek the same without head."""
    a = Architecture(depth, 64 * heads, heads, 0, vocab, context)
    flops = {name: convention(name).flops_per_token(a) for name in count.conventions()}
    assert convention("kaplan").n_params(a) == 12 * depth * a.width**2
    assert flops["megatron"] == pytest.approx(flops["palm"])
    assert flops["deepseek"] == pytest.approx(flops["palm"] - 6 * vocab * a.width)


@pytest.mark.parametrize(("depth", "width", "ffn", "heads", "per_head", "ratio"), HOFFMANN)
def test_table_a4_of_hoffmann(
    depth: int, width: int, ffn: int, heads: int, per_head: int, ratio: float
) -> None:
    """Its sizes hold the matrices of relative positions, of which Transformer-XL has one per block."""
    a = Architecture(depth, width, heads, ffn, 32_000, 2048, head_width=per_head, tied=True)
    n = parameters(a).total + depth * width**2
    assert convention("hoffmann A4").flops_per_token(a) / (6 * n) == pytest.approx(ratio, abs=0.0055)


def test_palm_540b_by_its_own_formula() -> None:
    """Appendix B of 2204.02311: 6N + 12 L H Q T, with N of the printed 540.35 billion."""
    a = Architecture(
        118,
        18_432,
        48,
        4 * 18_432,
        256_000,
        2048,
        kv_heads=1,
        head_width=256,
        gated=True,
        tied=True,
        norm="none",
    )
    assert parameters(a).total == pytest.approx(540.35e9, rel=1e-3)
    published = 6 * 540.35e9 + 12 * 118 * 48 * 256 * 2048
    assert convention("palm").flops_per_token(a) == pytest.approx(published, rel=1e-3)


@pytest.fixture(scope="module")
def moved(data_folder) -> dict[str, count.ConventionExponent]:
    runs = porian_runs("base", "short", "kaplan")
    return {row.convention: row for row in count.exponents(*runs)}


@pytest.mark.parametrize(
    ("config", "published"),
    [
        (("base", "long", "kaplan"), 0.7065),
        (("base", "short", "kaplan"), 0.6020),
        (("base", "short", "chinchilla"), 0.5715),
        (("tuned", "short", "const"), 0.4969),
    ],
)
def test_exponents_of_porian_come_back(data_folder, config: tuple[str, str, str], published: float) -> None:
    (row,) = count.exponents(*porian_runs(*config), names=["last layer"])
    assert row.exponent == pytest.approx(published, abs=0.025)
    assert row.low < row.exponent < row.high


def test_the_convention_alone_moves_the_exponent_by_more_than_the_noise(moved) -> None:
    assert moved["kaplan"].low > moved["chinchilla"].high + 0.15
    assert moved["last layer"].low > moved["chinchilla"].high
    order = ("chinchilla", "last layer", "palm", "kaplan")
    assert [moved[name].exponent for name in order] == sorted(moved[name].exponent for name in order)


def test_a_convention_that_scales_all_alike_moves_nothing() -> None:
    """Losses of a known law in N of the blocks and D come back with its exponent."""
    alpha, beta = 0.4, 0.3
    models = [Architecture(depth, 64 * depth, depth, vocab=64, context=64) for depth in range(3, 20)]
    n = np.array([convention("kaplan").n_params(a) for a in models])
    shapes, tokens, loss = [], [], []
    for d in np.geomspace(1e6, 1e12, 80):
        shapes += models
        tokens += [d] * len(models)
        loss += list(1.5 + 400 / n**alpha + 400 / d**beta)
    (row,) = count.exponents(shapes, tokens, loss, names=["kaplan"], noise=1e-6, budgets=20)
    assert row.exponent == pytest.approx(beta / (alpha + beta), abs=0.01)


@settings(max_examples=60)
@given(st.floats(2e7, 1e12), st.sampled_from(("chinchilla", "kaplan", "last layer")))
def test_a_shape_has_the_size_that_was_asked_for(n_params: float, counted: str) -> None:
    a = count.shape_for(n_params, vocab=4096, counted=counted)
    assert convention(counted).n_params(a) == pytest.approx(n_params, rel=0.2)
    assert 40 < a.width / a.depth < 200


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Architecture(0, 64, 1), "depth must be at least 1 and at most 10000; got 0"),
        (lambda: Architecture(1, 65, 2), "heads must divide width 65"),
        (lambda: Architecture(1, 64, 4, kv_heads=3), "kv_heads must divide heads 4"),
        (lambda: Architecture(1, 64, 4, norm="batch"), "norm must be one of rms, layer, none"),
        (lambda: convention("openai"), "convention must be one of kaplan; .*got 'openai'"),
        (lambda: count.exponents(["gpt2"], [1.0], [1.0]), "architectures must be Architectures"),
        (lambda: count.exponents([count.KNOWN["gpt2"]], [1.0, 2.0], [1.0]), "tokens must have one value"),
        (
            lambda: count.exponents([count.KNOWN["gpt2"]], [1.0], [-1.0]),
            "loss must be finite and greater than 0",
        ),
        (lambda: count.exponents([count.KNOWN["gpt2"]], [float("inf")], [3.0]), "tokens must be .*got inf"),
        (lambda: count.exponents([count.KNOWN["gpt2"]], [1e9], [3.0], seed=-1), "seed must be at least 0"),
        (lambda: count.exponents([count.KNOWN["gpt2"]] * 2, [1e9, 2e9], [3.0, 2.9]), "an exponent needs 3"),
        (lambda: convention("kaplan").compute(count.KNOWN["gpt2"], -1), "tokens must be greater than 0"),
        (lambda: count.shape_for(1e6, vocab=200_000), "n_params must be large enough"),
        (lambda: count.shape_for(float("nan")), "n_params must be at least 100000"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_the_table_in_text_has_a_line_for_each_convention(moved) -> None:
    lines = count.text(tuple(moved.values())).splitlines()
    assert len(lines) == 1 + len(count.conventions()) and "90 % interval" in lines[0]
