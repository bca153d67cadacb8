"""River-valley bigram model, inspired by arXiv 2410.05192."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.params import Choice, Param
from workbench.registry import task
from workbench.train.device import keep_freed_memory
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.sgd import SGD
from workbench.train.problem import Sparse
from workbench.train.task import settle
from workbench.train.tasks.blocks import Blocks

Array = NDArray[np.float64]


@task(title="River-valley bigram", paper="2410.05192")
@dataclass(frozen=True)
class bigram:  # noqa: N801, the public name
    """Logits of a bigram table learned by SGD, where some next tokens are certain and others are not.

    The context i is uniform over 1 ... contexts. A share `river` of contexts has one certain next
    token, the others choose among `successors`, evenly or with chances drawn from a Dirichlet
    distribution. With logits Theta (contexts, vocab), zero at first, the loss is
    ``-1/n sum_i sum_j P_ij ln softmax(Theta_i)_j``, measured exactly. Its least value is `entropy`.

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
    concentration : float
        Of the Dirichlet distribution of an uncertain context's chances; 0 for even chances.
    batch : int
        Samples of one update.
    precision : str
        "float32" or "float64" of weights and updates; losses differ by less than 1e-5.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Parts "river" and "hill" sum to "loss". The river falls as ``n / sum of rates`` for each of its
    rows and has no noise at its end; the hill settles `excess` above `entropy` (for small rates) and
    falls when the rate does. Use it to see why a cooldown pays. Rates near 30 suit the defaults; 2
    contexts successors is the limit of stability.

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
    concentration: Annotated[float, Param(0, 1e6, slider=(0, 10), help="of chances; 0 for even ones")] = 0.0
    batch: Annotated[int, Param(1, 100_000, log=True, unit="samples", help="samples of one update")] = 64
    precision: Annotated[str, Choice(("float32", "float64"), help="of weights and updates")] = "float32"
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 200

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
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

    @cached_property
    def chances(self) -> Array:
        """Chance of each possible next token, (contexts, successors).

        The certain token is the first of a row, the possible ones its first `successors`: which ones
        they are makes no difference, since rows share nothing and begin alike.
        """
        n, k, m = self.contexts, self.certain, self.successors
        chances = np.full((n, m), 1 / m)
        chances[:k] = np.eye(1, m)
        if self.concentration:
            # One draw for all seeds: it belongs to the problem.
            draw = np.random.default_rng([n, m])
            chances[k:] = draw.dirichlet(np.full(m, self.concentration), size=n - k)
        return chances

    @property
    def entropy(self) -> float:
        """Least possible loss in nats, all of it in the part "hill"."""
        logs = np.log(self.chances, out=np.zeros_like(self.chances), where=self.chances > 0)
        return float(-np.sum(self.chances * logs) / self.contexts)

    def excess(self, rate: float) -> float:
        """How far above `entropy` the hill settles at a small constant rate.

        ``rate / (4 batch)`` times the trace of the Hessian, ``1/n sum_i (1 - sum_j P_ij^2)``.
        """
        trace = float(np.sum(1 - np.sum(self.chances**2, axis=1)) / self.contexts)
        return rate * trace / (4 * self.batch)

    @property
    def optimizer(self) -> SGD:
        """Plain SGD."""
        return SGD()

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)


