"""What the engine tells whoever keeps snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.curve import Curve
from workbench.train.chunk import Row
from workbench.train.seating import Party, Seating


@dataclass
class Snapshot:
    """State of a party after `step` updates, with all that was measured in its nodes so far.

    Parameters
    ----------
    party : tuple of int
        Nodes that train as one batched model.
    step : int
        Updates done.
    rows : mapping of Row
        By node; of nodes that have not diverged, and not always of all of them where the party ends here.
    curves : mapping
        By node and name.
    seconds : mapping of float
        Work spent on each node, its share of the time of those that trained together.
    gone : mapping of int
        Nodes that have diverged, or whose lanes were all ended, each with the updates done when it showed.
    at_once : int
        Most lanes of one batched model from here on; fewer than there are nodes where memory ran out.
    ended : mapping of int
        Lanes that were ended, each with the updates done then.
    """

    party: Party
    step: int
    rows: Mapping[int, Row] = field(default_factory=dict)
    curves: Mapping[int, Mapping[str, Curve]] = field(default_factory=dict)
    seconds: Mapping[int, float] = field(default_factory=dict)
    gone: Mapping[int, int] = field(default_factory=dict)
    at_once: int = 4096
    ended: Mapping[int, int] = field(default_factory=dict)


@dataclass
class Start:
    """Where a training begins that goes on from another: state of a lane, and its points up to there."""

    row: Row
    curves: Mapping[str, Curve] = field(default_factory=dict)
    seconds: float = 0.0


class Keeper(Protocol):
    """Keeps snapshots of one training and gives back what it needs to go on.

    `facts` are plain values for the runs.
    """

    @property
    def facts(self) -> Mapping[str, Any]: ...

    def found(self, seating: Seating, at_once: int, check: Callable[[Row], None]) -> list[Snapshot]:
        """What leads from the roots, seated `at_once`, to the latest states; nothing at the beginning.

        `check` raises ``ValueError`` for a row that is not of this model and optimizer.
        """
        ...

    def pause(self, step: int) -> int | None:
        """The next step at which it wants to be asked, if it minds."""
        ...

    def due(self, party: Party, step: int) -> bool:
        """Whether all rows of a party should be kept now."""
        ...

    def keep(self, snapshot: Snapshot) -> None:
        """Write one whole, or leave nothing and say why."""
        ...
