"""One process at a time in a folder: a lock that dies with its process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "lock"


class Lock:
    """Held from the making to `release`, or to the end of the process.

    Raises
    ------
    ValueError
        When another process holds it, with its number; or the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / NAME).open("a+", encoding="utf-8")
        except OSError as error:
            raise ValueError(f"folder {folder} cannot be written to: {error.strerror}") from None
        try:
            _take(self._file.fileno())
        except OSError:
            self._file.seek(1)
            who = self._file.read(20).strip()
            self._file.close()
            raise ValueError(
                f"folder {folder} is in use by another kernel{f' (process {who})' if who else ''}; "
                "close its session or that kernel, take another folder, or look with "
                "workbench.live.look(folder)"
            ) from None
        # The first character is what Windows locks; others may read what follows it.
        self._file.truncate(0)
        self._file.write(f" {os.getpid()}")
        self._file.flush()

    def release(self) -> None:
        """Give the folder free; a second time does nothing."""
        self._file.close()


def _take(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
