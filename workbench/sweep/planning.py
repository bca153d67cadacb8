"""A sweep as a value: which notebook, which tasks, and what they are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.files import short
from workbench.params import Param, number
from workbench.sweep import axes, cell, lists, notebook_source, sampling
from workbench.sweep.notebook_source import Source
from workbench.sweep.search import Search
from workbench.sweep.task import Maker, Task

_SEED = Param(0, 2**32 - 1, help="seed of samples or of a search")


@dataclass(frozen=True)
class Plan:
    """What a sweep will run; made by `plan`, every value checked.

    Parameters
    ----------
    source : Source
        The notebook.
    maker : Maker
        Its parameters and the version of the code.
    tasks : tuple of Task
        What is run. For an adaptive search, what each trial is run with (such as its seeds).
    varied : tuple of str
        Parameters of which the tasks have more than one value.
    metric : str
        Figure that tells the best task; empty: the final loss, or the only figure that was recorded.
    maximise : bool
        Whether more of it is better.
    search : Search, optional
        An adaptive search over further parameters.
    """

    source: Source
    maker: Maker
    tasks: tuple[Task, ...]
    varied: tuple[str, ...]
    metric: str = ""
    maximise: bool = False
    search: Search | None = None

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.tasks) * (self.search.trials if self.search else 1)

    def __repr__(self) -> str:
        return (
            f"<Plan: {len(self)} tasks of {self.source.name}, {', '.join(self.varied) or 'nothing'} varied>"
        )


def plan(
    notebook: str | Path,
    *,
    grid: Mapping[str, Sequence[Any]] | None = None,
    zipped: Mapping[str, Sequence[Any]] | None = None,
    rows: str | Path | Sequence[Mapping[str, Any]] | None = None,
    fixed: Mapping[str, Any] | None = None,
    sample: Mapping[str, str] | None = None,
    count: int = 0,
    method: str = "sobol",
    search: int = 0,
    seed: int = 0,
    metric: str = "",
    maximise: bool = False,
    code: str = "",
) -> Plan:
    """Check everything and say what a sweep would run; nothing is run.

    Parameters
    ----------
    notebook : path
        A Python notebook with a cell tagged ``parameters``.
    grid : mapping of lists
        Every combination of these is run.
    zipped : mapping of lists
        These go together, the first with the first; in every combination with the grid.
    rows : path or list of mappings
        A CSV or YAML file, or mappings: one set of parameters each, again in every combination.
    fixed : mapping
        Given to every task.
    sample : mapping of text
        Ranges: ``{"peak": "1e-4:1e-2:log", "schedule": ""}``; empty text takes what the notebook says.
    count : int
        How many points of `sample` are run (of `method` "sobol" or "random").
    search : int
        Trials of an adaptive search over `sample` instead.
    seed : int
        Seed of the samples or of the search.
    metric, maximise
        What is best; see `Plan`.
    code : str
        What stands for the version of the code in the identity of tasks, such as a commit; the version
        and a hash of the package where it is empty.

    Returns
    -------
    Plan
        With a key for each task: its identity is the notebook's code, all parameters and `code`.

    Raises
    ------
    ValueError
        For unknown names, wrong types, values out of range, and whatever does not fit together.
    """
    for name, value in (("grid", grid), ("zipped", zipped), ("fixed", fixed), ("sample", sample)):
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"{name} must be a mapping from names of parameters; got {short(value)}")
    for name, value in (("metric", metric), ("code", code)):
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text; got {short(value)}")
    source = notebook_source.read(notebook)
    declared = cell.parameters(source)
    maker = Maker(source.digest, code or notebook_source.code_version(source), declared)
    for name in [*(grid or {}), *(zipped or {}), *(fixed or {}), *(sample or {})]:
        maker.parameter(name)
    listed = _listed(rows, maker)
    alone = {name: [value] for name, value in (fixed or {}).items()}
    _apart(alone, grid or {})
    given = axes.product({**alone, **(grid or {})}, zipped or {}, listed)
    ranges = sampling.ranges(declared, sample or {})
    number("seed", seed, _SEED, integer=True)
    _fits(ranges, count, search, metric)
    adaptive = Search(ranges, search, seed, maximise) if search else None
    if count:
        points = sampling.sampled(ranges, count, method, seed)
        given = [{**point, **one} for point in points for one in given if _apart(point, one)]
    elif adaptive:
        _apart({one.name: None for one in ranges}, given[0])
    tasks = tuple({task.key: task for task in (maker.task(one) for one in given)}.values())
    names = list(dict.fromkeys(name for task in tasks for name in task.parameters))
    several = [n for n in names if len({repr(t.parameters.get(n, declared[n].default)) for t in tasks}) > 1]
    varied = tuple([one.name for one in ranges if search] + several)
    return Plan(source, maker, tasks, varied, metric, maximise, adaptive)


def _listed(rows: Any, maker: Maker) -> list[Mapping[str, Any]]:
    if isinstance(rows, str | Path):
        return list(lists.read(rows, maker))
    rows = [{}] if rows is None else rows
    if not isinstance(rows, Sequence) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(f"rows must be a CSV or YAML file, or a list of mappings; got {short(rows)}")
    return list(rows)


def _fits(ranges: Sequence[sampling.Range], count: int, search: int, metric: str) -> None:
    for name, value in (("count", count), ("search", search)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= axes.MAX_TASKS:
            raise ValueError(f"{name} must be a whole number from 0 to {axes.MAX_TASKS:,}; got {value!r}")
    if count and search:
        raise ValueError("count and search exclude each other: a search chooses its own points")
    if ranges and not (count or search):
        raise ValueError("a sampled range needs count (how many points) or search (how many trials)")
    if (count or search) and not ranges:
        raise ValueError("sample must name the parameters to sample, such as peak=1e-4:1e-2:log")
    if search and not metric:
        raise ValueError("an adaptive search needs metric, the figure that the notebook records")


def _apart(point: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    twice = set(point) & set(one)
    if twice:
        raise ValueError(f"{twice.pop()} is given twice: say its values in one place")
    return True
