"""Parameters of a decoder by tensor class, each counted exactly."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.scaling.count.architecture import Architecture


@dataclass(frozen=True)
class Parameters:
    """How many parameters there are of each class.

    Parameters
    ----------
    embedding, positions, attention, ffn, norms, biases, head : int
        `attention` and `ffn` are the matrices of all blocks; `head` is 0 where it is the embedding.
    """

    embedding: int
    positions: int
    attention: int
    ffn: int
    norms: int
    biases: int
    head: int

    @property
    def blocks(self) -> int:
        """Matrices of all blocks."""
        return self.attention + self.ffn

    @property
    def total(self) -> int:
        """Every parameter once, as a framework counts them."""
        return self.embedding + self.positions + self.blocks + self.norms + self.biases + self.head

    @property
    def non_embedding(self) -> int:
        """All but the embeddings of tokens and positions, and an untied head."""
        return self.blocks + self.norms + self.biases


def parameters(a: Architecture) -> Parameters:
    """Count the parameters of `a`, with norms before attention, before the feed-forward layer and at the end.

    Parameters
    ----------
    a : Architecture

    Returns
    -------
    Parameters

    Notes
    -----
    Agrees to the parameter with GPT-2 and LLaMA as transformers builds them.
    """
    attention = a.depth * a.width * (2 * a.queries + 2 * a.keys)
    matrices = 3 if a.gated else 2
    per_norm = {"rms": 1, "layer": 2, "none": 0}[a.norm] * a.width
    biases = a.queries + 2 * a.keys + a.width + (matrices - 1) * a.inner + a.width
    return Parameters(
        embedding=a.vocab * a.width,
        positions=a.context * a.width if a.positions else 0,
        attention=attention,
        ffn=a.depth * matrices * a.width * a.inner,
        norms=(2 * a.depth + 1) * per_norm,
        biases=a.depth * biases if a.bias else 0,
        head=0 if a.tied else a.vocab * a.width,
    )
