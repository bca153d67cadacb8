"""Corpora as tokens on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.train.corpora import cache
from workbench.train.corpora.source import Source, find
from workbench.train.corpora.tokenizer import BYTES, Encode, encode_bytes, encoder, learn, library, width

_VERSION = 1
_ARGUMENTS = ("text", "second")
_SIDES = {False: "train.bin", True: "validation.bin"}

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are prepared."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Tokens to train on and tokens to validate on, each (n,) in a memory map, with a name for both.

    `sha256` is of all bytes, 16 digits: it says whether two runs saw the same text. `vocab` is 1 more than
    the largest token that there could be.
    """

    name: str
    train: NDArray[np.unsignedinteger]
    validation: NDArray[np.unsignedinteger]
    sha256: str
    vocab: int


def load(
    texts: Sequence[str], *, vocab: int = BYTES, context: int = 1, progress: Progress | None = None
) -> tuple[Corpus, ...]:
    """The corpora that one or two texts name, prepared where they are not yet.

    Parameters
    ----------
    texts : sequence of str
        Each a file, a folder whose text files are all read, or "python", "packages" or "grammar"; empty
        for "python".
    vocab : int
        256 for bytes; more for byte pairs, learned from all texts together.
    context : int
        Each part must be longer than this.
    progress : callable, optional
        Called about every megabyte while a text is prepared.

    Raises
    ------
    ValueError
        When a text is missing, unreadable, empty, too short for the context or too long for the cache,
        or the vocabulary is too large for the texts.

    Notes
    -----
    Tokens are written to the cache folder once and read from there: a text may be larger than memory.
    It is prepared again when a file's size or time changes.
    """
    sources = [find(argument, text) for argument, text in zip(_ARGUMENTS, texts, strict=False)]
    for source in sources:
        if not source.size:
            raise _short(source, context, 0)
    saved = tokenizer(sources, vocab) if vocab > BYTES else None
    return tuple(_load(source, vocab, context, saved, progress) for source in sources)


def _load(source: Source, vocab: int, context: int, saved: str | None, progress: Progress | None) -> Corpus:
    def make(folder: Path) -> None:
        cache.needs(source.size)
        encode = encode_bytes if saved is None else encoder(saved)
        _write(folder, source, encode, progress)

    name = cache.key(_VERSION, source.key, saved)
    corpus = _open(cache.made(name, _whole, make), source.name, vocab)
    if min(len(corpus.train), len(corpus.validation)) <= context:
        raise _short(source, context, len(corpus.train) + len(corpus.validation))
    return corpus


def _short(source: Source, context: int, length: int) -> ValueError:
    return ValueError(
        f"{source.argument} must be longer, more than {context} tokens (the context) to train on and as many "
        f"to validate; {source.name} has {length} in {len(source.files)} text files"
    )


def tokenizer(sources: Sequence[Source], vocab: int) -> str:
    """The byte pairs of texts as the library's JSON, learned where they are not yet."""

    def make(folder: Path) -> None:
        (folder / "tokenizer.json").write_text(learn(sources, vocab), encoding="utf-8")

    def whole(folder: Path) -> bool:
        return (folder / "tokenizer.json").is_file()

    name = cache.key(_VERSION, vocab, library().__version__, *(source.key for source in sources))
    return (cache.made(name, whole, make) / "tokenizer.json").read_text(encoding="utf-8")


def _write(folder: Path, source: Source, encode: Encode, progress: Progress | None) -> None:
    digests = {side: hashlib.sha256() for side in _SIDES}
    tokens = dict.fromkeys(_SIDES, 0)
    done = 0
    with open(folder / _SIDES[False], "wb") as train, open(folder / _SIDES[True], "wb") as validation:
        files = {False: train, True: validation}
        for side, piece in source.pieces():
            digests[side].update(piece)
            encoded = encode(piece)
            files[side].write(encoded.tobytes())
            tokens[side] += len(encoded)
            done += len(piece)
            if progress is not None:
                progress(min(done, source.size), source.size)
    digest = hashlib.sha256(digests[False].digest() + digests[True].digest()).hexdigest()[:16]
    about = {"sha256": digest, "train": tokens[False], "validation": tokens[True]}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _whole(folder: Path) -> bool:
    """Whether the files are there in one width and of the lengths that were written."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        sizes = [(folder / file).stat().st_size for file in _SIDES.values()]
        lengths = [about["train"], about["validation"]]
        return any([width * n for n in lengths] == sizes for width in (1, 2, 4))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _open(folder: Path, name: str, vocab: int) -> Corpus:
    about: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    parts = [_mapped(folder / file, width(vocab)) for file in _SIDES.values()]
    return Corpus(name, parts[0], parts[1], about["sha256"], vocab)


def _mapped(path: Path, kind: np.dtype[Any]) -> NDArray[np.unsignedinteger]:
    # An empty file cannot be mapped.
    return np.memmap(path, kind, "r") if path.stat().st_size else np.empty(0, kind)
