"""What came of a sweep: one row per task, and intervals over its seeds."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench import records as coded
from workbench.sweep import folder as folders
from workbench.sweep import manifest
from workbench.sweep.ledger import Ledger, failures
from workbench.sweep.progress import metric_of

if TYPE_CHECKING:
    import pandas as pd

SEED = "seed"
"""The parameter over which intervals are taken."""

LEVEL = 0.9


@dataclass(frozen=True)
class Group:
    """Tasks that differ in their seed alone.

    Parameters
    ----------
    parameters : mapping
        What they share.
    values : tuple of float
        The figure of each seed.
    mean, low, high : float
        Mean, and its 90 % interval (Student's t); NaN for a single seed.
    """

    parameters: Mapping[str, Any]
    values: tuple[float, ...]
    mean: float
    low: float
    high: float

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Results:
    """A sweep's results, of the notebook and code of its newest start.

    Parameters
    ----------
    about : mapping
        Notebook, question, code, environment.
    finished : tuple of mapping
        The record of each finished task, with all parameters that any of them was given.
    failed : tuple of mapping
        Key, parameters and tries of each task that has not finished.
    older : int
        Finished tasks of another notebook or other code, which are left out.
    """

    about: Mapping[str, Any]
    finished: tuple[Mapping[str, Any], ...]
    failed: tuple[Mapping[str, Any], ...]
    older: int = 0

    __hash__ = None  # type: ignore[assignment]

    def table(self) -> pd.DataFrame:
        """One row per finished task: its parameters, its metrics, seconds and files."""
        import pandas as pd

        rows = []
        for record in self.finished:
            metrics = {name: coded.decode(value) for name, value in record["metrics"].items()}
            kept = record["parameters"]
            # A metric may have the name of a parameter.
            shown = {(f"metric.{n}" if n in kept else n): value for n, value in metrics.items()}
            rows.append({"key": record["key"], **kept, **shown, "seconds": record["seconds"]})
        return pd.DataFrame(rows)

    @property
    def names(self) -> list[str]:
        """Parameters that were given to any task."""
        return list(self.finished[0]["parameters"]) if self.finished else []

    @property
    def metric(self) -> str:
        """Name of the figure that tasks are judged by."""
        named = [metric_of(one, self.about["metric"])[0] for one in self.finished]
        return named[0] if named else self.about["metric"] or "final_loss"

    def groups(self) -> list[Group]:
        """Tasks that differ in their seed alone, the best first."""
        found: dict[str, tuple[dict[str, Any], list[float]]] = {}
        for record in self.finished:
            value = metric_of(record, self.about["metric"])[1]
            if value is not None:
                shared = {n: v for n, v in record["parameters"].items() if n != SEED}
                found.setdefault(repr(shared), (shared, []))[1].append(value)
        made = [_group(shared, values) for shared, values in found.values()]
        return sorted(made, key=lambda group: group.mean, reverse=bool(self.about["maximise"]))

    def __repr__(self) -> str:
        return (
            f"<Results: {len(self.finished)} finished, {len(self.failed)} not, of {self.about['notebook']}>"
        )


def results(out: str | os.PathLike[str]) -> Results:
    """What lies in the folder of a sweep.

    Raises
    ------
    ValueError
        When it is not the folder of a sweep.
    """
    folder = folders.at(out)
    about = manifest.read(folder)
    if about is None:
        raise ValueError(f"{folder.address} is not the folder of a sweep: it has no whole {manifest.NAME}")
    ledger = Ledger(folder)
    records, tries = ledger.records(), ledger.tries()
    ours = {
        k: r for k, r in records.items() if (r["notebook"], r["code"]) == (about["digest"], about["code"])
    }
    planned = about["tasks"]
    keys = [key for key in planned if key in ours] if planned else list(ours)
    failed = [
        {"key": key, "parameters": planned.get(key, {}), "tries": _told(tries.get(key, ()))}
        for key in (planned or tries)
        if key not in records
    ]
    # What one task was given another may have by default.
    names = dict.fromkeys(name for key in keys for name in ours[key]["parameters"])
    finished = []
    for key in keys:
        every = {**about["defaults"], **ours[key]["parameters"]}
        finished.append({**ours[key], "parameters": {name: every.get(name) for name in names}})
    return Results(about, tuple(finished), tuple(failed), len(records) - len(ours))


def _told(tries: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return failures([dict(one) for one in tries])


def _group(shared: Mapping[str, Any], values: list[float]) -> Group:
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Group(shared, tuple(values), mean, math.nan, math.nan)
    from scipy.stats import t

    half = float(t.ppf((1 + LEVEL) / 2, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    return Group(shared, tuple(values), mean, mean - half, mean + half)
