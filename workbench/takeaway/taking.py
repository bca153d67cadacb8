"""What is asked to be taken along, checked before a file is touched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench import export
from workbench.curve import Run
from workbench.files import short
from workbench.plan import Plan
from workbench.schedule import Schedule

SCHEDULES = "schedules"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))}
"""Names that Windows keeps for itself."""
_UNFIT = re.compile(r"[^\w.-]+")
_LONGEST = 100


@dataclass(frozen=True)
class Item:
    """A schedule with the files that it becomes.

    Parameters
    ----------
    name : str
        What the user calls it.
    stem : str
        Name of its files without their endings.
    schedule : Schedule or Plan
        As given.
    code : str
        For torch; empty where torch has no way to say it.
    problem : str
        Why there is no code.
    """

    name: str
    stem: str
    schedule: Schedule | Plan
    code: str
    problem: str

    @property
    def files(self) -> dict[str, str]:
        """Contents by name, in the folder of the takeaway."""
        found = {f"{SCHEDULES}/{self.stem}.json": self.schedule.to_json() + "\n"}
        if self.code:
            found[f"{SCHEDULES}/{self.stem}.py"] = self.code
        return found


def folder_name(name: Any) -> str:
    """`name` if any system takes it as the name of one folder."""
    fits = isinstance(name, str) and _NAME.fullmatch(name) and name[-1] not in " ."
    if not fits or name.split(".")[0].casefold() in _DEVICES:
        raise ValueError(
            "name must be the name of one folder: letters, digits, spaces, dots, hyphens and underscores, "
            f"80 at most, beginning with a letter or digit; got {short(name)}"
        )
    return name


def items(schedules: Any) -> list[Item]:
    """The schedules with files whose names cannot collide."""
    taken: set[str] = set()
    out = []
    for name, schedule in named("schedules", schedules).items():
        if not isinstance(schedule, Schedule | Plan):
            raise ValueError(f"schedules[{short(name)}] must be a Schedule or a Plan; got {short(schedule)}")
        stem = _UNFIT.sub("-", name).strip("-.")[:60] or "schedule"
        if stem.casefold().split(".")[0] in _DEVICES:
            stem = f"schedule-{stem}"
        free, count = stem, 1
        # Some systems take wsd and WSD for the same file.
        while free.casefold() in taken:
            count += 1
            free = f"{stem}-{count}"
        taken.add(free.casefold())
        try:
            code, problem = export.code(schedule, "torch"), ""
        except export.CannotExport as error:
            code, problem = "", str(error)
        out.append(Item(name, free, schedule, code, problem))
    return out


def several(runs: Any) -> list[Run]:
    """The runs as a list."""
    if isinstance(runs, Run | str | Mapping) or not isinstance(runs, Iterable):
        raise ValueError(f"runs must be a sequence of runs; got {short(runs)}")
    found = list(runs)
    for run in found:
        if not isinstance(run, Run):
            raise ValueError(f"runs must be a sequence of runs; one of them is {short(run)}")
    return found


def named(what: str, given: Any) -> Mapping[str, Any]:
    """`given` if it maps names that a page can show."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{what} must be a mapping of names to values; got {short(given)}")
    for name in given:
        fits = isinstance(name, str) and name.strip() and len(name) <= _LONGEST and name.isprintable()
        if not fits:
            raise ValueError(
                f"{what} must have names of 1 to {_LONGEST} characters in one line; got {short(name)}"
            )
    return given
