"""A folder on this machine or on a share: files that are written whole or not at all, and never changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import time
import uuid
from pathlib import Path
from typing import IO, Any, Protocol

from workbench.runfile import reason

_LEFTOVER = re.compile(r"\.[0-9a-f]{16}\.[0-9a-f]{32}\.tmp")
_STALE = 24 * 3600.0
_TRIES = 3
NO_FILE = -1
"""Size of what has a file's name and is none: a folder, a pipe, a device."""


class Folder(Protocol):
    """What a store needs of the place where it lies. Names have at most one folder before them."""

    address: str

    def sizes(self, below: str = "") -> dict[str, int]:
        """Names of the files in the folder or one below it, with their sizes in bytes; no hidden ones.

        ``ValueError`` says why it cannot be listed; one that is not there has no files.
        """
        ...

    def names(self, below: str = "") -> list[str]:
        """All names in the folder or one below it; the same list while nothing comes or goes."""
        ...

    def where(self, name: str) -> str:
        """What a file is called in a sentence."""
        ...

    def read(self, name: str) -> bytes:
        """All of a file; ``FileNotFoundError`` where there is none."""
        ...

    def source(self, name: str) -> Path | IO[bytes]:
        """What pyarrow reads parts of the file from; ``FileNotFoundError``, then or later, without one."""
        ...

    def arrow(self) -> Any:
        """The filesystem as pyarrow has it."""
        ...

    def inside(self, name: str) -> str:
        """The path of a file within that filesystem."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """A file with `data`, all of it or, after ``OSError``, nothing."""
        ...

    def move(self, name: str, new: str) -> None:
        """Another name for a file; what had that name is replaced."""
        ...

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        ...

    def sweep(self) -> list[str]:
        """Take away what writers left who died long ago, and return the names."""
        ...


class Local:
    """A folder that the operating system knows.

    Raises
    ------
    OSError, ValueError
        When it is not there and cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.address = path, str(path)
        path.mkdir(parents=True, exist_ok=True)

    def sizes(self, below: str = "") -> dict[str, int]:
        """As of `Folder`."""
        found: dict[str, int] = {}
        try:
            with os.scandir(self.path / below) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    # Between the listing and this line another process may have moved it.
                    with contextlib.suppress(FileNotFoundError):
                        about = entry.stat()
                        found[entry.name] = about.st_size if stat.S_ISREG(about.st_mode) else NO_FILE
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ValueError(f"{self.path / below} cannot be listed: {reason(error)}") from None
        return found

    def names(self, below: str = "") -> list[str]:
        """As of `Folder`; several times faster than `sizes`, which asks for each file."""
        try:
            return os.listdir(self.path / below)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ValueError(f"{self.path / below} cannot be listed: {reason(error)}") from None

    def where(self, name: str) -> str:
        """As of `Folder`."""
        return str(self.path / name)

    def read(self, name: str) -> bytes:
        """As of `Folder`."""
        return (self.path / name).read_bytes()

    def source(self, name: str) -> Path:
        """As of `Folder`."""
        return self.path / name

    def arrow(self) -> Any:
        """As of `Folder`."""
        from pyarrow import fs

        return fs.LocalFileSystem()

    def inside(self, name: str) -> str:
        """As of `Folder`."""
        return (self.path / name).as_posix()

    def write(self, name: str, data: bytes) -> None:
        """As of `Folder`."""
        target = self.path / name
        for left in reversed(range(_TRIES)):
            temporary = self.path / f".{_mark(name)}.{uuid.uuid4().hex}.tmp"
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                _make(target.parent, self.path)
                os.replace(temporary, target)
                _sync(target.parent)
                return
            except FileNotFoundError:
                # A machine whose clock is far ahead took the file for the leftover of a dead writer.
                if not left:
                    raise
            except OSError:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise

    def move(self, name: str, new: str) -> None:
        """As of `Folder`."""
        target = self.path / new
        _make(target.parent, self.path)
        os.replace(self.path / name, target)
        _sync(target.parent)

    def remove(self, name: str) -> None:
        """As of `Folder`."""
        (self.path / name).unlink(missing_ok=True)

    def sweep(self) -> list[str]:
        """As of `Folder`."""
        gone = []
        with contextlib.suppress(OSError), os.scandir(self.path) as entries:
            for entry in entries:
                # The age keeps those that are still writing.
                if _LEFTOVER.fullmatch(entry.name):
                    with contextlib.suppress(OSError):
                        if time.time() - entry.stat().st_mtime > _STALE:
                            os.unlink(entry.path)
                            gone.append(entry.name)
        return gone


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _make(folder: Path, top: Path) -> None:
    if folder != top:
        folder.mkdir(parents=True, exist_ok=True)


def _sync(path: Path) -> None:
    # Without it a power cut may forget the new name. Windows cannot open a folder.
    if not hasattr(os, "O_DIRECTORY"):
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
