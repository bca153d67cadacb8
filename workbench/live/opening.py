"""Sessions of this kernel, one for each folder, and a look at those of others."""

from __future__ import annotations

import atexit
import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.curve import Run
from workbench.files import short
from workbench.live import journal, source
from workbench.live.branch import GOING, HELD, Branch
from workbench.live.journal import Record
from workbench.live.lock import Lock
from workbench.live.saving import run_of, saved
from workbench.live.session import Session
from workbench.live.state import State

if TYPE_CHECKING:
    from workbench.store import Store

_OPEN: weakref.WeakValueDictionary[Path, Session] = weakref.WeakValueDictionary()
_AT_EXIT: list[bool] = []


def open(folder: str | os.PathLike[str]) -> Session:
    """The session in a folder: the same object while it is open, so that a cell that is run again finds it.

    Parameters
    ----------
    folder : str or Path
        It is made where it is not there.

    Raises
    ------
    ValueError
        When another process has it open, it cannot be written to, or what is there is not a session.

    Notes
    -----
    What an earlier kernel left under way is "stopped" and `Session.unfinished`, with all that was
    measured up to the last snapshot. A session that nobody refers to, and that does not train, lets go of
    its folder; one that trains is held by its thread. When the kernel ends, all are closed.
    """
    path = _path(folder)
    session = _OPEN.get(path)
    if session is not None and not session.closed:
        return session
    lock = Lock(path)
    try:
        state = State(path, _recalled(path))
        state.fresh = True
        state.tidy()
        session = Session(path, lock, state)
    except BaseException:
        lock.release()
        raise
    _OPEN[path] = session
    if not _AT_EXIT:
        _AT_EXIT.append(True)
        atexit.register(_close_all)
    return session


class Look:
    """A session of another kernel as it is on disk: what was measured up to its last snapshots."""

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder, self._record = folder, record

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All branches; what another kernel trains is "stopped" here."""
        return tuple(entry.branch for entry in self._record.entries.values())

    def run(self, key: str) -> Run:
        """As of `Session.run`."""
        entries = self._record.entries
        if key not in entries:
            raise ValueError(f"key must be one of {', '.join(entries) or 'none yet'}; got {short(key)}")
        return run_of(self._record, self.folder, entries[key])

    def save(self, *keys: str, store: Store | str | os.PathLike[str]) -> list[str]:
        """As of `Session.save`."""
        return saved([self.run(key) for key in keys or self._record.entries], store)


def look(folder: str | os.PathLike[str]) -> Look:
    """Read what is in the folder of a session, which another kernel may have open.

    Raises
    ------
    ValueError
        When there is no session.
    """
    path = _path(folder)
    if not (path / journal.FILE).exists():
        raise ValueError(f"folder must hold a session; there is no {path / journal.FILE}")
    return Look(path, _recalled(path))


def _recalled(folder: Path) -> Record:
    """The record on disk, with what was measured."""
    record = journal.read(folder)
    if record.entries:
        source.recall(folder, record.entries)
    for entry in record.entries.values():
        if entry.status in (*GOING, *HELD):
            entry.status = "stopped"
    return record


def _path(folder: object) -> Path:
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise ValueError(f"folder must name a folder; got {short(folder)}")
    return Path(os.fspath(folder)).expanduser().resolve()


def _close_all() -> None:
    for session in list(_OPEN.values()):
        session.close()
