"""Measured curves that a law may learn from: a public data set or one's own logs, and a first split."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench import datasets, judge, logs
from workbench.curve import Run
from workbench.explore.settings import Setting

UNIT = "nats per token"
"""Of every loss that is read."""

OWN = "own"
"""Key of one's own logs among the data sets."""
TITLES: Mapping[str, str] = {
    "multipower/25M": "25M LLaMA, 9 public curves",
    "multipower/100M": "100M LLaMA, 9 public curves",
    "schaipp/124M": "124M, 16 public curves, two peaks",
    OWN: "your own logs",
}
"""What the list of data sets shows, by key."""
_PUBLISHED_SPLIT = ("constant_24000", "cosine_24000", "wsdcon_9")
"""What the authors of the multi-power law trained on."""
_PEAK = 1e-3
"""Of two peaks the one that trains a law at first."""
_STEEPEST = 0.2
"""Largest share of a warmup that sliders begin with: a log without rates has no end of its rise."""


@dataclass(frozen=True)
class Curves:
    """Runs of one data set, each with a name of its own.

    Parameters
    ----------
    title : str
        Data set and source, for captions.
    runs : tuple of Run
        Those that a law can use.
    trained : tuple of str
        Names of those that train a law at first; the others are held out.
    notes : tuple of str
        What was done to read them, a sentence each.
    """

    title: str
    runs: tuple[Run, ...]
    trained: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the runs."""
        return tuple(str(run.facts["name"]) for run in self.runs)

    def get(self, name: str) -> Run:
        """The run called `name`."""
        if name not in self.names:
            raise ValueError(f"curve must be one of {', '.join(self.names)}; got {name!r}")
        return self.runs[self.names.index(name)]

    @property
    def setting(self) -> Setting:
        """Sliders that suit the runs: their usual length, peak and warmup, and some way beyond."""
        totals = [len(run.schedule) for run in self.runs]
        peaks = [run.schedule.peak for run in self.runs]
        rises = [judge.rise_end(run.schedule) / len(run.schedule) for run in self.runs]
        total, peak = int(np.median(totals)), max(set(peaks), key=peaks.count)
        warmup = round(min(float(np.median(rises)), _STEEPEST), 3)
        return Setting(
            title=self.title,
            law="",
            unit=UNIT,
            args={"total": total, "peak": peak, "warmup": warmup, "decay": 0.2, "floor": 0.1},
            ranges={
                "total": (max(min(totals) // 2, 2), 3 * max(totals)),
                "peak": (min(peaks) / 3, 3 * max(peaks)),
            },
        )


def public(key: str) -> Curves:
    """A public data set with the split of its authors, or one peak held out where it has several."""
    runs = datasets.load(key)
    assert isinstance(runs, list)
    source = datasets.SOURCES[key]
    split = _PUBLISHED_SPLIT
    if key.startswith("schaipp"):
        split = tuple(run.facts["name"] for run in runs if abs(run.schedule.peak / _PEAK - 1) < 1e-6)
    return _checked(f"{key} (arXiv {source.paper})", runs, split, [])


def logged(path: Any, window: int = 0) -> Curves:
    """One's own logs, each loss smoothed over `window` points where that is 2 or more.

    The longest of three runs or more is held out at first, as one mostly wants to know what is longer.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs = logs.load(path)
    if window >= 2:
        runs = [logs.smooth(run, window) for run in runs]
    notes = [str(each.message) for each in caught]
    notes += [f"{run.facts.get('name', 'log')}: {said}" for run in runs for said in run.facts.get("log", ())]
    where = "upload" if not isinstance(path, str) else path
    smoothed = f", smoothed over {window} points" if window >= 2 else ""
    return _checked(f"own logs, {where}{smoothed}", runs, None, notes)


def kept(files: Iterable[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Paths of uploaded `files` under `folder`, each in a folder of its own: names may come twice."""
    out = []
    for i, file in enumerate(files):
        place = Path(tempfile.mkdtemp(prefix=f"{i:03d}-", dir=folder))
        target = place / (Path(str(file["name"])).name or "log")
        target.write_bytes(bytes(file["content"]))
        out.append(target)
    return out


def _checked(title: str, runs: Sequence[Run], split: Sequence[str] | None, notes: Sequence[str]) -> Curves:
    good: list[Run] = []
    said = list(notes)
    for i, run in enumerate(runs):
        name = str(run.facts.get("name") or f"run {i + 1}")
        taken = [each.facts["name"] for each in good]
        own = name if name not in taken else f"{name} ({i + 1})"
        try:
            judge.usable(run, own)
        except ValueError as error:
            said.append(f"left out: {error}")
            continue
        good.append(replace(run, facts={**run.facts, "name": own}))
    if not good:
        raise ValueError(f"{title}: no run can be used; {'; '.join(said[-3:])}")
    names = [run.facts["name"] for run in good]
    if split is None:
        longest = int(np.argmax([len(run.schedule) for run in good]))
        split = [name for i, name in enumerate(names) if i != longest or len(good) < 3]
    return Curves(title, tuple(good), tuple(name for name in names if name in split), tuple(said))
