"""A folder of runs: saved and loaded, listed, asked, labelled, put aside and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import runfile
from workbench.curve import Curve, Run
from workbench.store import acts, frame, integrity, labels, query
from workbench.store.catalogue import BIN
from workbench.store.folder import Local
from workbench.store.labels import Labels, Note
from workbench.store.listing import Listing
from workbench.store.thin import thin

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """A folder of runs.

    Many processes, on many machines, may write to one store at once: nothing is locked, and no server runs. A
    run is in it as soon as `save` has returned, and a process that dies while it saves leaves nothing that
    could be seen.

    Parameters
    ----------
    path : str or Path
        The folder; it is made if it is not there. ``s3://bucket/runs`` and its like go through fsspec.

    Raises
    ------
    ValueError
        When `path` is not a folder and cannot be made one.

    Notes
    -----
    Beside the runs, ``<id>.parquet``, the folder has ``index`` (what listing needs, made from the runs, and
    made again where it is missing), ``labels`` (tags and notes), ``bin``, and ``broken`` where something was
    repaired.

    Examples
    --------
    >>> store = Store("runs")  # doctest: +SKIP
    >>> store.table(schedule="wsd", peak=[1e-3, 2e-3])  # doctest: +SKIP
    >>> store.query("select peak, avg(final_loss) from runs group by peak")  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._folder = acts.opened(path)
        self._folder.sweep()
        self._labels = Labels(self._folder)
        self._runs = Listing(self._folder, self._labels)
        self._binned = Listing(self._folder, self._labels, BIN)

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        # Another process reads the folder for itself.
        return Store, (self.address,)

    @property
    def address(self) -> str:
        """Where it is, as text: a path, or an address such as ``s3://bucket/runs``."""
        return self._folder.address

    @property
    def path(self) -> Path:
        """Its folder; ``ValueError`` where it is not on this machine."""
        if not isinstance(self._folder, Local):
            raise ValueError(f"{self.address} is no folder of this machine; its address is store.address")
        return self._folder.path

    # One run

    def save(self, run: Run) -> str:
        """Write `run` and return its id, a hash of its content.

        The same run saved again has the same id and stays one file.

        Raises
        ------
        ValueError
            When `run` is not a `Run`, holds values that are not plain, or cannot be written.
        """
        name, data = runfile.pack(run)
        acts.write(
            "the run could not be written", self._folder, lambda: self._folder.write(f"{name}.parquet", data)
        )
        return name

    def load(self, id: str) -> Run:
        """The run called `id`, equal to what was saved; one in the bin, too.

        Raises
        ------
        ValueError
            When there is no such run, or its file is damaged.
        """
        return acts.read(self._folder, id, runfile.unpack)[1]

    def curve(self, id: str, part: str = "loss", points: int | None = None) -> Curve:
        """One curve of the run called `id`; nothing else of it is read.

        Parameters
        ----------
        id : str
            As `save` returned it.
        part : str
            "loss" for the run's own curve, or the name of one of its parts.
        points : int, optional
            How many points at most, of those that were measured: the ends, and the extremes between.

        Raises
        ------
        ValueError
            When there is no such run or part, its file is damaged, or `points` is below 4.
        """
        return thin(acts.read(self._folder, id, partial(runfile.curve, part=part)), points)

    def curves(
        self, ids: Iterable[str], part: str = "loss", points: int | None = None
    ) -> Iterator[tuple[str, Curve]]:
        """Pairs of id and curve, each read when it is asked for; see `curve`."""
        return ((id, self.curve(id, part, points)) for id in acts.several(ids))

    # All runs

    def ids(self) -> list[str]:
        """Ids of all runs, in the order in which they were saved."""
        return list(self._runs.ids())

    def __len__(self) -> int:
        return len(self.ids())

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and id in self._runs.ids()

    def table(self, *, as_: str = "pandas", **filters: Any) -> pd.DataFrame | Any:
        """One row per run, oldest first; no curve is read.

        Columns: id, schedule (the name of its recipe, or "custom"), ``schedule.<argument>``, task
        (its name), ``task.<field>``, the facts that are single values, final_loss, steps, saved, tags, notes.

        Parameters
        ----------
        as_ : str
            "pandas", "polars" or "arrow".
        **filters
            ``column=value``. A bare name stands for ``schedule.name`` or ``task.name`` where only one
            of them exists, a list for any of its values; numbers are compared to 1e-9 relative.
            ``tags="good"`` asks for the runs that have this tag.

        Raises
        ------
        ValueError
            For a name that no run has, or that means two columns.
        """
        return self._runs.table(frame.check(as_), filters)

    def query(self, sql: str, *, as_: str = "pandas") -> pd.DataFrame | Any:
        """The answer to one SELECT of SQL, by DuckDB.

        Parameters
        ----------
        sql : str
            Over `runs`, which has the columns of `table` (one with a dot in its name goes in double quotes,
            or by its short name, as ``peak`` for ``"schedule.peak"``), and `points`, which has the points of
            all curves: id, part, step, loss, low, high. Of runs that are named by id (``where id = '...'``)
            only their own files are read.
        as_ : str
            "pandas", "polars" or "arrow".

        Raises
        ------
        ValueError
            When it is not one SELECT, or refused by DuckDB.

        Notes
        -----
        The query sees these tables and nothing else: no file, no network, no setting.
        """
        return query.answer(sql, lambda: self._runs.table("arrow", {}), self._runs.points, as_)

    def binned(self, *, as_: str = "pandas") -> pd.DataFrame | Any:
        """The runs in the bin, as of `table`."""
        return self._binned.table(frame.check(as_), {})

    def __repr__(self) -> str:
        return f"<Store: {len(self)} runs in {self.address}>"

    # What is said of runs

    def tag(self, ids: str | Iterable[str], *tags: str) -> None:
        """Give runs some tags; their files stay as they are.

        Raises
        ------
        ValueError
            For an unknown id, or a tag that is not one line of 1 to 100 characters without a comma.
        """
        self._label(ids, [("tag", labels.check("tag", tag)) for tag in tags], self._labels.add)

    def untag(self, ids: str | Iterable[str], *tags: str) -> None:
        """Take tags away from runs, whoever gave them."""
        self._label(ids, [("tag", labels.check("tag", tag)) for tag in tags], self._labels.end)

    def note(self, ids: str | Iterable[str], text: str) -> None:
        """Add a note to runs; their files stay as they are."""
        self._label(ids, [("note", labels.check("note", text))], self._labels.add)

    def unnote(self, ids: str | Iterable[str], text: str) -> None:
        """Take a note with this text away from runs."""
        self._label(ids, [("note", labels.check("note", text))], self._labels.end)

    def notes(self, id: str) -> tuple[Note, ...]:
        """Notes of a run with the times when they were written, oldest first."""
        (known,) = acts.known([id], self._runs, self._binned)
        return self._labels.notes().get(known, ())

    # The bin

    def bin(self, ids: str | Iterable[str]) -> None:
        """Move runs to the bin: `table` and `query` leave them out, and `restore` brings them back.

        Raises
        ------
        ValueError
            For an unknown id, or when the folder cannot be written to.
        """
        acts.move(acts.known(ids, self._runs), self._folder, "", BIN)

    def restore(self, ids: str | Iterable[str]) -> None:
        """Bring runs back from the bin."""
        acts.move(acts.known(ids, self._binned), self._folder, BIN, "")

    def empty_bin(self) -> int:
        """Delete what is in the bin, for good, and return how many runs that were."""
        gone = list(self._binned.ids())
        for id in gone:
            name = f"{BIN}/{id}.parquet"
            acts.write(
                "the bin could not be emptied", self._folder, lambda name=name: self._folder.remove(name)
            )
        return len(gone)

    # Integrity

    def check(self) -> integrity.Check:
        """Read every byte of runs, index and labels, and say what is wrong; nothing is changed."""
        return integrity.check(self._folder)

    def repair(self) -> integrity.Check:
        """Put right what `check` finds: nothing is deleted but what can be made again. Returns what is left.

        Raises
        ------
        ValueError
            When the folder cannot be written to.
        """
        left = integrity.repair(self._folder)
        for each in (self._runs, self._binned):
            each.forget()
        return left

    def _label(
        self,
        ids: str | Iterable[str],
        said: list[tuple[str, str]],
        add: Callable[[list[str], str, str], None],
    ) -> None:
        known = acts.known(ids, self._runs, self._binned)
        for kind, text in said:
            acts.write(
                "it could not be written", self._folder, lambda kind=kind, text=text: add(known, kind, text)
            )
