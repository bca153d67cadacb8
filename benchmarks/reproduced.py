"""A published figure beside ours: what, where, both values, our interval, and the tolerance."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from math import nan
from pathlib import Path


@dataclass(frozen=True)
class Reproduced:
    """One figure.

    Parameters
    ----------
    data, where, what : str
        Data set; figure, table or file of the source; quantity.
    published, ours : float
        Both values.
    tolerance : float
        How far apart they may be; what the published figure is rounded to, unless `why` says more.
    low, high : float
        Our 90 % interval, not a number where the figure has none.
    why : str
        Why they differ, where they do; then they may.
    """

    data: str
    where: str
    what: str
    published: float
    ours: float
    tolerance: float
    low: float = nan
    high: float = nan
    why: str = ""

    @property
    def agrees(self) -> bool:
        """Whether ours is within the tolerance of the published figure."""
        return abs(self.ours - self.published) <= self.tolerance * (1 + 1e-9)

    @property
    def verdict(self) -> str:
        """Whether they agree: "agrees", "inside the interval", "explained" or "DIFFERS"."""
        if self.agrees:
            return "agrees"
        if self.why:
            return "explained"
        return "inside the interval" if self.low <= self.published <= self.high else "DIFFERS"

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        band = "" if self.low != self.low else f"{self.low:.5g} to {self.high:.5g}"
        last = f"{self.verdict}: {self.why}" if self.verdict == "explained" else self.verdict
        numbers = (f"{self.published:.6g}", f"{self.ours:.6g}", band, f"{self.tolerance:.2g}")
        return self.data, self.where, self.what, *numbers, last


HEAD = ("data", "published in", "what", "published", "ours", "90 % interval", "tolerance", "verdict")


def folder() -> Path:
    """Where the public data are, derived tables among them.

    Raises
    ------
    ValueError
        When they are neither beside the checkout nor where WORKBENCH_DATA_DIR says.
    """
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    chosen = Path(os.environ.get("WORKBENCH_DATA_DIR") or beside)
    if not chosen.is_dir():
        raise ValueError(f"WORKBENCH_DATA_DIR must name the folder of public data; got {chosen}")
    os.environ["WORKBENCH_DATA_DIR"] = str(chosen)
    return chosen


def read(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the data folder."""
    with (folder() / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
