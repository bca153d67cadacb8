"""What turns Kaplan's exponent into Chinchilla's, one switch at a time, on the runs that showed it.

Porian, Wortsman, Jitsev, Schmidt, Carmon, "Resolving Discrepancies in Compute-Optimal Scaling of Language
Models", 2024, arXiv 2406.19146.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.files import short
from workbench.params import Choice, choice
from workbench.scaling.frontier import Frontier
from workbench.scaling.isoflop import isoflop
from workbench.scaling.reading import points
from workbench.scaling.table import Points
from workbench.views.table import Table

DATA = Choice(("rw", "owt2"))
SEED_NOISE = 5e-4
"""Standard deviation of the log of a loss that the authors' own intervals stand for."""
KAPLAN, HOFFMANN = 0.88, 0.50


@dataclass(frozen=True)
class Switches:
    """Corrections that are on.

    Parameters
    ----------
    last_layer : bool
        Count the parameters and FLOPs of the last layer too.
    warmup : bool
        A warmup that scales with the size, not one long warmup for all.
    cosine : bool
        A cosine that ends with each budget, in place of Kaplan's decay.
    tuned : bool
        Rate, batch and beta2 tuned by size, at a constant rate.
    """

    last_layer: bool = False
    warmup: bool = False
    cosine: bool = False
    tuned: bool = False

    @property
    def words(self) -> str:
        """What is on, in words."""
        names = {
            "last_layer": "last layer",
            "warmup": "warmup",
            "cosine": "cosine decay",
            "tuned": "tuned by size",
        }
        on = [label for name, label in names.items() if getattr(self, name)]
        return ", ".join(on) or "none: as Kaplan et al."


_ROWS: Mapping[Switches, tuple[str, str, str, str, str]] = {
    Switches(): ("", "base", "long", "kaplan", "kaplan"),
    Switches(True): ("", "base", "long", "kaplan", "standard"),
    Switches(True, True): ("", "base", "short", "kaplan", "standard"),
    Switches(True, True, True): ("", "base", "short", "chinchilla", "standard"),
    Switches(True, True, False, True): ("", "tuned", "short", "const", "standard"),
    Switches(tuned=True): ("_kaplan_tuned_hparams", "tuned", "long", "const", "kaplan"),
}
"""Which rows of the table were trained and counted so: file, hparams, warmup, decay, counting."""
STORY = tuple(_ROWS)[:5]
"""The corrections in the paper's order."""
_PUBLISHED = dict(zip(STORY, (0.8353, 0.7065, 0.6020, 0.5715, 0.4969), strict=True))
"""Exponents of the best size in the paper, on RefinedWeb."""


def runs(switches: Switches, data: str = "rw") -> Points:
    """The runs that were trained and counted with these corrections.

    Raises
    ------
    ValueError
        For a combination that nobody has trained, or a table that cannot be had.
    """
    choice("data", data, DATA)
    if not isinstance(switches, Switches):
        raise ValueError(
            f"switches must be Switches(...), the corrections that are on; got {short(switches)}"
        )
    if switches not in _ROWS or (switches == Switches(tuned=True) and data != "rw"):
        there = "; ".join(f"({known.words})" for known in _ROWS)
        raise ValueError(
            f"no runs have exactly these corrections: {short(switches.words)}; there are {there}"
        )
    from workbench import datasets

    tail, *wanted = _ROWS[switches]
    file = f"summary_df{tail or ('_owt2' if data == 'owt2' else '')}"
    table: Any = datasets.load("porian")
    rows = table[table["file"] == file]
    for column, value in zip(("hparams", "warmup", "decay", "param_count"), wanted, strict=True):
        rows = rows[rows[column] == value]
    about = {"source": datasets.SOURCES["porian"].page, "counting": wanted[-1], "flops": "6ND, N so counted"}
    return points(rows, columns={"n_params": "n", "flops": "flops", "tokens": "tokens"}, facts=about)


def there() -> bool:
    """Whether the table of runs can be had: it was collected, and is read from WORKBENCH_DATA_DIR."""
    from workbench import datasets

    try:
        datasets.load("porian")
    except ValueError:
        return False
    return True


def exponent(
    *,
    last_layer: bool = False,
    warmup: bool = False,
    cosine: bool = False,
    tuned: bool = False,
    data: str = "rw",
    minimum: str = "akima",
) -> Frontier:
    """How the best size grows with compute, with some of the corrections.

    Parameters
    ----------
    last_layer, warmup, cosine, tuned : bool
        As of `Switches`.
    data : str
        "rw" (RefinedWeb) or "owt2" (OpenWebText2).
    minimum : str
        As of `isoflop`; the authors' is "akima".

    Raises
    ------
    ValueError
        For a combination that nobody has trained.

    Notes
    -----
    Each is another set of trainings, not a formula: only the six combinations that were trained are there.
    """
    switches = Switches(last_layer, warmup, cosine, tuned)
    return isoflop(runs(switches, data), minimum=minimum, noise=SEED_NOISE)


def story(data: str = "rw") -> Table:
    """The corrections one after the other, in the paper's order, with what the paper found."""
    if not there():
        rows = tuple({"corrected": one.words, "published": _PUBLISHED[one]} for one in STORY)
        return Table(
            "From Kaplan's exponent to Chinchilla's", rows, ("the runs are not there: published alone",)
        )
    rows = []
    for switches in STORY:
        found = isoflop(runs(switches, data), minimum="akima", noise=SEED_NOISE)
        low, high = found.intervals["exponent_n"]
        row = {"corrected": switches.words, "exponent of size": found.exponent_n, "low": low, "high": high}
        rows.append({**row, "published": _PUBLISHED[switches] if data == "rw" else float("nan")})
    notes = (
        f"Kaplan et al. found {KAPLAN}, Hoffmann et al. about {HOFFMANN:.2f}",
        "minimum of an Akima interpolation at each budget, 90 % bootstrap interval",
    )
    return Table("From Kaplan's exponent to Chinchilla's", tuple(rows), notes)
