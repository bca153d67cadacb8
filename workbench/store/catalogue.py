"""What is in a store: the listing of the folder decides, the index says the rest, footers what it lacks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from workbench import runfile
from workbench.select import Row, row
from workbench.store import index
from workbench.store.folder import NO_FILE, Folder

BIN = "bin"
"""Where runs are moved that are not wanted any more, below the store."""

SEGMENT = 64
"""Footers that are read before it is worth while to write them into the index."""

_SUFFIX = ".parquet"
_THREADS = 8


class Catalogue:
    """Rows of all runs in a folder, read once and kept as long as the object lives.

    `entries` is what `refresh` found last, in the order of saving, and `problems` a sentence for each file
    that is no sound run. `version` is another number after every change.
    """

    def __init__(self, folder: Folder, below: str = "") -> None:
        self.folder, self.below, self.version = folder, below, 0
        self.entries: dict[str, Row] = {}
        self.problems: dict[str, str] = {}
        self._known: dict[index.Key, Row] = {}
        self._keys: set[index.Key] = set()
        self._names: list[str] = []
        self._segments: set[str] = set()

    def refresh(self) -> dict[str, Row]:
        """Row of every run that is there now, by id, oldest first."""
        names = self.folder.names(self.below)
        # Files do not change: while the same ones are there, and all were sound, there is nothing to ask.
        if names == self._names and not self.problems:
            return self.entries
        sizes = self.folder.sizes(self.below)
        there = {name.removesuffix(_SUFFIX): size for name, size in sizes.items() if name.endswith(_SUFFIX)}
        wanted = {(id, size) for id, size in there.items() if runfile.ID.fullmatch(id) and size != NO_FILE}
        self.problems = {
            id + _SUFFIX: f"{self._where(id)} is not a run that a Store saved"
            for id, size in sorted(there.items())
            if (id, size) not in wanted
        }
        if wanted - self._known.keys():
            self._known |= index.load(self.folder, self._segments)
            self._read(wanted - self._known.keys())
        keys = wanted & self._known.keys()
        if keys != self._keys:
            here = {id: self._known[id, size] for id, size in keys}
            self.entries = dict(sorted(here.items(), key=lambda item: (item[1]["saved"], item[0])))
            self._keys, self.version = keys, self.version + 1
        self._names = names
        return self.entries

    def forget(self) -> None:
        """Know nothing, so that the next `refresh` reads every footer."""
        self._known, self._keys, self._segments, self.entries = {}, set(), set(), {}
        self._names = []

    def _read(self, missing: set[index.Key]) -> None:
        """Read the footers of what is in no segment; what has been moved away meanwhile is no run here."""
        if not missing:
            return
        found: dict[index.Key, Row] = {}
        order = sorted(missing)
        with ThreadPoolExecutor(min(_THREADS, len(order))) as threads:
            for key, result in zip(order, threads.map(self._about, order), strict=True):
                if isinstance(result, str):
                    self.problems[key[0] + _SUFFIX] = result
                elif result is not None:
                    found[key] = result
        self._known |= found
        if len(found) >= SEGMENT:
            index.add(self.folder, found, self._segments, self._known)

    def _about(self, key: index.Key) -> Row | str | None:
        """Row of a run, or the sentence why there is none, or None where the file is gone."""
        name = f"{self.below}/{key[0]}{_SUFFIX}".lstrip("/")
        try:
            return row(key[0], runfile.about(self.folder.source(name), self.folder.where(name)))
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{self._where(key[0])} cannot be read: {runfile.reason(error)}"
        except ValueError as error:
            return str(error)

    def _where(self, id: str) -> str:
        return self.folder.where(f"{self.below}/{id}{_SUFFIX}".lstrip("/"))
