"""The runs of a store as rows and tables: the catalogue joined with tags and notes, made once per change."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from workbench.select import Row, columns, pick
from workbench.store import frame
from workbench.store.catalogue import Catalogue
from workbench.store.folder import Folder
from workbench.store.labels import Labels

_MOST_WARNINGS = 20


class Listing:
    """Runs in the folder, or in the one `below` it, with what `labels` say of them."""

    def __init__(self, folder: Folder, labels: Labels, below: str = "") -> None:
        self.folder, self.labels = folder, labels
        self._catalogue = Catalogue(folder, below)
        self._of = (-1, -1)
        self._rows: list[Row] = []
        self._columns: list[str] = []
        self._made: dict[str, Any] = {}

    def ids(self) -> dict[str, Row]:
        """Bare row of every run by id, oldest first; what is no sound run is warned of."""
        entries = self._catalogue.refresh()
        _warn(self._catalogue.problems)
        return entries

    def table(self, as_: str, filters: Mapping[str, Any]) -> Any:
        """The runs that pass the filters."""
        self._join()
        form = "pandas" if as_ == "pandas" else "arrow"
        if form not in self._made:
            made = frame.pandas if form == "pandas" else frame.arrow
            self._made[form] = made(self._rows, self._columns)
        table = self._made[form]
        places = pick(self._rows, filters, self._columns) if filters else None
        if form == "arrow":
            return frame.convert(table if places is None else frame.taken(table, places), as_)
        # Who changes the table has changed their own: values are copied when they are written to.
        return table.copy(deep=False) if places is None else table.iloc[places].reset_index(drop=True)

    def points(self) -> Any:
        """All points of all curves as a dataset of Arrow; a file is opened when its id is asked for."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        filesystem = self.folder.arrow()
        form, id = ds.ParquetFileFormat(), ds.field("id")
        paths = {key: self.folder.inside(f"{key}.parquet") for key in self.ids()}
        fragments = [form.make_fragment(path, filesystem, id == key) for key, path in paths.items()]
        numbers = [(name, pa.float64()) for name in ("step", "loss", "low", "high")]
        schema = pa.schema([("id", pa.string()), ("part", pa.string()), *numbers])
        return ds.FileSystemDataset(fragments, schema, form, filesystem)

    def forget(self) -> None:
        """Read everything again next time."""
        self._catalogue.forget()
        self.labels.forget()

    def _join(self) -> None:
        entries, tags, notes = self.ids(), self.labels.tags(), self.labels.notes()
        _warn(self.labels.problems)
        of = (self._catalogue.version, self.labels.version)
        if of == self._of:
            return
        self._columns = columns(entries.values())
        self._rows = [
            {
                **row,
                "tags": tags.get(id, ()),
                "notes": "\n".join(note.text for note in notes.get(id, ())) or None,
            }
            for id, row in entries.items()
        ]
        self._of, self._made = of, {}


def _warn(problems: Mapping[str, str]) -> None:
    sentences = list(problems.values())
    for sentence in sentences[:_MOST_WARNINGS]:
        warnings.warn(f"left out of the list of runs: {sentence}", stacklevel=4)
    if len(sentences) > _MOST_WARNINGS:
        more = len(sentences) - _MOST_WARNINGS
        warnings.warn(f"left out of the list of runs: {more:,} more; check() names them all", stacklevel=4)
