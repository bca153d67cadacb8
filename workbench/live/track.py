"""One training of a session: its generator, and which branch each lane is."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.train import Event
    from workbench.train.asked import Asked
    from workbench.train.keeper import Start

EVERY = 60.0
"""Seconds between snapshots; what a killed kernel loses, besides what it had not told."""


class Track:
    """A training that is about to begin or under way.

    Parameters
    ----------
    number : int
        Of the training in the session.
    folder : Path
        Where its snapshots lie.
    asked : Asked
        What is trained.
    keys : mapping
        Branch of each lane that is to go on.
    every_steps : int
        Updates between two states to branch from.
    device : str
        As of `workbench.train.events`.
    start : Start, optional
        State that it begins from.
    """

    def __init__(
        self,
        number: int,
        folder: Path,
        asked: Asked,
        keys: Mapping[int, str],
        *,
        every_steps: int,
        device: str = "auto",
        start: Start | None = None,
    ) -> None:
        from workbench.train import Control

        self.number, self.folder, self.asked, self.device = number, folder, asked, device
        self.keys = dict(keys)
        self.at = dict.fromkeys(self.keys, asked.begin)
        self.spent, self.leaving, self.closing = 0.0, False, False
        self.outdone: int | None = None
        self._every_steps, self._start = every_steps, start
        others = set(range(len(asked.lanes))) - set(self.keys)
        self.control = Control(sorted(others))
        self._events: Generator[Event, None, None] | None = None
        self.over = False

    @property
    def launched(self) -> bool:
        """Whether its generator is made."""
        return self._events is not None

    def launch(self, problem: Any) -> None:
        """Begin, or go on from what the folder holds; ``ValueError`` where that cannot be."""
        from workbench.train.engine import launch
        from workbench.train.snapshots import Snapshots

        keeper = Snapshots(self.folder, every=EVERY, steps=self._every_steps)
        self._events = launch(self.asked, self.device, keeper, self._start, self.control, problem)
        self._start = None

    def turn(self, most: Mapping[int, int]) -> Iterable[Event]:
        """Let lanes work for one slice of time, up to `most` updates done, and tell all of it.

        When it has ended, nothing is under way and `at` says where all lanes are.
        """
        if self._events is None:
            raise RuntimeError("a track is launched before its first turn")
        self.control.hold(most)
        event = next(self._events, None)
        self.control.hold(dict.fromkeys(range(len(self.asked.lanes)), 0))
        while event is not None and not self.control.waiting:
            self.at[event.lane] = event.step
            yield event
            event = next(self._events, None)
        self.over = event is None

    def settle(self) -> Iterable[Event]:
        """Have what was asked of its control done, without any update."""
        return self.turn(dict.fromkeys(range(len(self.asked.lanes)), 0))

    def end(self, lane: int) -> None:
        """Let a lane go, which is no branch any more."""
        self.keys.pop(lane)
        self.control.end(lane)
        self.leaving = True

    def outdoes(self, other: Track) -> bool:
        """Whether this one goes on from another that keeps no state to branch from but its last."""
        first, every = other.asked.begin, self._every_steps
        return len(other.asked.lanes) == 1 and self.asked.begin // every == first // every

    def close(self) -> None:
        """Keep what the lanes are, and end."""
        if self._events is not None:
            self._events.close()
        self.over = True
