"""What a column is by its name: step, tokens, rate or loss, in the words of the trainers that write logs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from workbench.imports.columns import RATES, STEPS

What = Literal["step", "tokens", "rate", "loss"]


class Kind(NamedTuple):
    """What a column is; of several the one with the lowest rank is taken.

    `held` says that a loss was measured on other data than what is trained on, `unit` what it is in
    where the name says that.
    """

    what: What
    rank: int
    held: bool = False
    unit: str = "nats"


_BEFORE = r"(?:train_|trainer_|training_|progress_)?"
_STEP = (
    re.compile(_BEFORE + r"global_steps?"),
    re.compile(_BEFORE + r"(?:iter|iters|iteration|iterations|iter_num)"),
    re.compile(_BEFORE + r"(?:(?:n|num)_)?updates?"),
    re.compile(_BEFORE + r"(?:optimi[sz]er_|num_)?steps?"),
)
_TOKENS = re.compile(
    r"(?:.*_)?(?:tokens|(?:n|num|total|consumed)_tokens|tokens_(?:seen|consumed|processed|trained)|token_count)"
)
_RATE = re.compile(r"(?:.*_)?(?:lr|learning_rate)(?:_\w+)?")
_NOT_RATE = re.compile(
    r"lr_?(?:m|mult|multiplier|scale|factor|ratio|decay\w*|find\w*)(?:_|$)|min_lr|max_lr|peak_lr|momentum|weight_decay"
)
_LOSS = re.compile(r"(?:^|_)(?:[a-z]*loss|losses|nll|ce|cross_entropy|crossentropy)(?:_|$)")
_NOT_LOSS = re.compile(
    r"scale|aux|balanc|z_loss|zloss|router|grad|best|std|var(?:_|$)|__?min$|__?max$|diff|weight|runtime|time|count"
    # The mean over the whole training, as the Trainer of Hugging Face gives it to W&B and TensorBoard.
    r"|train_train_loss"
)
_SMOOTHED = re.compile(r"(?:^|_)(?:epoch|ema|avg|average|smooth\w*|running|mean)(?:_|$)")
_HELD = re.compile(r"(?:^|_)(?:val|valid|validation|eval|evaluation|test|dev|held_?out|hold_?out)(?:_|$)")
_PLAIN = re.compile(
    r"(?:train|training)_(?:lm_)?losse?s?(?:_step)?|losse?s?_(?:train|training)|(?:lm_)?loss|trl"
)
_UNITS = (
    ("perplexity", re.compile(r"(?:.*_)?(?:ppl|perplexity)(?:_.*)?")),
    ("bits per byte", re.compile(r"(?:.*_)?(?:bpb|bits_per_byte)(?:_.*)?")),
)


def plain(name: str) -> str:
    """``Train/LM loss`` as ``train_lm_loss``: what names are compared by."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


@lru_cache(maxsize=4096)
def kind(name: str) -> Kind | None:
    """What the column called `name` is, None where it is of no use."""
    # W&B counts calls of log() in _step, which need not be updates: any other counter is better.
    if name == "_step":
        return Kind("step", len(_STEP))
    short = plain(name)
    for rank, pattern in enumerate(_STEP):
        if pattern.fullmatch(short):
            return Kind("step", rank)
    if _TOKENS.fullmatch(short) and "_per_" not in short:
        return Kind("tokens", 0)
    if _RATE.fullmatch(short) and not _NOT_RATE.search(short):
        return Kind("rate", 0 if short.endswith(("lr", "learning_rate")) else 1)
    # What the import of schedules takes for a step or a rate is one here as well.
    if (low := name.strip().lower()) in STEPS:
        return Kind("step", len(_STEP) - 1)
    return Kind("rate", 1) if low in RATES else _loss(short)


def _loss(short: str) -> Kind | None:
    held = bool(_HELD.search(short))
    for unit, pattern in _UNITS:
        if pattern.fullmatch(short) and not re.search(r"__?m(?:in|ax)$", short):
            return Kind("loss", 8, held, unit)
    if not _LOSS.search(short) or _NOT_LOSS.search(short):
        return None
    if held:
        return Kind("loss", 5 if short.endswith("loss") else 6, True)
    return Kind("loss", 3 if _SMOOTHED.search(short) else 0 if _PLAIN.fullmatch(short) else 1)


def find(asked: str, names: list[str]) -> str | None:
    """The one of `names` that `asked` means: itself, or the only one that reads alike."""
    if asked in names:
        return asked
    alike = [name for name in names if plain(name) == plain(asked)]
    return alike[0] if len(alike) == 1 else None
