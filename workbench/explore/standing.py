"""Which page stands in which cell: one that is made there again takes the place of the one before."""

from __future__ import annotations

from typing import Any

from workbench.explore.showing import cell, take_away

_standing: dict[tuple[str, str], Any] = {}
"""The page that each cell has made last, by the page's name."""


def standing(name: str) -> Any | None:
    """The page of this name that stands in the cell that is run now."""
    return _standing.get((name, cell()))


def put(name: str, page: Any) -> None:
    """`page` stands where another of its name stood in its cell."""
    before = standing(name)
    if before is not None:
        before.close()
        take_away(getattr(before, "panel", before).box)
    _standing[name, cell()] = page
