"""Trainings of a notebook: started, held, steered and forked while its kernel stays free."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import files
from workbench.curve import Curve, Run
from workbench.live import dropping, naming, steering
from workbench.live.branch import GOING, HELD, Branch
from workbench.live.entry import Entry
from workbench.live.lock import Lock
from workbench.live.progress import Progress
from workbench.live.runner import Runner
from workbench.live.saving import run_of, saved
from workbench.live.state import State, progress_of
from workbench.params import Param, number
from workbench.plan import Plan
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from workbench.store import Store
    from workbench.train.optimizers.value import Optimizer
    from workbench.train.probes.value import Probe
    from workbench.train.problem import Task

_UPDATES = Param(1, 1e9, help="updates of every lane")
_SPEED = Param(1e-3, 1e9, unit="updates/s", help="most updates per second of a lane")


class Session:
    """What `workbench.live.open` gives: a tree of branches in a folder, and the thread that trains them.

    Every method may be called from any thread, also from one that listens, and comes back after at most
    the update under way; `wait` and ``start(..., wait=True)`` wait longer. What is asked for
    happens between two updates.
    """

    def __init__(self, folder: Path, lock: Lock, state: State) -> None:
        self.folder, self._state, self._runner = folder, state, Runner(state, self)
        self._release = weakref.finalize(self, lock.release)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All branches, in the order of their making."""
        with self._state.gate.look():
            return tuple(entry.branch for entry in self._state.entries.values())

    def branch_of(self, key: str) -> Branch:
        """The branch with a key; ``ValueError`` where there is none."""
        with self._state.gate.look():
            return self._entry(key).branch

    @property
    def state(self) -> str:
        """ "running", "paused" or "idle"."""
        with self._state.gate.look():
            return "idle" if not self._state.going else "paused" if self._state.paused else "running"

    @property
    def error(self) -> str:
        """What went wrong last, as a sentence; empty when nothing did since the last start."""
        return self._state.error

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Keys of what an earlier kernel left under way; ``go_on(*keys)`` takes it up to the same bits."""
        with self._state.gate.look():
            left = self._state.entries.values()
            return tuple(each.key for each in left if each.under_way and each.status in HELD)

    @property
    def progress(self) -> Progress:
        """How far it is, and how fast; over what was under way since it was last idle."""
        with self._state.gate.look():
            return progress_of(self._state)

    @property
    def speed(self) -> float | None:
        """Most updates per second of every lane; None for as fast as it goes."""
        return self._state.speed

    @speed.setter
    def speed(self, updates: float | None) -> None:
        updates = None if updates is None else number("speed", updates, _SPEED)
        with self._runner.visit() as state:
            state.speed, state.due = updates, 0.0
            state.pace.clear()

    def start(
        self,
        task: Task,
        schedules: Iterable[Schedule | Plan],
        seeds: int | Sequence[int] = (0,),
        *,
        names: Sequence[str] | None = None,
        optimizer: Optimizer | None = None,
        probes: Sequence[Probe] = (),
        every_steps: int | None = None,
        device: str = "auto",
        wait: bool = False,
    ) -> list[str]:
        """Train a task with every schedule and seed, beside what is under way; a pause ends.

        Parameters
        ----------
        task, schedules, seeds, optimizer, probes, device
            As of `workbench.train.events`.
        names : sequence of str, optional
            One for each schedule; with several seeds the seed is added.
        every_steps : int, optional
            Updates between two kept states to branch from; a twentieth of the longest schedule unless given.
        wait : bool
            Whether to come back only when these have ended, and to raise what they raised.

        Returns
        -------
        list of str
            Keys: by schedule first, by seed second.

        Raises
        ------
        ValueError
            For an argument that cannot be used; nothing has begun then.
        """
        asked = steering.asked(task, schedules, seeds, optimizer, probes)
        every = steering.every(asked, every_steps)
        with self._runner.visit() as state:
            keys = steering.start(state, asked, names, every, device)
            self._runner.wake(watched=not wait)
        if wait:
            self._runner.drain(keys)
        return keys

    def pause(self) -> None:
        """Hold all lanes where they are; they stay in memory."""
        with self._runner.visit() as state:
            if state.going:
                state.paused = True
                state.until.clear()

    def go_on(self, *keys: str) -> None:
        """End a pause; with keys, train on what was stopped, failed, or was left by an earlier kernel.

        Without keys, and with nothing under way, all such branches go on.
        """
        with self._runner.visit() as state:
            steering.go_on(state, [self._entry(key) for key in dict.fromkeys(keys)])
            self._runner.wake()

    def advance(self, updates: int = 1) -> None:
        """Let every lane that is under way do so many updates, and hold it there."""
        updates = int(number("updates", updates, _UPDATES, integer=True))
        with self._runner.visit() as state:
            steering.advance(state, updates)

    def stop(self, *keys: str) -> None:
        """End some branches, or all; their states are kept, and `go_on` takes them up again."""
        with self._runner.visit() as state:
            entries = [self._entry(key) for key in keys] or list(state.entries.values())
            steering.stop(state, [entry for entry in entries if entry.status in GOING])

    def fork(self, key: str, step: int, schedule: Schedule | Plan, name: str | None = None) -> str:
        """Branch from the first `step` updates of a branch, whatever it does itself.

        Parameters
        ----------
        key : str
            Of the branch to leave; it may train, be held, or have ended.
        step : int
            Updates in common: at least 1, at most what it has done.
        schedule : Schedule or Plan
            What follows; its first rate is used at update `step`. The new branch's schedule is
            ``branch.schedule.until(step).then(schedule)``.
        name : str, optional
            For the new branch.

        Returns
        -------
        str
            Its key. It begins from the nearest kept state at or before `step`, which is `step` itself where
            the branch is there now, and does again what lies between.
        """
        with self._runner.visit() as state:
            new = steering.fork(state, self._entry(key), step, schedule, name)
            self._runner.wake()
        return new

    def change(self, key: str, schedule: Schedule | Plan) -> int:
        """Another plan for a branch that trains or could go on; what really ran stays as it ran.

        Parameters
        ----------
        key : str
            Of the branch.
        schedule : Schedule or Plan
            The whole plan anew, longer than the updates done; of it only what lies at and after the step
            that is returned is used.

        Returns
        -------
        int
            The step from which on it is used: updates done when the update under way was over. No update
            after it uses the old plan. Several changes without an update between them are one: the last.

        Notes
        -----
        The branch stays the same; its "changes" in `Branch.facts` say what was given when. In its training
        the lane ends, and goes on alone from exactly there. When nothing is changed it comes back at once.
        """
        with self._runner.visit() as state:
            return steering.change(state, self._entry(key), schedule)

    def rename(self, key: str, name: str) -> None:
        """Call a branch by a name of 1 to 80 characters that no other has."""
        with self._runner.visit() as state:
            entry = self._entry(key)
            entry.name = naming.checked(name, {e.name for e in state.entries.values() if e is not entry})
            state.note()

    def drop(self, key: str) -> None:
        """Move a branch to the session's bin; if it trains it is stopped, and its parent has its children."""
        with self._runner.visit() as state:
            dropping.drop(state, self._entry(key))

    @property
    def binned(self) -> tuple[Branch, ...]:
        """Dropped branches, the last one last; of those an earlier kernel dropped, without their curves."""
        with self._state.gate.look():
            return tuple(entry.branch for entry in self._state.record.binned.values())

    def restore(self, key: str) -> None:
        """Bring a dropped branch back with all that was measured; ``ValueError`` where that is gone.

        It has its name again, numbered where another took it, and is the child of the nearest of its parents
        that is there. Children that it had when it was dropped stay with their new parent.
        """
        with self._runner.visit() as state:
            dropping.restore(state, self._entry(key, binned=True))

    def run(self, key: str) -> Run:
        """What was measured of a branch so far, as a run; its facts say parent, left, name and changes."""
        with self._state.gate.look():
            entry = self._entry(key)
            return run_of(self._state.record, self.folder, entry)

    def save(self, *keys: str, store: Store | str | os.PathLike[str]) -> list[str]:
        """Save branches, all of them without keys, as runs in a store; their ids."""
        with self._state.gate.look():
            chosen = [self._entry(key) for key in keys] or list(self._state.entries.values())
            runs = [run_of(self._state.record, self.folder, entry) for entry in chosen]
        return saved(runs, store)

    def listen(self, call: Callable[[], object]) -> Callable[[], None]:
        """Have `call` called when something is new, at most 20 times a second; what comes back ends that.

        It is called in the training's thread, which it holds up: a widget hops to its own loop there. One
        that raises is not called again, and `error` says so.
        """
        return self._state.listeners.add(call)

    def news(self, since: int = 0) -> tuple[int, list[tuple[str, Mapping[str, Curve]]]]:
        """Points that came after an earlier call, by branch and name, and the number to give next time.

        With 0, all points; a number is good for as long as the session is open in this kernel.
        """
        since = int(number("since", since, Param(0, 1e18, help="a number that it gave"), integer=True))
        with self._state.gate.look():
            return self._state.news(since)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is idle or paused, at most so many seconds; whether it is."""
        return self._runner.wait(timeout)

    @property
    def closed(self) -> bool:
        """Whether it was closed; the folder may then be opened anew."""
        return self._runner.closed

    def close(self) -> None:
        """Keep the states of all, end the thread, and give the folder free for another `open`."""
        self._runner.close()
        self._release()

    def _entry(self, key: object, *, binned: bool = False) -> Entry:
        entries = self._state.record.binned if binned else self._state.entries
        if not isinstance(key, str) or key not in entries:
            raise ValueError(f"key must be one of {', '.join(entries) or 'none yet'}; got {files.short(key)}")
        return entries[key]
