"""What a snapshot says of itself: the counters in its header, none of which is believed unchecked."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import files
from workbench.train.seating import Party

SUFFIX = ".safetensors"
_LARGEST = 2**40
"""A count beyond it is none."""


@dataclass(frozen=True, eq=False)
class Header:
    """What a file says of itself.

    Parameters
    ----------
    path : Path
        The file.
    party, step, gone, at_once, ended
        As of `workbench.train.keeper.Snapshot`.
    rows : mapping
        Nodes whose state it has, each with the plain counters of its optimizer.
    seconds : mapping
        By node.
    size : int
        Bytes of the file.
    digest : str
        Of all that the file holds.
    """

    path: Path
    party: Party
    step: int
    gone: Mapping[int, int]
    at_once: int
    rows: Mapping[int, Mapping[str, Any]]
    seconds: Mapping[int, float]
    size: int
    digest: str
    ended: Mapping[int, int]


def name(party: Party, step: int) -> str:
    """Name of the file of a party after `step` updates."""
    mark = hashlib.sha256(repr(tuple(party)).encode()).hexdigest()[:16]
    return f"{step:09d}-{mark}{SUFFIX}"


def parsed(path: Path, text: str, digest: str, training: str) -> Header:
    """The header of a file that says `text` of itself.

    Raises
    ------
    ValueError
        When that is not of a snapshot of `training`; what JSON can hold besides may raise others.
    """
    counters = json.loads(text, parse_constant=_no_constant)
    needs = ("format", "training", "party", "step", "gone", "at_once", "rows", "seconds")
    files.fields(counters, "its header", needs=needs, may=("ended",))
    files.check_format(counters)
    if counters["training"] != training:
        raise ValueError("it belongs to another training")
    party = tuple(_count("party", node) for node in counters["party"])
    rows = {
        _node(node, party): files.fields(row, "a row", needs=(), may=row)
        for node, row in counters["rows"].items()
    }
    gone = {_node(node, party): _count("gone", step) for node, step in counters["gone"].items()}
    seconds = {_node(node, party): _seconds(value) for node, value in counters["seconds"].items()}
    step, at_once = _count("step", counters["step"]), max(1, _count("at_once", counters["at_once"]))
    ended = {int(lane): _count("ended", step) for lane, step in counters.get("ended", {}).items()}
    # Of a node that was ended, and did not diverge, the state is there.
    lost = set() if ended else set(gone) & set(rows)
    if not party or len(set(party)) < len(party) or set(seconds) != set(party) or lost:
        raise ValueError("its nodes do not agree with each other")
    if path.name != name(party, step):
        raise ValueError("its content is not what its name stands for")
    return Header(path, party, step, gone, at_once, rows, seconds, path.stat().st_size, digest, ended)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a counter")


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise ValueError(f"its {name} must be whole numbers of at least 0; got {files.short(value)}")
    return value


def _node(text: str, party: Party) -> int:
    node = int(text)
    if node not in party:
        raise ValueError(f"it speaks of node {node}, which is not in its party")
    return node


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"its seconds must be at least 0; got {files.short(value)}")
    return float(value)
