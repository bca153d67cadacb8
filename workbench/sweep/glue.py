"""What a notebook found, written into its own outputs and read back from there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench import records

MIME = "application/vnd.lr-workbench.record+json"
"""Under which mime type a recorded value stands in the outputs of a notebook."""

_SCRAPBOOK = "application/scrapbook.scrap.json+json"


def record(name: str, value: Any) -> None:
    """Tell the sweep (and whoever reads the notebook) what was found.

    Parameters
    ----------
    name : str
        Name of the figure, such as "loss"; recorded twice, the last value counts.
    value : number, text, bool, None, or lists and mappings of these
        What was found.

    Raises
    ------
    ValueError
        For a name that is not text, or a value that is not plain.

    Notes
    -----
    Outside of a notebook it checks its arguments and does nothing else.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name must be text that is not empty; got {name!r}")
    data = {"name": name, "value": records.encode(value, name)}
    try:
        from IPython import get_ipython  # pyright: ignore[reportPrivateImportUsage]
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is not None:
        display({MIME: data, "text/plain": f"{name} = {value!r}"}, raw=True)


def recorded(cells: Iterable[Any]) -> dict[str, Any]:
    """Everything that the cells of an output notebook have recorded, by name.

    Values that scrapbook's ``glue`` wrote as JSON are read too.
    """
    found: dict[str, Any] = {}
    for cell in cells:
        for output in cell.get("outputs", ()):
            data = output.get("data") or {}
            if MIME in data and {"name", "value"} <= set(data[MIME]):
                found[data[MIME]["name"]] = records.decode(data[MIME]["value"])
            elif _SCRAPBOOK in data and data[_SCRAPBOOK].get("encoder") == "json":
                found[data[_SCRAPBOOK]["name"]] = data[_SCRAPBOOK]["data"]
    return found
