"""Snapshots of one training in one folder."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.files import short
from workbench.params import Param, number
from workbench.runfile import reason
from workbench.train.asked import Asked
from workbench.train.chunk import Row
from workbench.train.keeper import Snapshot
from workbench.train.seating import Party, Seating
from workbench.train.snapshots import about, paths, saved, whole
from workbench.train.snapshots.header import SUFFIX, Header

_EVERY = Param(0, 1e9, unit="seconds", help="seconds between snapshots")
_STEPS = Param(1, 1e9, help="updates between snapshots")
_BUDGET = Param(0, 1e18, unit="bytes", help="most disk that snapshots take")
_SHARE = 50
"""Snapshots by time take at most one part in so many of the training."""


class Snapshots:
    """States of a training, kept in a folder that it goes on from whenever it was stopped, or killed.

    Parameters
    ----------
    folder : str or Path
        It is made when the training begins; one folder holds one training.
    every : float
        Seconds between two snapshots of a lane; more where writing one takes over 2 % of that.
    steps : int, optional
        Snapshots after every so many updates, too: points to branch from.
    budget : float
        Bytes on disk beyond which snapshots are dropped.

    Raises
    ------
    ValueError
        For an argument outside its range; when the training begins, for a folder that cannot be
        written to or that holds another training.

    Notes
    -----
    States are kept when their time has come, where lanes fork, end or diverge, when `request` asks, and when
    a training is closed between two events. Beyond the budget they go in this order: what no path leads
    to; states on the way, such that the gaps between those that stay grow evenly with their age; the ends
    of finished lanes; forks, the earliest first. The latest state of what has not ended, and curves, stay.
    A state that cannot be written is said once in a warning, and in the runs' facts; the last one stays.

    Files are safetensors with counters in JSON. Two trainings must not write to one folder at once.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every: float = 60.0,
        steps: int | None = None,
        budget: float = 4e9,
    ) -> None:
        if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
            raise ValueError(f"folder must name a folder; got {short(folder)}")
        self.folder = Path(folder).expanduser().absolute()
        self.every = number("every", every, _EVERY)
        self.steps = None if steps is None else int(number("steps", steps, _STEPS, integer=True))
        self.budget = number("budget", budget, _BUDGET)
        self._mark = ""
        self._seating: Seating | None = None
        self._at_once = 1
        self._headers: dict[Path, Header] = {}
        self._kept: dict[int, float] = {}
        self._asked = self._cost = 0.0
        self._trouble: str | None = None
        self._said: set[str] = set()

    @property
    def facts(self) -> Mapping[str, Any]:
        """For the runs: the folder, and what went wrong in it."""
        trouble = {} if self._trouble is None else {"snapshot_trouble": self._trouble}
        return {"snapshots": str(self.folder), **trouble}

    def open(self, asked: Asked, at_once: int) -> Asked:
        """Begin in the folder, or go on in it if the same was asked there; what is then to be trained.

        Parameters
        ----------
        asked : Asked
            What is asked now.
        at_once : int
            What is taken where that and the folder leave it open.

        Raises
        ------
        ValueError
            When the folder is of another training or cannot be written to.
        """
        saved.library()
        if (self.folder / about.NAME).exists():
            there = about.read(self.folder)
            free = asked.at_once is None
            about.agree(self.folder, there, replace(asked, at_once=there.at_once) if free else asked)
        else:
            there = replace(asked, at_once=at_once)
            try:
                about.write(self.folder, there)
            except OSError as error:
                raise ValueError(f"folder {self.folder} cannot be written to: {reason(error)}") from None
        self._mark = about.mark(there)
        return there

    def request(self) -> None:
        """Have every lane kept as soon as may be; another thread may ask."""
        self._asked = time.monotonic()

    def found(self, seating: Seating, at_once: int, check: Callable[[Row], None]) -> list[Snapshot]:
        """As of `workbench.train.keeper.Keeper`; unsound files are named in warnings and not used."""
        self._seating, self._at_once, self._kept = seating, at_once, {}
        whole.sweep(self.folder)
        self._headers = {header.path: header for header in sound(self.folder, self._mark, seating)}
        checked: dict[tuple[Header, frozenset[int]], Snapshot] = {}
        while True:
            path = paths.onward(seating, self._headers.values(), at_once)
            unread = [each for each in path if each not in checked]
            if not unread:
                return [checked[each] for each in path]
            for header, wanted in unread:
                try:
                    checked[header, wanted] = saved.read(header, wanted, check)
                except ValueError as error:
                    warnings.warn(f"{error}; an earlier one is used", stacklevel=2)
                    del self._headers[header.path]

    def pause(self, step: int) -> int | None:
        """As of `workbench.train.keeper.Keeper`."""
        return None if self.steps is None else (step // self.steps + 1) * self.steps

    def due(self, party: Party, step: int) -> bool:
        """As of `workbench.train.keeper.Keeper`."""
        now = time.monotonic()
        last = min(self._kept.setdefault(node, now) for node in party)
        on_time = now - last >= max(self.every, _SHARE * self._cost)
        return on_time or last < self._asked or (self.steps is not None and step % self.steps == 0)

    def keep(self, snapshot: Snapshot) -> None:
        """As of `workbench.train.keeper.Keeper`."""
        began = time.monotonic()
        self._trouble = None
        try:
            header = saved.write(self.folder, snapshot, self._mark)
            self._headers[header.path] = header
            self._thin()
        except (OSError, ValueError) as error:
            self._say("disk", f"a snapshot could not be written to {self.folder}: {reason(error)}")
        now = time.monotonic()
        self._cost = now - began
        # One that could not be written is tried again when the next one would be due.
        self._kept |= dict.fromkeys(snapshot.rows, now)

    def _thin(self) -> None:
        size = sum(header.size for header in self._headers.values())
        if size <= self.budget or self._seating is None:
            return
        for header, rows in paths.spare(self._seating, list(self._headers.values()), self._at_once):
            del self._headers[header.path]
            size -= header.size
            if rows is None:
                header.path.unlink(missing_ok=True)
            else:
                # Without rows that nobody needs it is little more than its curves.
                less = saved.write(self.folder, saved.read(header, rows), self._mark)
                self._headers[less.path] = less
                size += less.size
            if size <= self.budget:
                return
        self._say(
            "budget",
            f"the snapshots that are needed to go on take {size:,} bytes in {self.folder}, "
            f"more than the budget of {self.budget:,.0f}",
        )

    def _say(self, kind: str, sentence: str) -> None:
        """Warn once of a kind of trouble; the runs' facts have it as long as it lasts."""
        if kind not in self._said:
            warnings.warn(sentence, stacklevel=2)
        self._said.add(kind)
        self._trouble = sentence


def sound(folder: Path, mark: str, seating: Seating) -> list[Header]:
    """Headers of the snapshots of a training; other files of their kind are named in warnings."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            header = saved.header(path, mark)
            nodes = seating.tree.nodes
            if max(header.party) >= len(nodes) or header.step > seating.stop(header.party):
                raise ValueError(f"{path} is not a sound snapshot: it is of no lane of this training")
            found.append(header)
        except ValueError as error:
            warnings.warn(f"{error}; it is not used", stacklevel=3)
    return found
