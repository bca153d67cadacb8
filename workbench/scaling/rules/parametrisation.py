"""What a parametrisation says of each class of tensors, as a table for one architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.views.words import figure, table, text_table

CLASSES = (
    "embedding",
    "hidden",
    "hidden vectors",
    "final norm",
    "readout",
    "attention logits",
    "residual branch",
)
"""Every class of tensors: matrices of the blocks are hidden, their norms and biases hidden vectors."""
_HEAD = ("tensors", "initial std", "rate", "weight decay", "eps", "multiplier")


@dataclass(frozen=True)
class TensorRule:
    """Values of one class; None where the class has no such thing.

    Parameters
    ----------
    init_std : float, optional
        Standard deviation at the start.
    rate, weight_decay, eps : float, optional
        Of its group in AdamW; the decay is multiplied by the rate.
    multiplier : float, optional
        What the forward pass multiplies by.
    """

    init_std: float | None = None
    rate: float | None = None
    weight_decay: float | None = None
    eps: float | None = None
    multiplier: float | None = None


@dataclass(frozen=True)
class Parametrisation:
    """Values of every class of tensors.

    Parameters
    ----------
    title : str
        Of the rule.
    rows : mapping
        `TensorRule` by class.
    notes : tuple of str
        What the table cannot hold.
    """

    title: str
    rows: Mapping[str, TensorRule]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> TensorRule:
        """The values of one class."""
        if name not in self.rows:
            raise ValueError(f"class must be one of {', '.join(self.rows)}; got {name!r}")
        return self.rows[name]

    def cells(self) -> list[tuple[str, ...]]:
        """The table as text, its head first."""
        body = [
            (
                name,
                *(
                    "" if v is None else figure(v, 3)
                    for v in (r.init_std, r.rate, r.weight_decay, r.eps, r.multiplier)
                ),
            )
            for name, r in self.rows.items()
        ]
        return [_HEAD, *body]

    def __str__(self) -> str:
        return "\n".join([self.title, text_table(self.cells()), *(f"- {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        head, *body = self.cells()
        notes = "".join(f"<li>{note}</li>" for note in self.notes)
        return f"<p>{self.title}</p>{table(head, body)}<ul>{notes}</ul>"


def scaled(
    title: str,
    *,
    width: float,
    depth: float,
    exponent: float,
    head_width: int,
    rate: float,
    init_std: float,
    weight_decay: float,
    eps: float,
    notes: tuple[str, ...] = (),
) -> Parametrisation:
    """The table at `width` times the base width and `depth` times the base depth.

    `exponent` is a in the residual multiplier ``depth^-a``; 1/2 is depth-muP, 1 CompleteP; at depth 1 it
    is muP.
    """
    deep = depth ** (exponent - 1)
    small = eps / width * depth**-exponent
    vectors = {"weight_decay": 0.0, "eps": small}
    rows = {
        "embedding": TensorRule(init_std, rate, weight_decay, small, 1.0),
        "hidden": TensorRule(init_std / width**0.5, rate * deep / width, weight_decay * width, small),
        "hidden vectors": TensorRule(None, rate * deep, **vectors),
        "final norm": TensorRule(None, rate, **vectors),
        "readout": TensorRule(init_std, rate, weight_decay, small, 1 / width),
        "attention logits": TensorRule(multiplier=1 / head_width),
        "residual branch": TensorRule(multiplier=depth**-exponent),
    }
    common = (
        "Attention logits are q k / head width, not / its square root.",
        "Zeros instead of the initial std are recommended for the readout and the queries.",
    )
    return Parametrisation(title, rows, (*common, *notes))
