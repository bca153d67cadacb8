"""A planned size and number of tokens, with how sure it is, what else would do, and what others would say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.params import Param, number
from workbench.scaling import constants
from workbench.scaling.gpus import MFU, hours_of
from workbench.scaling.reaching import tokens_for
from workbench.scaling.table import Place
from workbench.views.table import Table
from workbench.views.words import figure

Array = NDArray[np.float64]
FLAT = 0.005
"""Nats by which a size may be worse and still belong to the basin: what two seeds differ by."""
_GRID = 2001


@dataclass(frozen=True, eq=False)
class Sizing:
    """The best size and number of tokens for a budget or a loss.

    Parameters
    ----------
    n_params, tokens : float
        The optimum, counted as the law counts.
    loss : float
        What the law says of it.
    loss_interval : tuple of float, optional
        90 % interval of the law there.
    flops : float
        Of training and serving, ``6 n_params tokens + 2 n_params served_tokens``.
    served_tokens : float
        Tokens that the model will be asked for.
    law : str
        Registered law.
    params : mapping
        Its parameters.
    source : str
        Whose parameters.
    draws : array, shape (S, 2)
        Best sizes and tokens under resampled data; empty for published constants, which have none.
    asked : mapping
        What was asked for, plain values.
    notes : tuple of str
        What to mind.
    """

    n_params: float
    tokens: float
    loss: float
    loss_interval: tuple[float, float] | None
    flops: float
    served_tokens: float
    law: str
    params: Mapping[str, float]
    source: str
    draws: Array
    asked: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]

    @property
    def convention(self) -> str:
        """How compute is counted."""
        return "6ND" if not self.served_tokens else "6ND for training, 2N per served token"

    @property
    def training_flops(self) -> float:
        """``6 n_params tokens``."""
        return 6 * self.n_params * self.tokens

    @property
    def tokens_per_param(self) -> float:
        """Tokens per parameter."""
        return self.tokens / self.n_params

    def region(self, level: float = 0.9) -> dict[str, tuple[float, float]]:
        """Interval of the best size, of the best tokens and of their ratio; empty for published constants."""
        level = number("level", level, Param(0.01, 0.999))
        if not len(self.draws):
            return {}
        columns = {
            "n_params": self.draws[:, 0],
            "tokens": self.draws[:, 1],
            "tokens_per_param": self.draws[:, 1] / self.draws[:, 0],
        }
        tails = [(1 - level) / 2, (1 + level) / 2]
        return {name: tuple(map(float, np.quantile(c, tails))) for name, c in columns.items()}  # pyright: ignore[reportReturnType]

    def loss_at(self, n_params: Any) -> Array:
        """Loss of other sizes at the same compute; infinite where serving alone takes more."""
        n = np.asarray(n_params, dtype=float)
        tokens = (self.flops / n - 2 * self.served_tokens) / 6
        with np.errstate(invalid="ignore", divide="ignore"):
            loss = registry.get("scaling", self.law).function(
                Place(n, np.where(tokens > 0, tokens, np.nan)), **self.params
            )
        return np.where(tokens > 0, loss, np.inf)

    def basin(self, nats: float = FLAT) -> tuple[float, float]:
        """The smallest and largest size whose loss, at the same compute, is within `nats` of the best."""
        nats = number("nats", nats, Param(0, 10, open_low=True))
        sizes = self.n_params * np.exp(np.linspace(-7, 7, _GRID))
        good = sizes[self.loss_at(sizes) <= self.loss + nats]
        return float(good.min()), float(good.max())

    def other_size(self, factor: float) -> dict[str, float]:
        """What a model `factor` times as large costs.

        Returns
        -------
        dict
            ``n_params``; ``tokens`` and ``loss`` at the same compute, and ``loss_more``; and
            ``compute_more``, the share of compute beyond the plan's with which it reaches the plan's loss
            (infinite where it never does).
        """
        factor = number("factor", factor, Param(1e-3, 1e3))
        n = self.n_params * factor
        loss = float(self.loss_at(n))
        law = registry.get("scaling", self.law).function
        needed = float(tokens_for(law, self.params, np.array(n), self.loss))
        return {
            "n_params": n,
            "tokens": max((self.flops / n - 2 * self.served_tokens) / 6, 0.0),
            "loss": loss,
            "loss_more": loss - self.loss,
            "compute_more": n * (6 * needed + 2 * self.served_tokens) / self.flops - 1,
        }

    def others(self) -> Table:
        """What published laws would choose for this training compute, and what that costs under this law."""
        law = registry.get("scaling", self.law).function
        rows = []
        for name in constants.USUAL:
            one = constants.get(name)
            n, tokens = (float(v[0]) for v in one.best(self.training_flops))
            loss = float(law(Place(n, tokens), **self.params))
            rows.append(
                {
                    "law": one.title,
                    "size": n,
                    "tokens": tokens,
                    "tokens per parameter": tokens / n,
                    "loss more by this law": loss
                    - float(law(Place(self.n_params, self.tokens), **self.params)),
                    "counts": one.counting,
                }
            )
        notes = [f"training compute {self.training_flops:.3g} FLOPs, 6ND; this law: {self.source}"]
        notes.append("sizes are counted in each paper's own way, and put into 6ND as they are")
        return Table("What published laws would choose", tuple(rows), tuple(notes))

    def settings(self, batch_tokens: float | None = None, **known: float) -> Mapping[str, Mapping[str, Any]]:
        """Rate, batch and weight decay by every rule that can answer.

        Parameters
        ----------
        batch_tokens : float, optional
            Tokens of an update; some rules for the rate need it.
        **known
            Further facts that rules ask for: rate, compute by another convention, ...

        Returns
        -------
        mapping
            "rate", "batch_tokens", "weight_decay", each a mapping of a rule's name to its `Advice`.
        """
        from workbench.scaling import rules

        facts = {"n_params": self.n_params, "tokens": self.tokens, "compute": self.training_flops}
        facts |= {"loss": self.loss, **known}
        if batch_tokens is not None:
            facts["batch_tokens"] = number("batch_tokens", batch_tokens, Param(1, 1e12))
        return {gives: rules.compare(gives, **facts) for gives in ("rate", "batch_tokens", "weight_decay")}

    def hours(self, gpu: str, mfu: float = MFU) -> float:
        """GPU-hours of the training."""
        return hours_of(self.training_flops, gpu, mfu)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The plan in words."""
        low, high = self.basin()
        out = [
            f"{figure(self.n_params, 3)} parameters on {figure(self.tokens, 3)} tokens "
            f"({self.tokens_per_param:.3g} per parameter), loss {self.loss:.4f}",
            f"{self.training_flops:.3g} FLOPs of training ({self.convention}), by {self.source}",
            f"within {FLAT} nats at the same compute: {figure(low, 3)} to {figure(high, 3)} parameters",
        ]
        region = self.region()
        if region:
            a, b = region["n_params"]
            out.append(f"90 % interval of the best size: {figure(a, 3)} to {figure(b, 3)}")
        for factor, word in ((0.5, "half"), (2.0, "twice")):
            other = self.other_size(factor)
            more = other["compute_more"]
            needs = (
                f"{more:+.1%} compute for the same loss" if np.isfinite(more) else "never reaches this loss"
            )
            same = other["loss_more"]
            loses = (
                f"{same:+.4f} nats at the same compute" if np.isfinite(same) else "serving takes all compute"
            )
            out.append(f"{word} the size: {loses}, or {needs}")
        return (*out, *self.notes)

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "n_params": self.n_params,
            "tokens": self.tokens,
            "loss": self.loss,
            "loss_interval": None if self.loss_interval is None else list(self.loss_interval),
            "flops": self.flops,
            "training_flops": self.training_flops,
            "convention": self.convention,
            "served_tokens": self.served_tokens,
            "law": self.law,
            "params": dict(self.params),
            "source": self.source,
            "region": {name: list(pair) for name, pair in self.region().items()},
            "basin": list(self.basin()),
            "asked": dict(self.asked),
            "notes": list(self.notes),
        }
