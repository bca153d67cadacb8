"""How papers count model size and training compute, each convention by name.

A convention is a size in parameters and the FLOPs of training on one token; where a paper gives only one
of them, the other is six times or a sixth of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workbench.files import short
from workbench.params import Param, number
from workbench.scaling.count.architecture import Architecture
from workbench.scaling.count.parameters import parameters

Count = Callable[[Architecture], float]


@dataclass(frozen=True)
class Convention:
    """One way of counting.

    Parameters
    ----------
    name, paper : str
        Its name here, and the arXiv number.
    about : str
        What it counts and leaves out.
    n_params : callable
        Size of an architecture, in parameters.
    flops_per_token : callable
        FLOPs of training on one token: forward and twice as much backward.
    """

    name: str
    paper: str
    about: str
    n_params: Count
    flops_per_token: Count

    def compute(self, a: Architecture, tokens: float) -> float:
        """FLOPs of training `a` on `tokens` tokens, above 0."""
        return self.flops_per_token(a) * number("tokens", tokens, Param(0, 1e18, open_low=True))


def _blocks(a: Architecture) -> float:
    return parameters(a).blocks


def _last_layer(a: Architecture) -> float:
    return parameters(a).blocks + a.vocab * a.width


def _total(a: Architecture) -> float:
    return parameters(a).total


def _mixing(a: Architecture) -> float:
    """Forward FLOPs per token of scores and of the sums that they weigh, no mask counted."""
    return 4.0 * a.depth * a.context * a.queries


def _hoffmann_blocks(a: Architecture) -> float:
    projections = 2.0 * a.width * (2 * a.queries + 2 * a.keys)
    softmax = 3.0 * a.heads * a.context
    dense = 2.0 * (3 if a.gated else 2) * a.width * a.inner
    return 3 * (a.depth * (projections + softmax + dense) + _mixing(a))


def _hoffmann(a: Architecture) -> float:
    return _hoffmann_blocks(a) + 3 * (2.0 + 2.0) * a.vocab * a.width


def _megatron(a: Architecture) -> float:
    per_block = 72.0 * a.depth * a.width**2
    return per_block * (1 + a.context / (6 * a.width) + a.vocab / (12 * a.depth * a.width))


def _deepseek(a: Architecture) -> float:
    return 72.0 * a.depth * a.width**2 + 12.0 * a.depth * a.width * a.context


_ROWS = (
    Convention(
        "kaplan",
        "2001.08361",
        "6N, N the matrices of the blocks: no embedding, no last layer, no attention over the context",
        _blocks,
        lambda a: 6 * _blocks(a),
    ),
    Convention(
        "kaplan, attention",
        "2001.08361",
        "6N of the blocks and 6 depth context width: attention counted at half, as under a causal mask",
        _blocks,
        lambda a: 6 * _blocks(a) + 1.5 * _mixing(a),
    ),
    Convention(
        "chinchilla",
        "2203.15556",
        "6N, N every parameter: embeddings, norms and biases included",
        _total,
        lambda a: 6 * _total(a),
    ),
    Convention(
        "hoffmann F",
        "2203.15556",
        "appendix F: the embedding as a matrix product, all scores, softmax, last layer",
        _total,
        _hoffmann,
    ),
    Convention(
        "hoffmann A4",
        "2203.15556",
        "the same without embedding and last layer: what the ratios printed in its table A4 agree with",
        _total,
        _hoffmann_blocks,
    ),
    Convention(
        "last layer",
        "2406.19146",
        "6N, N the blocks and the last layer, no embedding, no attention over the context",
        _last_layer,
        lambda a: 6 * _last_layer(a),
    ),
    Convention(
        "porian",
        "2406.19146",
        "the same with 6 depth context width for attention; N a sixth of that",
        lambda a: _last_layer(a) + _mixing(a) / 4,
        lambda a: 6 * _last_layer(a) + 1.5 * _mixing(a),
    ),
    Convention(
        "palm",
        "2204.02311",
        "6N and 12 depth context width, all scores; N the weights that multiply, last layer included",
        _last_layer,
        lambda a: 6 * _last_layer(a) + 3 * _mixing(a),
    ),
    Convention(
        "megatron",
        "2104.04473",
        "72 l h^2 (1 + s/6h + V/12lh), without recomputation: feed-forward of 4h, all scores, last layer",
        _last_layer,
        _megatron,
    ),
    Convention(
        "deepseek",
        "2401.02954",
        "M = 72 l d^2 + 12 l d s: feed-forward of 4d (or 8/3 d gated), all scores, no last layer",
        lambda a: _deepseek(a) / 6,
        _deepseek,
    ),
)

CONVENTIONS: Mapping[str, Convention] = {row.name: row for row in _ROWS}
"""Every convention by name."""


def conventions() -> list[str]:
    """Names of all conventions."""
    return list(CONVENTIONS)


def convention(name: str) -> Convention:
    """The convention called `name`.

    Raises
    ------
    ValueError
        For a name that there is not.
    """
    if not isinstance(name, str) or name not in CONVENTIONS:
        raise ValueError(f"convention must be one of {'; '.join(CONVENTIONS)}; got {short(name)}")
    return CONVENTIONS[name]
