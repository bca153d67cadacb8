"""What may be asked of a training while it goes on: how far lanes may go, a copy of one, the end of one."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from workbench.files import short
from workbench.params import Param, number
from workbench.train.keeper import Start

_LANE = Param(0, 1e9, help="index of a lane")
_STEP = Param(0, 1e12, help="updates that a lane may have done")


class Handed(NamedTuple):
    """State of a lane as it was after `step` updates; `start` is without curves."""

    step: int
    start: Start


class Control:
    """Asks things of one training; any thread may ask, and the training looks between two turns.

    Parameters
    ----------
    ended : iterable of int, optional
        Lanes that end where they are found.

    Attributes
    ----------
    hurry : bool
        While it is true, a turn ends after the update under way; who sets it takes it back.
    waiting : bool
        Whether the newest event says nothing but that no lane may go on.

    Notes
    -----
    A lane that is ended has the status "stopped" in its last event. Its row leaves the batch as that of a
    lane that diverged does: the others' results are those of a training that such a lane has left. The
    state stays in the folder of snapshots, where there is one, and is handed over; so is that of a lane
    that is copied. While no lane may go on, the training tells of one of them again, with nothing new.
    Give it as `control` of `workbench.train.events`; one control serves one training.
    """

    def __init__(self, ended: Iterable[int] = ()) -> None:
        self.hurry = self.waiting = False
        self._lock = threading.Lock()
        self._lanes: int | None = None
        self._ended: frozenset[int] = frozenset()
        self._copied: frozenset[int] = frozenset()
        self._holds: Mapping[int, int] = {}
        self._handed: dict[int, Handed] = {}
        self.end(*ended)

    def hold(self, steps: Mapping[int, int]) -> None:
        """Let lanes go on until they have done so many updates; those that are not named, to their end.

        A lane that has done as many or more waits. Lanes of one batched model wait for each other.
        """
        steps = {self._lane(lane): int(number("step", step, _STEP)) for lane, step in steps.items()}
        with self._lock:
            self._holds = steps

    def end(self, *lanes: int) -> None:
        """End lanes before their next update, and hand over their states."""
        found = frozenset(map(self._lane, lanes))
        with self._lock:
            self._ended |= found

    def copy(self, *lanes: int) -> None:
        """Hand over the states of lanes before their next update."""
        found = frozenset(map(self._lane, lanes))
        with self._lock:
            self._copied |= found

    def taken(self) -> dict[int, Handed]:
        """By lane, what was handed over since the last call."""
        with self._lock:
            handed, self._handed = self._handed, {}
        return handed

    # What follows is for the training.

    def bind(self, lanes: int) -> None:
        """Begin to serve a training of so many lanes; ``ValueError`` if it serves another."""
        with self._lock:
            if self._lanes is not None:
                raise ValueError("control must be one that serves no other training")
            self._lanes = lanes
        for lane in (*self._ended, *self._copied, *self._holds):
            self._lane(lane)

    @property
    def ended(self) -> frozenset[int]:
        """Lanes that are to end."""
        return self._ended

    @property
    def copied(self) -> frozenset[int]:
        """Lanes that are to be handed over, and go on."""
        return self._copied

    def hand(self, lane: int, handed: Handed) -> None:
        """Give the state of a lane to whoever asked."""
        with self._lock:
            self._handed[lane] = handed
            self._copied -= {lane}

    def most(self, lanes: Collection[int]) -> int | None:
        """Updates up to which `lanes` may go on together, if there is a limit."""
        holds = self._holds
        return min((holds[lane] for lane in lanes if lane in holds), default=None) if holds else None

    def _lane(self, lane: int) -> int:
        if self._lanes is None:
            return int(number("lane", lane, _LANE, integer=True))
        if isinstance(lane, bool) or not isinstance(lane, int) or not 0 <= lane < self._lanes:
            raise ValueError(f"lane must be from 0 to {self._lanes - 1}; got {short(lane)}")
        return lane