class _Problem:
    ceiling = 1e6
    sample_tokens = 1

    def __init__(self, task: bigram, device: torch.device) -> None:
        self.device, self.tokens, self.facts = device, task.batch, {"entropy": task.entropy}
        self.certain, self.successors = task.certain, task.successors
        self.shape = (task.contexts, task.vocab)
        self.layout = Layout((Weight("logits", self.shape),), getattr(torch, task.precision))
        drawn = min(task.batch, task.contexts)
        # Shift, exponential, sum, scaling, target, rate and update of every logit touched.
        self.flops = 7.0 * drawn * task.vocab
        room = 2**22 if device.type == "cpu" else 2**28
        self.at_once = max(1, min(1024, room // self.layout.n_params))
        self.piece = max(1, (2**16 if device.type == "cpu" else 2**24) // task.vocab)
        self.chances = torch.from_numpy(task.chances).to(device)
        self.offset = torch.arange(4096, device=device)[:, None] * task.contexts
        numbers = max(task.batch, drawn * task.successors)
        self.blocks = Blocks(_Draw(task, self.layout.dtype), task.batch, numbers, device)
        if device.type == "cpu":
            keep_freed_memory()

    def first(self, seed: int) -> Tensor:
        return torch.zeros(self.layout.n_params, dtype=self.layout.dtype)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> tuple[Tensor, ...]:
        """Rows that samples fall on, (seeds, k), their shares (..., 1) and their next tokens' (..., m).

        Row numbers of a seed are distinct; shares are of the batch, and 0 for rows that fill up k.
        """
        return self.blocks(step, seeds, size)

    def gradients(self, rows: Tensor, batch: tuple[Tensor, ...], out: Tensor) -> tuple[None, Sparse]:
        index, share, target = batch
        chosen = self._chosen(rows, index)
        chance = chosen.sub_(chosen.amax(-1, keepdim=True)).exp_()
        chance.mul_(share / chance.sum(-1, keepdim=True))
        chance[..., : self.successors].sub_(target)
        return None, Sparse(index, chance)

    def losses(self, rows: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        index, share, target = batch
        chosen = self._chosen(rows, index)
        right = (target * chosen[..., : self.successors]).sum((-2, -1))
        return (share[..., 0] * chosen.logsumexp(-1)).sum(-1) - right

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        n, vocab = self.shape
        flat = rows.reshape(-1, vocab)
        # In pieces that stay in a core's cache; the tables of many lanes do not.
        pieces = [self._log_chances(piece) for piece in flat.split(self.piece)]
        losses = -(torch.cat(pieces).view(-1, n, self.successors) * self.chances).sum(-1)
        river = losses[:, : self.certain].sum(-1) / n
        hill = losses[:, self.certain :].sum(-1) / n
        return {"loss": river + hill, "river": river, "hill": hill}

    def _log_chances(self, logits: Tensor) -> Tensor:
        """Of the possible tokens, (rows, successors) in float64."""
        below = logits - logits.amax(-1, keepdim=True)
        possible = below[:, : self.successors].to(torch.float64, copy=True)
        # What is small beside the likeliest token must not be lost: only the sum needs all digits.
        return possible - below.exp_().sum(-1, keepdim=True, dtype=torch.float64).log_()

    def _chosen(self, rows: Tensor, index: Tensor) -> Tensor:
        """Rows `index` of each lane's table, (lanes, k, vocab)."""
        lanes, (_, vocab) = len(rows), self.shape
        where = (index + self.offset[:lanes]).reshape(-1)
        return rows.reshape(-1, vocab).index_select(0, where).view(lanes, -1, vocab)


class _Draw:
    """Samples of many steps, sorted by the row that they fall on."""

    def __init__(self, task: bigram, dtype: torch.dtype) -> None:
        self.contexts, self.successors = task.contexts, task.successors
        self.below = np.cumsum(task.chances, axis=1)[:, :-1]
        self.type: Any = np.float64 if dtype == torch.float64 else np.float32

    def __call__(self, draw: np.random.Generator, steps: int, size: int) -> list[NDArray[Any]]:
        context = draw.integers(self.contexts, size=(steps, size))
        token = (draw.random((steps, size, 1)) >= self.below[context]).sum(-1)
        k = min(size, self.contexts)
        order = np.argsort(context, axis=1, kind="stable")
        context, token = (np.take_along_axis(each, order, axis=1) for each in (context, token))
        index, slot = _distinct(context, k)
        at = np.arange(steps)[:, None] * k + slot
        cells = (at * self.successors + token).reshape(-1)
        target = np.bincount(cells, minlength=steps * k * self.successors) / size
        target = target.reshape(steps, k, self.successors).astype(self.type)
        return [index, target.sum(-1, keepdims=True), target]


def _distinct(rows: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct numbers of each sorted line, filled up with others to k, and where each number went."""
    new = np.ones(rows.shape, dtype=bool)
    new[:, 1:] = rows[:, 1:] != rows[:, :-1]
    slot = np.cumsum(new, axis=1) - 1
    # Of the numbers below k, enough are free: no more are used than there are slots filled.
    line, _ = np.nonzero(rows < k)
    used = np.zeros((len(rows), k), dtype=bool)
    used[line, rows[rows < k]] = True
    free = np.argsort(used, axis=1, kind="stable")
    empty = np.arange(k) - slot[:, -1:] - 1
    index = np.take_along_axis(free, np.maximum(empty, 0), axis=1)
    np.put_along_axis(index, slot, rows, axis=1)
    return index, slot
