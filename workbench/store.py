"""Runs on disk: one Parquet file per run, written whole or not at all, listed from the footers alone."""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import runfile
from workbench.curve import Run
from workbench.select import pick, row

if TYPE_CHECKING:
    import pandas as pd

_LEFTOVER = re.compile(r"\.[0-9a-f]{16}\.[0-9a-f]{32}\.tmp")
_STALE = 24 * 3600.0


class Store:
    """A folder of runs.

    Many processes may write to one store at once. A run is in it as soon as `save` has returned, and
    a process that dies while it saves leaves nothing that could be seen.

    Parameters
    ----------
    path : str or Path
        The folder; it is made if it is not there.

    Raises
    ------
    ValueError
        When `path` is not a folder and cannot be made one.

    Examples
    --------
    >>> store = Store("runs")  # doctest: +SKIP
    >>> store.table(schedule="wsd", peak=[1e-3, 2e-3])  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):
            raise ValueError(f"path must name a folder; got {path!r}")
        self.path = Path(path).expanduser().absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"path must name a folder; {self.path} is not one: {runfile.reason(error)}"
            ) from None
        self._sweep()

    def save(self, run: Run) -> str:
        """Write `run` and return its id, a hash of its content.

        The same run saved again has the same id and stays one file.

        Raises
        ------
        ValueError
            When `run` is not a `Run`, holds values that are not plain, or cannot be written.
        """
        name, data = runfile.pack(run)
        self._write(name, data)
        return name

    def load(self, id: str) -> Run:
        """The run called `id`, equal to what was saved.

        Raises
        ------
        ValueError
            When there is no such run, or its file is damaged.
        """
        if not isinstance(id, str) or not runfile.ID.fullmatch(id):
            raise ValueError(f"id must be 16 hexadecimal digits, as save returned it; got {id!r}")
        path = self._file(id)
        if not path.is_file():
            raise ValueError(f"id must be one of store.ids(); {self.path} has no run {id!r}")
        return runfile.unpack(path)

    def ids(self) -> list[str]:
        """Ids of all runs, in the order in which they were saved."""
        return list(self._abouts())

    def __len__(self) -> int:
        return len(self.ids())

    def table(self, **filters: Any) -> pd.DataFrame:
        """One row per run, oldest first; only the footers of the files are read.

        Columns: id, schedule (the name of its recipe, or "custom"), ``schedule.<argument>``, task
        (its name), ``task.<field>``, the facts that are single values, final_loss, steps, saved.

        Parameters
        ----------
        **filters
            ``column=value``. A bare name stands for ``schedule.name`` or ``task.name`` where only one
            of them exists, a list for any of its values; numbers are compared to 1e-9 relative.

        Raises
        ------
        ValueError
            For a name that no run has, or that means two columns.
        """
        import pandas as pd

        rows = [row(id, about) for id, about in self._abouts().items()]
        rows, columns = pick(rows, filters)
        table = pd.DataFrame([[r.get(c) for c in columns] for r in rows], columns=columns)
        table["saved"] = pd.to_datetime(table["saved"].astype(float), unit="s", utc=True)
        return table

    def __repr__(self) -> str:
        return f"<Store: {len(self)} runs in {self.path}>"

    def _file(self, id: str) -> Path:
        return self.path / f"{id}.parquet"

    def _abouts(self) -> dict[str, dict[str, Any]]:
        found = {}
        for path in sorted(self.path.glob("*.parquet")):
            try:
                about = runfile.about(path)
            except FileNotFoundError:
                continue
            except ValueError as error:
                warnings.warn(f"left out of the list of runs: {error}", stacklevel=3)
                continue
            found[path.stem] = about
        return dict(sorted(found.items(), key=lambda item: (item[1]["saved"], item[0])))

    def _write(self, id: str, data: bytes) -> None:
        temporary = self.path / f".{id}.{uuid.uuid4().hex}.tmp"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._file(id))
            self._sync()
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise ValueError(
                f"the run could not be written to {self.path}: {runfile.reason(error)}"
            ) from None

    def _sync(self) -> None:
        # Without it a power cut may forget the new name. Windows cannot open a folder.
        if not hasattr(os, "O_DIRECTORY"):
            return
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _sweep(self) -> None:
        # Leftovers of writers that died; the age keeps those that are still writing.
        for path in self.path.glob(".*.tmp"):
            with contextlib.suppress(OSError):
                stale = time.time() - path.stat().st_mtime > _STALE
                if stale and _LEFTOVER.fullmatch(path.name):
                    path.unlink()
