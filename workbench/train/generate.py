"""Text that a language model goes on with, sampled token by token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.curve import Run
from workbench.files import short
from workbench.params import Param, number
from workbench.train.corpora.prepared import tokenizer
from workbench.train.corpora.source import find
from workbench.train.corpora.tokenizer import BYTES, library
from workbench.train.model import CPU, Weights
from workbench.train.snapshots.kept import Source
from workbench.train.snapshots.weights import weights
from workbench.train.tasks.gpt import gpt
from workbench.train.transformer import Transformer

_COUNT = Param(1, 100_000, unit="tokens", help="tokens to write")
_TEMPERATURE = Param(0, 100, help="divides the logits")
_TOP_P = Param(1e-6, 1, help="share of the chances that is kept")
_SEED = Param(0, 2**63 - 1, help="seed")


def generate(
    source: Source | Weights,
    prompt: str,
    step: int | None = None,
    n: int = 200,
    temperature: float = 1.0,
    top_p: float | None = None,
    seed: int = 0,
    lane: int | None = None,
) -> str:
    """Text that the model of a run writes after a prompt.

    The next token is drawn from ``softmax(logits / temperature)``; with `top_p` from the fewest tokens
    whose chances sum to at least that.

    Parameters
    ----------
    source : Run, str, Path or Weights
        As of `workbench.train.weights`, or what it has read.
    prompt : str
        What the text begins with, not empty; the model sees the last ``task.context`` tokens of it all.
    step : int, optional
        The nearest snapshot at or before it writes; the latest where it is not given.
    n : int
        Tokens to write: bytes, where the vocabulary is 256.
    temperature : float
        0 takes the likeliest token each time.
    top_p : float, optional
        Above 0, at most 1.
    seed : int
        The same call gives the same text on the same machine.
    lane : int, optional
        Which lane of a folder, 0 unless given.

    Returns
    -------
    str
        What follows the prompt; bytes that are no UTF-8 show as a replacement character.

    Raises
    ------
    ValueError
        For a run of another task than `gpt`, an empty prompt or one that is not text, an argument outside
        its range, and whatever `workbench.train.weights` refuses.

    Notes
    -----
    Use it to see what a loss means: two branches a hundredth of a nat apart write alike. Every token costs
    a forward pass over the context, about a millisecond for the preset "0.1M".

    References
    ----------
    Holtzman et al., "The Curious Case of Neural Text Degeneration", 2019, arXiv 1904.09751, for `top_p`.
    """
    if not isinstance(prompt, str) or not prompt:
        raise ValueError(f"prompt must be text of at least one character; got {short(prompt)}")
    count = int(number("n", n, _COUNT, integer=True))
    heat = number("temperature", temperature, _TEMPERATURE)
    kept = 1.0 if top_p is None else number("top_p", top_p, _TOP_P)
    draw = torch.Generator().manual_seed(int(number("seed", seed, _SEED, integer=True)))
    _written(source)
    if isinstance(source, Weights):
        if step is not None or lane is not None:
            raise ValueError("source is Weights, which are of one step and lane: give neither step nor lane")
        model = source
    else:
        model = weights(source, step, lane)
    task = model.task
    if not isinstance(task, gpt):
        raise ValueError(_refusal(type(task).__name__))
    _same_text(source, task)
    text = _text(task)
    known = torch.tensor(text.encode(prompt))
    tokens = _sampled(task, model.row, known, count, heat, kept, draw)
    return text.decode(tokens)


def _written(source: Source | Weights) -> None:
    """Refuse a run of a task without text before its folder is looked for."""
    name = source.task.get("name") if isinstance(source, Run) else "gpt"
    if name != "gpt":
        raise ValueError(_refusal(str(name)))


def _refusal(name: str) -> str:
    return f"source must be of the task gpt, which is trained on text; got one of {name}"


def _sampled(
    task: gpt, row: Tensor, tokens: Tensor, count: int, heat: float, top_p: float, draw: torch.Generator
) -> list[int]:
    """Tokens that follow `tokens`."""
    model = Transformer(task.size)
    weights = model.layout.views(row[None].to(CPU))
    with torch.no_grad():
        for _ in range(count):
            seen = tokens[-task.context :]
            logits = model.logits(weights, seen[None, None])[0, -1].double()
            tokens = torch.cat([tokens, _next(logits, heat, top_p, draw)[None]])
    return tokens[-count:].tolist()


def _next(logits: Tensor, heat: float, top_p: float, draw: torch.Generator) -> Tensor:
    """One token by its logits (vocab,)."""
    if heat == 0:
        return logits.argmax()
    # Beforehand less the largest: a small temperature would make the others overflow.
    chances, order = torch.softmax((logits - logits.max()) / heat, 0).sort(descending=True)
    before = chances.cumsum(0) - chances
    sums = torch.where(before < top_p, chances, 0.0).cumsum(0)
    at = torch.searchsorted(sums, torch.rand((), generator=draw, dtype=torch.float64) * sums[-1], right=True)
    # Rounding may leave the draw at the very end of the sums.
    return order[at.clamp(max=int((before < top_p).sum()) - 1)]


@dataclass(frozen=True)
class _Text:
    """From text to tokens and back."""

    encode: Callable[[str], list[int]]
    decode: Callable[[list[int]], str]


def _text(task: gpt) -> _Text:
    if task.vocab <= BYTES:
        return _Text(_bytes, lambda tokens: bytes(tokens).decode("utf-8", "replace"))
    texts = (task.text, task.second) if task.second else (task.text,)
    sources = [find(name, text) for name, text in zip(("text", "second"), texts, strict=False)]
    pairs = library().Tokenizer.from_str(tokenizer(sources, task.vocab))
    return _Text(lambda prompt: pairs.encode(bytes(_bytes(prompt)).decode("utf-8")).ids, pairs.decode)


def _bytes(prompt: str) -> list[int]:
    try:
        return list(prompt.encode("utf-8"))
    except UnicodeEncodeError:
        raise ValueError("prompt must be text that UTF-8 can hold; it has half of a surrogate pair") from None


def _same_text(source: Source | Weights, task: gpt) -> None:
    """Refuse tokens that were learned from another text than the run's: they stand for other words."""
    there = source.facts.get("text_sha256") if isinstance(source, Run) else None
    if task.vocab > BYTES and there is not None:
        now = "-".join(corpus.sha256 for corpus in task.prepare())
        if now != there:
            raise ValueError(
                "source must be a run whose text is as it was; it has changed, and its tokens too"
            )
