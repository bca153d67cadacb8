"""Scaling laws as they were published: constants, what they count, and how surely we quote them right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import registry
from workbench.files import short
from workbench.scaling.laws.kaplan import PF_DAY
from workbench.scaling.newton import huber
from workbench.scaling.parametric import optimum
from workbench.scaling.table import Points, quantity
from workbench.views.table import Table

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Published:
    """A published law, or a published frontier ``n_params = factor (C / unit)^exponent``.

    Parameters
    ----------
    name, title, paper : str
        Ours, the authors', and the arXiv number.
    law : str
        Registered law; "" for one that is only a frontier.
    params : mapping
        Its constants.
    frontier : tuple of float
        factor, exponent and unit of compute in FLOPs, for one that is only a frontier.
    counting : str
        What the parameters count: "all", or "no embeddings".
    loss : str
        Unit of the loss.
    sure : bool
        Whether the constants were read in the paper or its code, and not remembered.
    note : str
        What to mind.
    """

    name: str
    title: str
    paper: str
    law: str = ""
    params: Mapping[str, float] = field(default_factory=dict)
    frontier: tuple[float, float, float] | None = None
    counting: str = "all"
    loss: str = "nats per token"
    sure: bool = True
    note: str = ""

    def best(self, compute: ArrayLike) -> tuple[Array, Array]:
        """Best size and tokens at budgets (m,), by ``compute = 6 n_params tokens``."""
        c = np.atleast_1d(quantity("compute", compute))
        if self.frontier is not None:
            factor, exponent, unit = self.frontier
            n = factor * (c / unit) ** exponent
            return n, c / (6 * n)
        n, tokens, _ = optimum(self.law, self.params, c)
        return n, tokens

    def score(self, points: Points) -> float:
        """Sum of Huber(1e-3) of log loss of these constants on `points`."""
        if not self.law:
            raise ValueError(f"{self.name} is a frontier and predicts no loss")
        said = np.asarray(registry.get("scaling", self.law).function(points, **self.params))
        return float(huber(np.log(said / points.loss), np.ones(len(points))))


def _chinchilla(e: float, a: float, alpha: float, b: float, beta: float) -> Mapping[str, float]:
    return MappingProxyType({"E": e, "A": a, "alpha": alpha, "B": b, "beta": beta})


_ALL = (
    Published(
        "hoffmann",
        "Hoffmann et al. 2022 (Chinchilla), as printed",
        "2203.15556",
        "chinchilla",
        _chinchilla(1.69, 406.4, 0.34, 410.7, 0.28),
        note="rounded; not the optimum of its own objective",
    ),
    Published(
        "hoffmann_unrounded",
        "Hoffmann et al. 2022, unrounded",
        "2203.15556",
        "chinchilla",
        _chinchilla(
            float(np.exp(0.5267228)),
            float(np.exp(6.0073404)),
            0.33917084,
            float(np.exp(6.0179186)),
            0.2849083,
        ),
        note="from the paper's source; not the optimum of its own objective",
    ),
    Published(
        "besiroglu",
        "Besiroglu et al. 2024 (replication)",
        "2404.10102",
        "chinchilla",
        _chinchilla(1.81686, 482.006, 0.34781, 2085.434, 0.36585),
        note="maximum likelihood with a scale, 240 runs",
    ),
    Published(
        "muennighoff",
        "Muennighoff et al. 2023 (unrepeated data, C4)",
        "2305.16264",
        "chinchilla",
        _chinchilla(
            float(np.exp(0.6254804)), float(np.exp(6.255414)), 0.3526596, float(np.exp(7.3049974)), 0.3526596
        ),
        note="both exponents held equal",
    ),
    Published(
        "minicpm",
        "Hu et al. 2024 (MiniCPM)",
        "2404.06395",
        "minicpm",
        MappingProxyType({"C_N": 7.15e-2, "alpha": 0.29, "C_D": 0.300, "beta": 0.23, "L0": 0.31}),
        counting="no embeddings",
        loss="nats per byte",
        note="mean of five sets; its units of a billion are inferred",
    ),
    Published(
        "kaplan",
        "Kaplan et al. 2020, best size",
        "2001.08361",
        frontier=(1.3e9, 0.73, PF_DAY),
        counting="no embeddings",
        note="for the least compute, at a batch far below the critical one",
    ),
    Published(
        "kaplan_fixed_batch",
        "Kaplan et al. 2020, best size at a fixed batch",
        "2001.08361",
        frontier=(1.6e9, 0.88, PF_DAY),
        counting="no embeddings",
    ),
    Published(
        "kaplan_joint",
        "Kaplan et al. 2020, size and data",
        "2001.08361",
        "kaplan_joint",
        MappingProxyType({"N_c": 6.4e13, "alpha_N": 0.076, "D_c": 1.8e13, "alpha_D": 0.103}),
        counting="no embeddings",
        sure=False,
        note="made for overfitting on little data; constants from memory",
    ),
    Published(
        "porian",
        "Porian et al. 2024, all corrections",
        "2406.19146",
        frontier=(0.118926, 0.496895, 1.0),
        note="RefinedWeb, tuned by size, 1.25e16 to 2.56e19 FLOPs",
    ),
)
PUBLISHED: Mapping[str, Published] = MappingProxyType({one.name: one for one in _ALL})
"""Every published law by name."""
USUAL = ("hoffmann", "besiroglu", "muennighoff", "minicpm", "kaplan", "porian")
"""Those that a plan is compared with."""


def get(name: str) -> Published:
    """The published law called `name`."""
    if not isinstance(name, str) or name not in PUBLISHED:
        raise ValueError(f"name must be one of {', '.join(PUBLISHED)}; got {short(name)}")
    return PUBLISHED[name]


def off_the_optimum(points: Points, objective: float, law: str = "chinchilla") -> Table:
    """How far published constants are from the optimum of the objective on these runs.

    Parameters
    ----------
    points : Points
        The runs.
    objective : float
        The optimum found on them.
    law : str
        Of which law.
    """
    rows = []
    for one in PUBLISHED.values():
        if one.law == law:
            score = one.score(points)
            rows.append({"constants": one.title, "objective": score, "times the optimum": score / objective})
    note = f"optimum {objective:.10g} on {len(points)} runs; sum of Huber(1e-3) of log loss"
    return Table("Published constants on these runs", tuple(rows), (note,))
