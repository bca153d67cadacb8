"""River-valley bigram model, inspired by arXiv 2410.05192."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.curve import Curve
from workbench.params import Param
from workbench.registry import task
from workbench.train.lane import Points, marks, rng, settle, take

_DRAW = 256
"""Steps whose samples are drawn at once."""

Array = NDArray[np.float64]


@task(title="River-valley bigram", paper="2410.05192")
@dataclass(frozen=True)
class bigram:  # noqa: N801, the public name
    """Logits of a bigram table learned by SGD, where some next tokens are certain and others are not.

    The context i is uniform over 1 ... contexts. A share `river` of contexts has one certain next
    token, the others choose evenly among `successors`. With logits Theta (contexts, vocab), zero at
    first, the loss is ``-1/n sum_i sum_j P_ij ln softmax(Theta_i)_j``, measured exactly. Its least value
    is `entropy`.

    Parameters
    ----------
    contexts : int
        Number n of contexts.
    vocab : int
        Number of tokens, at least `successors`.
    successors : int
        How many next tokens an uncertain context has.
    river : float
        Share of contexts with a certain next token.
    batch : int
        Samples of one update.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Parts "river" and "hill" sum to "loss". The river falls as ``n / sum of rates`` for each of its
    rows and has no noise at its end; the hill settles ``(1 - river)(1 - 1/m) rate / (4 batch)`` above
    `entropy` (for small rates) and falls when the rate does. Use it to see why a cooldown pays. Rates
    near 30 suit the defaults; 2 contexts successors is the limit of stability.

    The paper's sizes and optimiser were not found: this specification is inspired by its description,
    with low confidence that it is the authors' own.

    References
    ----------
    Wen et al., "Understanding Warmup-Stable-Decay Learning Rates: A River Valley Loss Landscape
    Perspective", 2024, arXiv 2410.05192.
    """

    contexts: Annotated[int, Param(2, 100_000, log=True, help="number of contexts")] = 1000
    vocab: Annotated[int, Param(2, 10_000, log=True, help="number of tokens")] = 64
    successors: Annotated[int, Param(2, 1000, log=True, help="next tokens of an uncertain context")] = 4
    river: Annotated[float, Param(0, 1, help="share of contexts with a certain next token")] = 0.5
    batch: Annotated[int, Param(1, 100_000, log=True, unit="samples", help="samples of one update")] = 64
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 200

    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    suggested_peak: ClassVar[float] = 30.0

    def __post_init__(self) -> None:
        settle(self)
        if self.vocab < self.successors:
            raise ValueError(f"vocab must be at least successors = {self.successors}; got {self.vocab}")
        if self.contexts * self.vocab > 2**26:
            raise ValueError(
                f"contexts times vocab must be at most {2**26} (0.5 GB); got {self.contexts * self.vocab}"
            )

    @property
    def certain(self) -> int:
        """Number of contexts with a certain next token; they come first."""
        return round(self.river * self.contexts)

    @property
    def entropy(self) -> float:
        """Least possible loss in nats, all of it in the part "hill"."""
        return (1 - self.certain / self.contexts) * float(np.log(self.successors))

    def start(self, seed: int, device: torch.device) -> Callable[[int], "_Lane"]:
        """What the engine calls; see `workbench.train.lane.Task`."""
        return lambda total: _Lane(self, seed, total)


def losses(task: bigram, logits: Array) -> tuple[float, float]:
    """River and hill part of the exact population loss at `logits` (contexts, vocab)."""
    top = logits.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    # The certain token is the first of a row, the possible ones its first m: which ones they are
    # makes no difference, since rows share nothing and begin alike.
    k, m = task.certain, task.successors
    river = (log_sum[:k] - logits[:k, 0]).sum()
    hill = (log_sum[k:] - logits[k:, :m].mean(axis=1)).sum()
    return float(river / task.contexts), float(hill / task.contexts)


def descend(logits: Array, context: NDArray[np.int64], token: NDArray[np.int64], rate: float) -> None:
    """One SGD update in place, on the mean loss of samples (context, token), each of shape (batch,)."""
    rows, count = np.unique(context, return_counts=True)
    chosen = logits[rows]
    chance = np.exp(chosen - chosen.max(axis=1, keepdims=True))
    chance *= (count / chance.sum(axis=1))[:, None]
    share = rate / len(context)
    logits[rows] = chosen - share * chance
    np.add.at(logits.reshape(-1), context * logits.shape[1] + token, share)


class _Lane:
    ceiling = 1e6

    def __init__(self, task: bigram, seed: int, total: int) -> None:
        self.task = task
        self.logits = np.zeros((task.contexts, task.vocab))
        self.samples = _samples(task, seed)
        self.due = set(marks(total, task.measurements).tolist())
        self.points = {name: Points() for name in ("loss", "river", "hill")}
        self.tokens = task.batch
        self.facts = {"n_params": self.logits.size}

    def step(self, t: int, rate: float) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            descend(self.logits, *next(self.samples), rate)
            if t in self.due:
                river, hill = losses(self.task, self.logits)
                for name, loss in (("loss", river + hill), ("river", river), ("hill", hill)):
                    self.points[name].add(t, loss)

    def take(self) -> dict[str, Curve]:
        return take(self.points)


def _samples(task: bigram, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    draw = rng(seed)
    shape = (_DRAW, task.batch)
    while True:
        context = draw.integers(task.contexts, size=shape)
        token = draw.integers(task.successors, size=shape)
        yield from zip(context, np.where(context < task.certain, 0, token), strict=True)
