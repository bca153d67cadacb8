"""The shape of a decoder: everything that its parameters and FLOPs depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, get_type_hints

from workbench.params import Choice, Flag, Kind, Param, check


@dataclass(frozen=True)
class Architecture:
    """A standard decoder: blocks of attention and a feed-forward layer between an embedding and a head.

    Parameters
    ----------
    depth : int
        Blocks.
    width : int
        Residual stream.
    heads : int
        Heads of the queries.
    ffn : int
        Width inside the feed-forward layer; 0 for ``4 * width``.
    vocab : int
        Tokens of the vocabulary.
    context : int
        Tokens of a sequence.
    kv_heads : int
        Heads of the keys and values; 0 for as many as `heads`.
    head_width : int
        Width of one head; 0 for ``width / heads``.
    gated : bool
        Whether the feed-forward layer has three matrices (SwiGLU) or two.
    tied : bool
        Whether the head is the embedding.
    norm : str
        "rms" (a gain), "layer" (a gain and a bias) or "none" (no parameters).
    bias : bool
        Whether the matrices of a block have biases.
    positions : bool
        Whether positions are learned: ``context * width`` parameters.

    Raises
    ------
    ValueError
        For a value outside its range, heads that do not divide the width, or key heads that do not divide
        the heads.
    """

    depth: Annotated[int, Param(1, 10_000, help="blocks")]
    width: Annotated[int, Param(1, 1_000_000, help="width of the residual stream")]
    heads: Annotated[int, Param(1, 10_000, help="heads of the queries")]
    ffn: Annotated[int, Param(0, 1e7, help="width of the feed-forward layer, 0 for 4 * width")] = 0
    vocab: Annotated[int, Param(1, 1e8, help="tokens of the vocabulary")] = 32_000
    context: Annotated[int, Param(1, 1e8, help="tokens of a sequence")] = 2048
    kv_heads: Annotated[int, Param(0, 10_000, help="heads of keys and values, 0 for heads")] = 0
    head_width: Annotated[int, Param(0, 1e6, help="width of one head, 0 for width / heads")] = 0
    gated: Annotated[bool, Flag("three matrices in the feed-forward layer")] = False
    tied: Annotated[bool, Flag("the head is the embedding")] = False
    norm: Annotated[str, Choice(("rms", "layer", "none"), "what a norm learns")] = "rms"
    bias: Annotated[bool, Flag("biases in the matrices of a block")] = False
    positions: Annotated[bool, Flag("learned positions")] = False

    def __post_init__(self) -> None:
        for name, (whole, param) in _arguments().items():
            object.__setattr__(self, name, check(name, getattr(self, name), param, integer=whole))
        if not self.head_width and self.width % self.heads:
            raise ValueError(
                f"heads must divide width {self.width}, or head_width be given; got {self.heads}"
            )
        if self.kv_heads and self.heads % self.kv_heads:
            raise ValueError(f"kv_heads must divide heads {self.heads}; got {self.kv_heads}")

    @property
    def inner(self) -> int:
        """Width of the feed-forward layer."""
        return self.ffn or 4 * self.width

    @property
    def queries(self) -> int:
        """Width of all heads of the queries together."""
        return self.heads * (self.head_width or self.width // self.heads)

    @property
    def keys(self) -> int:
        """Width of all heads of the keys, which is that of the values."""
        return self.queries // self.heads * (self.kv_heads or self.heads)

    def but(self, **changes: Any) -> Architecture:
        """The same with some values changed."""
        return replace(self, **changes)


@cache
def _arguments() -> Mapping[str, tuple[bool, Kind]]:
    """Whether each field is whole, and what it may be; read once, for shapes are made by the thousand."""
    hints = get_type_hints(Architecture, include_extras=True)
    return {
        f.name: (hints[f.name].__origin__ is int, hints[f.name].__metadata__[0]) for f in fields(Architecture)
    }


_GPT2 = {"vocab": 50_257, "context": 1024, "tied": True, "norm": "layer", "bias": True, "positions": True}
_LLAMA = {"vocab": 32_000, "gated": True}

KNOWN: Mapping[str, Architecture] = {
    "gpt2": Architecture(12, 768, 12, **_GPT2),
    "gpt2-medium": Architecture(24, 1024, 16, **_GPT2),
    "gpt2-large": Architecture(36, 1280, 20, **_GPT2),
    "gpt2-xl": Architecture(48, 1600, 25, **_GPT2),
    "llama-7b": Architecture(32, 4096, 32, 11_008, **_LLAMA),
    "llama-13b": Architecture(40, 5120, 40, 13_824, **_LLAMA),
    "llama-65b": Architecture(80, 8192, 64, 22_016, **_LLAMA),
    "llama-2-70b": Architecture(80, 8192, 64, 28_672, kv_heads=8, **{**_LLAMA, "context": 4096}),
    "llama-3-8b": Architecture(
        32, 4096, 32, 14_336, kv_heads=8, **{**_LLAMA, "vocab": 128_256, "context": 8192}
    ),
}
"""Public models whose shapes are published."""
