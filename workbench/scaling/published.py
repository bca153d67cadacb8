"""Public tables of finished runs, as points."""

from __future__ import annotations

from typing import Any

from workbench.params import Choice, choice
from workbench.scaling.reading import points
from workbench.scaling.table import Points

TABLES = Choice(("chinchilla", "chinchilla/all", "steplaw", "repeated"))
_OUTLIERS = 5


def load(name: str = "chinchilla") -> Points:
    """A public table.

    Parameters
    ----------
    name : str
        "chinchilla": 240 of the 245 runs read off figure 4 of arXiv 2203.15556, without the five highest
        losses, as arXiv 2404.10102 fits them; "chinchilla/all": all 245.
        "steplaw": the best run of each size and data of arXiv 2503.04715. "repeated": the 182 runs with
        repeated data to which arXiv 2305.16264 fits its law.

    Raises
    ------
    ValueError
        For an unknown name, or a file that cannot be had.
    """
    from workbench import datasets

    choice("name", name, TABLES)
    source = "datablations/fitted" if name == "repeated" else name.split("/")[0]
    table: Any = datasets.load(source)
    about = {"source": datasets.SOURCES[source].page, "paper": datasets.SOURCES[source].paper}
    if source == "steplaw":
        best = table.sort_values("loss").groupby(["N", "D"], as_index=False).first()
        return points(best, columns={"n_params": "N", "tokens": "D", "loss": "loss"}, facts=about)
    if name == "repeated":
        return points(table, columns={"n_params": "params", "loss": "val_loss"}, facts=about)
    columns = {"n_params": "Model Size", "flops": "Training FLOP", "loss": "loss"}
    full = points(table, columns=columns, facts={**about, "tokens": "flops / (6 n_params)"})
    return full if name.endswith("/all") else full.without_worst(_OUTLIERS)
