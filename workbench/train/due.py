"""At which steps each lane is measured, and which of the points of lanes that share are its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from workbench.curve import Curve
from workbench.train.probes.value import Probe
from workbench.train.task import marks


class Due:
    """Depends on the totals of the lanes, so that a lane is measured as it would be alone.

    Parameters
    ----------
    measurements : int
        About how often a run is measured.
    probes : sequence of Probe
        What looks on the way.
    totals : sequence of int
        Updates of each lane.
    """

    def __init__(self, measurements: int, probes: Sequence[Probe], totals: Iterable[int]) -> None:
        self._names = [probe.names for probe in probes]
        totals = list(totals)
        self._loss = [frozenset(marks(total, measurements).tolist()) for total in totals]
        self._probes = [[frozenset(map(int, probe.due(total))) for total in totals] for probe in probes]

    def loss(self, lanes: Iterable[int]) -> frozenset[int]:
        """Steps at which one of some lanes is measured."""
        return frozenset[int]().union(*(self._loss[lane] for lane in lanes))

    def probed(self, lanes: Sequence[int]) -> tuple[frozenset[int], ...]:
        """Steps at which each probe looks at one of some lanes."""
        return tuple(frozenset[int]().union(*(due[lane] for lane in lanes)) for due in self._probes)

    def own(self, lane: int, name: str, curve: Curve, first: int = 0) -> Curve:
        """The points of a lane's own among those of all that share; all of them before step `first`."""
        if name == "train":
            return curve
        looks = [due[lane] for names, due in zip(self._names, self._probes, strict=True) if name in names]
        due = looks[0] if looks else self._loss[lane]
        keep = np.fromiter((step < first or int(step) in due for step in curve.step), bool, len(curve))
        return curve if keep.all() else Curve(curve.step[keep], curve.loss[keep])
