"""Where a training does what its control asks for."""

from __future__ import annotations

from typing import NamedTuple

import torch

from workbench.train.chunk import Chunk
from workbench.train.control import Control, Handed
from workbench.train.event import Event
from workbench.train.keeper import Start
from workbench.train.ledger import Ledger
from workbench.train.seating import Seating

_HOST = torch.device("cpu")


class Answer(NamedTuple):
    """What was done for a chunk: events, nodes that nobody needs any more, whether a lane has ended."""

    told: list[Event]
    gone: dict[int, int]
    ended: bool


class Desk:
    """Reads a control for one training, whose ledger and seating it is given."""

    def __init__(self, control: Control, ledger: Ledger, seating: Seating) -> None:
        self.control, self._ledger, self._seating = control, ledger, seating
        control.bind(len(seating.values))

    def open(self) -> bool:
        """Begin to work or to wait; whether there may be something to do first."""
        self.control.waiting = False
        return bool(self.control.copied or self.control.ended - self._ledger.ended.keys())

    def free(self, chunk: Chunk) -> bool:
        """Whether a chunk may go on."""
        most = self.most(chunk)
        return most is None or chunk.step < most

    def most(self, chunk: Chunk) -> int | None:
        """Updates up to which it may."""
        return self.control.most(self._going(chunk))

    def idle(self, chunk: Chunk) -> list[Event]:
        """What is told while no lane may go on."""
        self.control.waiting = True
        return self.again(chunk)

    def again(self, chunk: Chunk) -> list[Event]:
        """An event with nothing new: whoever listens gets a turn of its own."""
        return list(self._ledger.tell(chunk.seats[0].node, chunk.step, {}, gone=False))[:1]

    def serve(self, chunk: Chunk) -> Answer:
        """Hand over lanes of a chunk that are asked for, and end those that are to."""
        going = set(self._going(chunk))
        ending, copied = going & self.control.ended, going & self.control.copied
        told: list[Event] = []
        gone: dict[int, int] = {}
        for i, seat in enumerate(chunk.seats):
            lanes = self._seating.tree.nodes[seat.node].lanes
            for lane in (ending | copied).intersection(lanes):
                seconds = sum(map(self._ledger.seconds, self._seating.tree.paths[lane]))
                self.control.hand(lane, Handed(chunk.step, Start(chunk.row(i).on(_HOST), {}, seconds)))
            if ending.intersection(lanes):
                self._ledger.ended |= dict.fromkeys(ending.intersection(lanes), chunk.step)
                told += self._ledger.tell(seat.node, chunk.step, {}, gone=False)
                if self._seating.over(seat.node, self._ledger.ended):
                    gone[seat.node] = chunk.step
        if copied and not told:
            told = self.again(chunk)
        return Answer(told, gone, bool(ending))

    def _going(self, chunk: Chunk) -> list[int]:
        """Lanes of a chunk that were not ended."""
        lanes = (lane for seat in chunk.seats for lane in self._seating.tree.nodes[seat.node].lanes)
        return [lane for lane in lanes if lane not in self._ledger.ended]
