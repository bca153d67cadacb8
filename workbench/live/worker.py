"""The thread of a session: what is asked for is done between two turns, and trainings take turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.live.branch import GOING
from workbench.live.launching import alone, whole
from workbench.live.state import State
from workbench.live.track import Track

if TYPE_CHECKING:
    from workbench.train import Event
    from workbench.train.control import Handed


class Worker:
    """Does what a session's state asks for, until nothing is left to do.

    Parameters
    ----------
    state : State
        Shared with the session.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._made: tuple[Any, str, Any] | None = None

    def run(self, ended: Callable[[], None]) -> None:
        """Work; `ended` is called, with the gate's lock held, when nothing more will be done."""
        with self.state.gate.look():
            # What is left to tell is told before the end, and whoever hears it may ask for more.
            try:
                while (more := self._step()) or self.state.listeners.new:
                    self._tell(now=not more)
            except Exception as error:
                # Nobody else would hear of it, and those who wait would wait for ever.
                self._failed(tuple(k for k, e in self.state.entries.items() if e.status in GOING), error)
                self.state.tracks.clear()
                self.state.wishes.clear()
            ended()

    def _step(self) -> bool:
        """Do what comes first, with the lock held before and after; whether there may be more to do."""
        state = self.state
        state.gate.admit()
        if state.unsaved:
            self._save()
        for track in state.tracks:
            if track.closing or track.over:
                return self._close(track)
        if state.closing:
            return False
        launched = next((track for track in state.tracks if not track.launched), None)
        if launched is not None:
            return self._launch(launched)
        leaving = next((track for track in state.tracks if track.leaving), None)
        # While all is held the newest change is worth doing, when it ends.
        if leaving is not None or (state.changed and not state.paused):
            return self._let_go()
        if state.wishes:
            return self._begin()
        if not state.tracks:
            return False
        if state.advanced():
            state.paused = True
            state.new()
        return self._rest(None) if state.paused else self._go()

    def _go(self) -> bool:
        """Let the track that had the least time work, if one may."""
        track = self.state.ready()
        if track is not None:
            return self._turn(track, self.state.most(track))
        seconds = self.state.paced()
        return self._rest(seconds) if seconds else True

    def _rest(self, seconds: float | None) -> bool:
        """Wait until somebody asks for something, or so long."""
        self._tell(now=True)
        state = self.state
        state.gate.tell()
        # While it told, somebody may have asked.
        if seconds is not None or not (state.asked or not state.paused):
            state.gate.wait(seconds)
        return True

    def _turn(self, track: Track, most: dict[int, int] | None) -> bool:
        """One slice of work, or with None whatever needs no update, and all that it tells."""
        state = self.state
        told: list[Event] = []
        began = time.perf_counter()
        error: Exception | None = None
        with state.gate.busy():
            try:
                for event in track.settle() if most is None else track.turn(most):
                    told.append(event)
            except Exception as raised:  # Whatever ends one training, the others go on.
                error = raised
        # What lanes ask for is not at the expense of the turns of the others in their track.
        track.spent += time.perf_counter() - began if most is not None else 0.0
        for event in told:
            self._absorb(track, event)
        if track.outdone is not None and error is None:
            state.forget(track.outdone)
            track.outdone = None
        if error is not None:
            self._fail(track, error)
        return True

    def _absorb(self, track: Track, event: Event) -> None:
        """Note what an event tells of a branch."""
        state, key = self.state, track.keys.get(event.lane)
        if key is None:
            return
        entry = state.entries[key]
        fresh = entry.lines.add(event.curves, state.round)
        state.fresh |= fresh
        ended = event.status in ("finished", "diverged")
        status = event.status if ended else "running"
        if fresh or status != entry.status or event.step != entry.step:
            state.new()
        if event.step > entry.step:
            per_update = float(event.facts.get("batch_tokens", 0))
            state.meter.add(event.step - entry.step, per_update * (event.step - entry.step))
        state.unsaved |= status != entry.status
        entry.step, entry.facts, entry.status = event.step, event.facts, status  # type: ignore[assignment]
        trouble = event.facts.get("snapshot_trouble")
        if trouble:
            state.error = str(trouble)
        if ended:
            entry.under_way = False
            track.keys.pop(event.lane)

    def _close(self, track: Track) -> bool:
        """End a track, which keeps the states of its lanes."""
        state = self.state
        error: Exception | None = None
        with state.gate.busy():
            try:
                track.close()
            except Exception as raised:
                error = raised
        if error is not None:
            self._fail(track, error)
        state.tracks.remove(track)
        state.tidy()
        state.unsaved = True
        state.new()
        return True

    def _launch(self, track: Track) -> bool:
        """Make the task ready, which may take long, and begin."""
        state = self.state
        try:
            with state.gate.free():
                problem = self._problem(track)
            if track.closing:
                return True
            with state.gate.busy():
                track.launch(problem)
        except Exception as error:  # A task that cannot be made ready ends its branches, and no others.
            self._fail(track, error)
            return True
        state.meter.begin()
        # It has the turns that the others had before it came.
        others = [other.spent for other in state.tracks if other is not track]
        track.spent = max(track.spent, min(others, default=0.0))
        # Where it is and what it begins with is told before anybody can take a lane out of it.
        return self._turn(track, None)

    def _problem(self, track: Track) -> Any:
        """The task of a track, ready on its device; the last one that was made is used again."""
        from workbench.train.device import choose

        task, device = track.asked.task, track.device
        if self._made is None or self._made[:2] != (task, device):
            self._made = None
            self._made = (task, device, task.problem(choose(device, task.devices)))
        return self._made[2]

    def _let_go(self) -> bool:
        """Take lanes out of their tracks: those that were stopped, and those that go on another way."""
        state = self.state
        handed: dict[str, Handed] = {}
        changed: set[str] = set()
        if not state.paused:
            changed, state.changed = state.changed, set()
        before: dict[str, Track] = {}
        for track in [*state.tracks]:
            lanes = {lane: key for lane, key in track.keys.items() if key in changed}
            before |= dict.fromkeys(lanes.values(), track)
            for lane in lanes:
                track.end(lane)
            if track.leaving:
                track.leaving = False
                self._turn(track, None)
                taken = track.control.taken()
                handed |= {key: taken[lane] for lane, key in lanes.items() if lane in taken}
        for key in state.entries:
            if key in changed:
                self._start(lambda key=key: alone(state, state.entries[key], handed.get(key)), (key,))
                after = state.tracks[-1]
                if key in after.keys.values() and key in before and after.outdoes(before[key]):
                    after.outdone = before[key].number
        return True

    def _begin(self) -> bool:
        """Make the next wish a track."""
        state = self.state
        wish = state.wishes.pop(0)
        if wish.training is not None:
            self._start(lambda: whole(state, wish), wish.keys)
            return True
        (key,) = wish.keys
        copied = self._copied(key)
        self._start(lambda: alone(state, state.entries[key], copied), wish.keys)
        return True

    def _copied(self, key: str) -> Handed | None:
        """State of the parent of a new branch, if it is just where they part."""
        state, entry = self.state, self.state.entries[key]
        place = None if entry.parent is None or entry.segments else state.lane_of(entry.parent)
        if place is None or place[0].at[place[1]] != entry.left:
            return None
        track, lane = place
        track.control.copy(lane)
        self._turn(track, None)
        return track.control.taken().get(lane)

    def _start(self, make: Callable[[], Track], keys: tuple[str, ...]) -> None:
        state = self.state
        try:
            with state.gate.busy():
                track = make()
        except Exception as error:
            self._failed(keys, error)
            return
        state.tracks.append(track)
        state.unsaved = True

    def _fail(self, track: Track, error: Exception) -> None:
        keys, track.keys, track.over = tuple(track.keys.values()), {}, True
        self._failed(keys, error)

    def _failed(self, keys: tuple[str, ...], error: Exception) -> None:
        state = self.state
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        state.error = said if isinstance(error, ValueError) else f"{type(error).__name__}: {said}"
        for key in keys:
            entry = state.entries[key]
            entry.status, entry.under_way, entry.raised = "failed", False, error
        state.unsaved = True
        state.new()

    def _save(self) -> None:
        try:
            self.state.save()
        except ValueError as error:
            self.state.error = str(error)

    def _tell(self, *, now: bool) -> None:
        """Call those who listen, without the lock: they may ask for something."""
        if self.state.listeners.due(now=now):
            with self.state.gate.free():
                self.state.listeners.tell(now=now)
            if self.state.listeners.trouble:
                self.state.error, self.state.listeners.trouble = self.state.listeners.trouble, ""
