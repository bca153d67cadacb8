"""Is everything in a store what it should be, and what can be put right without losing anything?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench import runfile
from workbench.select import row
from workbench.store import index, labels
from workbench.store.catalogue import BIN
from workbench.store.folder import NO_FILE, Folder
from workbench.store.labels import Labels

BROKEN = "broken"
"""Where `repair` puts what is no sound run, below the store."""

_SUFFIX = ".parquet"


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it should be.

    Parameters
    ----------
    name : str
        The file, as seen from the store's folder.
    sentence : str
        What is wrong.
    remedy : str
        What `repair` does about it; empty where it does nothing.
    """

    name: str
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.sentence + (f" ({self.remedy})" if self.remedy else "")


@dataclass(frozen=True)
class Check:
    """What a check found.

    Parameters
    ----------
    runs : int
        Sound runs, those in the bin included: every byte of them was read.
    problems : tuple of Problem
        What is not as it should be.
    """

    runs: int
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        said = "nothing is wrong" if self.ok else f"{len(self.problems)} problems"
        return "\n".join([f"{self.runs:,} sound runs, {said}", *(f"- {each}" for each in self.problems)])


@dataclass(frozen=True)
class _Fault:
    problem: Problem
    mend: Callable[[], None] | None = None


def check(folder: Folder) -> Check:
    """Read everything and say what is wrong; nothing is changed."""
    runs, faults = _look(folder)
    return Check(runs, tuple(fault.problem for fault in faults))


def repair(folder: Folder) -> Check:
    """Put right what `check` finds and can be, and return what is left to be said.

    Broken files are moved to "broken", never taken away; a whole run under another name gets its own; an
    index that is wrong is taken away, and made again when the store is next listed.

    Raises
    ------
    ValueError
        When the folder cannot be written to.
    """
    runs, faults = _look(folder)
    left = []
    for fault in faults:
        if fault.mend is None:
            left.append(fault.problem)
            continue
        try:
            fault.mend()
        except OSError as error:
            place, why = folder.where(fault.problem.name), runfile.reason(error)
            raise ValueError(f"{place} cannot be put right: {why}") from None
    folder.sweep()
    return Check(runs, tuple(left)) if left == [f.problem for f in faults] else check(folder)


def _look(folder: Folder) -> tuple[int, list[_Fault]]:
    rows: dict[index.Key, dict[str, object]] = {}
    faults: list[_Fault] = []
    runs = 0
    for below in ("", BIN):
        for name, size in sorted(folder.sizes(below).items()):
            if not name.endswith(_SUFFIX):
                continue
            place = f"{below}/{name}".lstrip("/")
            found = _run(folder, place, size)
            if isinstance(found, _Fault):
                faults.append(found)
                continue
            runs += 1
            rows[name.removesuffix(_SUFFIX), size] = found
    faults += _index(folder, rows)
    for name, sentence in _labels(folder):
        place = f"{labels.FOLDER}/{name}"
        faults.append(_set_aside(folder, place, sentence) if name else _Fault(Problem(place, sentence)))
    return runs, faults


def _run(folder: Folder, place: str, size: int) -> _Fault | dict[str, object]:
    """Row of a sound run, or what is wrong with it."""
    where, stem = folder.where(place), place.rpartition("/")[2].removesuffix(_SUFFIX)
    if size == NO_FILE:
        return _Fault(Problem(place, f"{where} is not a plain file"))
    named = runfile.ID.fullmatch(stem) is not None
    try:
        id, _ = runfile.unpack(folder.source(place), where, named=named)
        if named:
            return row(stem, runfile.about(folder.source(place), where))
    except FileNotFoundError:
        return _Fault(Problem(place, f"{where} was moved while it was read; check again"))
    except (OSError, ValueError) as error:
        if named:
            return _set_aside(folder, place, str(error))
        return _Fault(Problem(place, f"{where} is not a run; it does no harm"))
    new = place.replace(stem, id)
    problem = Problem(place, f"{where} is the run {id} under another name", "repair gives it its own")
    return _Fault(problem, lambda: folder.move(place, new))


def _index(folder: Folder, rows: dict[index.Key, dict[str, object]]) -> Iterator[_Fault]:
    try:
        names = sorted(folder.sizes(index.FOLDER))
    except ValueError as error:
        yield _Fault(Problem(index.FOLDER, str(error)))
        return
    for name in names:
        place = f"{index.FOLDER}/{name}"
        try:
            said = index.unpack(name, folder.read(place))
            wrong = [key[0] for key, found in said.items() if key in rows and not _same(found, rows[key])]
            sentence = f"{folder.where(place)} says other things of the run {wrong[0]}" if wrong else ""
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            sentence = f"{folder.where(place)} is damaged: {runfile.reason(error)}"
        if sentence:
            problem = Problem(place, sentence, "repair takes it away; it is made again from the runs")
            yield _Fault(problem, lambda place=place: folder.remove(place))


def _same(a: dict[str, object], b: dict[str, object]) -> bool:
    """Whether two rows say the same; the time of saving is another after each save of one run."""
    one, other = ({k: repr(v) for k, v in each.items() if k != "saved"} for each in (a, b))
    return one == other


def _labels(folder: Folder) -> list[tuple[str, str]]:
    every = Labels(folder)
    every.tags()
    return list(every.problems.items())


def _set_aside(folder: Folder, place: str, sentence: str) -> _Fault:
    new = f"{BROKEN}/{place.rpartition('/')[2]}"
    problem = Problem(place, sentence, f"repair moves it to {BROKEN}")
    return _Fault(problem, lambda: folder.move(place, new))
