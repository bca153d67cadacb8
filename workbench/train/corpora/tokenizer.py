"""Text to tokens: bytes as they are, or byte pairs learned from the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.train.corpora.source import Source

BYTES = 256
"""Vocabulary of plain bytes."""

_SAMPLE = 2**26
"""Bytes of text that pairs are learned from, about."""

_LINES = 2**14
"""Characters that are encoded as one, about; several are encoded side by side."""

Encode = Callable[[bytes], NDArray[np.unsignedinteger]]


def width(vocab: int) -> np.dtype[Any]:
    """Smallest type that holds every token."""
    return np.dtype(np.uint8 if vocab <= 2**8 else np.uint16 if vocab <= 2**16 else np.uint32)


def encode_bytes(text: bytes) -> NDArray[np.unsignedinteger]:
    """Bytes are tokens."""
    return np.frombuffer(text, np.uint8)


def library() -> Any:
    """The tokenizer library, or ``ValueError`` with what to do."""
    try:
        import tokenizers
    except ModuleNotFoundError:
        raise ValueError(
            "a vocab beyond 256 bytes needs Hugging Face's tokenizers: pip install tokenizers"
        ) from None
    return tokenizers


def learn(sources: Sequence[Source], vocab: int) -> str:
    """Byte-level byte-pair encoding learned from what `sources` train on, as the library's JSON.

    Raises
    ------
    ValueError
        When the text has too few pairs for so many tokens.

    References
    ----------
    Sennrich et al., 2016, arXiv 1508.07909; Radford et al., 2019 (over bytes).
    """
    of = library()
    tokenizer = of.Tokenizer(of.models.BPE())
    tokenizer.pre_tokenizer = of.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = of.decoders.ByteLevel()
    alphabet = of.pre_tokenizers.ByteLevel.alphabet()
    trainer = of.trainers.BpeTrainer(vocab_size=vocab, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_sample(sources), trainer)
    found = tokenizer.get_vocab_size()
    if found < vocab:
        raise ValueError(
            f"vocab must be at most {found}, all that byte-pair encoding finds in "
            f"{' and '.join(source.name for source in sources)}; got {vocab}"
        )
    return tokenizer.to_str()


def encoder(saved: str) -> Encode:
    """What encodes text with a tokenizer of `learn`."""
    of = library()
    tokenizer = of.Tokenizer.from_str(saved)
    kind = width(tokenizer.get_vocab_size())

    def encode(text: bytes) -> NDArray[np.unsignedinteger]:
        found = tokenizer.encode_batch(list(_lines(text.decode("utf-8", "replace"))))
        return np.concatenate([np.array(each.ids, kind) for each in found] or [np.empty(0, kind)])

    return encode


def _sample(sources: Sequence[Source]) -> Iterator[str]:
    """Every so many pieces of what is trained on."""
    every = max(1, sum(source.size for source in sources) // _SAMPLE)
    for source in sources:
        pieces = (piece for late, piece in source.pieces() if not late)
        yield from (piece.decode("utf-8", "replace") for i, piece in enumerate(pieces) if i % every == 0)


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        stop = text.find("\n", start + _LINES) + 1 or len(text)
        yield text[start:stop]
        start = stop
