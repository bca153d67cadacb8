"""``python -m benchmarks.toy_scaling [FOLDER]``: a scaling law of small GPTs, tried on a larger one.

Six widths of a GPT on bytes, each trained once: a constant trunk with a cooldown at each of five budgets,
lanes that share the trunk. The widths are trained in processes of their own, as many at once as there are
cores. Chinchilla's law is fitted to the five smaller ones and asked for the largest.

One rate serves all widths by muP: half of what the task suggests, with all of which width 128 ended above
width 64 after 440 updates. Depth, batch, context and text are the same everywhere.

Prints markdown tables. Runs and snapshots are kept in FOLDER (``toy_scaling`` among the runs), and a call
that was stopped goes on where it was.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import workbench as wb
from workbench import scaling, train
from workbench.curve import Run
from workbench.doctor import runs_folder
from workbench.scaling import Points, ScalingFit
from workbench.schedule import Schedule
from workbench.train.task import plain

Array = NDArray[np.float64]
VOCAB = 256
"""Bytes."""
OTHER = "kaplan_joint"
"""A law in which a size is worth more the more data there are, which Chinchilla's sum does not know."""
BASELINES = ("powers without a floor", "the largest fitted size")
"""What the law should beat: a plane through the logarithms, and a loss that does not depend on the size."""


@dataclass(frozen=True)
class Setting:
    """What is trained: widths and budgets, increasing, and what all of them share."""

    widths: tuple[int, ...] = (16, 32, 48, 64, 96, 128)
    updates: tuple[int, ...] = (150, 260, 450, 780, 1350)
    layers: int = 2
    context: int = 64
    batch: int = 16
    peak: float = 2.5e-3
    base_width: int = 64
    warmup: int = 40
    decay: float = 0.2
    seed: int = 0

    def task(self, width: int) -> Any:
        """The GPT of a width: heads of 16, measured at the end alone."""
        return train.tasks.gpt(
            preset="0.3M",
            layers=self.layers,
            width=width,
            context=self.context,
            batch=self.batch,
            measurements=1,
            parametrization="mup",
            base_width=self.base_width,
        )

    @property
    def schedules(self) -> list[Schedule]:
        """One for each budget: the same until its cooldown."""
        return [
            wb.schedules.wsd(total, self.peak, warmup=self.warmup / total, decay=self.decay)
            for total in self.updates
        ]


@dataclass(frozen=True)
class Verdict:
    """Two laws and two baselines on the runs of the largest size.

    `said` has their predictions by name; `low` and `high` are the 90 % interval of a run by `fitted`,
    Chinchilla's law.
    """

    fitted: ScalingFit
    heldout: Points
    said: dict[str, Array]
    low: Array
    high: Array

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which held-out losses lie in the interval."""
        return (self.low <= self.heldout.loss) & (self.heldout.loss <= self.high)

    def error(self, name: str) -> Array:
        """Predicted over measured loss, less 1."""
        return self.said[name] / self.heldout.loss - 1


def runs(setting: Setting, folder: Path, processes: int) -> list[Run]:
    """The runs of all widths and budgets, trained where the folder does not have them yet."""
    missing = [width for width in setting.widths if len(kept(setting, folder, width)) < len(setting.updates)]
    # The longest first, so that none is left over at the end.
    for width in trained(setting, folder, missing[::-1], processes):
        print(f"# width {width} trained", flush=True)
    return [run for width in setting.widths for run in kept(setting, folder, width)]


def trained(setting: Setting, folder: Path, widths: Sequence[int], processes: int) -> Iterator[int]:
    """Widths as they are done."""
    if processes == 1:
        for width in widths:
            yield train_width(setting, folder, width)
        return
    # A thread each: models this small do not fill two cores.
    with ProcessPoolExecutor(processes, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        for done in as_completed([pool.submit(train_width, setting, folder, width) for width in widths]):
            yield done.result()


def train_width(setting: Setting, folder: Path, width: int) -> int:
    """Train all budgets of a width from where the last snapshot was, and save their runs."""
    snapshots = folder / "snapshots" / str(width)
    store = wb.Store(folder / "runs")
    for run in train.train(setting.task(width), setting.schedules, setting.seed, snapshots=snapshots):
        store.save(run)
    shutil.rmtree(snapshots)
    return width


def kept(setting: Setting, folder: Path, width: int) -> list[Run]:
    """Runs of a width that the folder has, at most one for each budget."""
    store, task, found = wb.Store(folder / "runs"), plain(setting.task(width)), []
    runs = [store.load(id) for id in store.ids()]
    for schedule in setting.schedules:
        same = (
            run
            for run in runs
            if run.task == task
            and run.schedule == schedule
            and run.facts["seed"] == setting.seed
            and run.facts["status"] == "finished"
        )
        found += list(islice(same, 1))
    return found


def judge(points: Points, widths: int) -> Verdict:
    """Two laws and two baselines, fitted to all sizes but the largest, on the largest."""
    told = scaling.extrapolate(["chinchilla", OTHER], points, by="n_params", share=1 / widths)
    fitted, heldout = told.fits["chinchilla"], told.heldout
    law = fitted.predict(heldout.n_params, heldout.tokens, run=True)
    naive = (_powers(fitted.points, heldout), _nearest(fitted.points, heldout))
    other = told.fits[OTHER].predict(heldout.n_params, heldout.tokens).loss
    said = {"chinchilla": law.loss, OTHER: other, **dict(zip(BASELINES, naive, strict=True))}
    return Verdict(fitted, heldout, said, law.low, law.high)


def _powers(small: Points, large: Points) -> Array:
    """A plane through the logarithms of loss, size and tokens."""
    rows = [
        np.stack([np.ones(len(points)), np.log(points.n_params), np.log(points.tokens)], axis=1)
        for points in (small, large)
    ]
    return np.exp(rows[1] @ np.linalg.lstsq(rows[0], np.log(small.loss))[0])


def _nearest(small: Points, large: Points) -> Array:
    """The loss of the largest fitted size on as many tokens: what no law at all says."""
    most = small.take(small.n_params == small.n_params.max())
    return np.array([most.loss[np.argmin(np.abs(most.tokens - tokens))] for tokens in large.tokens])


def markdown(setting: Setting, trainings: Sequence[Run]) -> str:
    """All tables: final losses, the held-out size, and the law with both ways of counting."""
    points = scaling.points(trainings)
    # The head is the embedding, so that it is subtracted once.
    width = np.array([float(run.task["width"]) for run in trainings])
    blocks = replace(points, n_params=points.n_params - VOCAB * width)
    verdict, other = judge(points, len(setting.widths)), judge(blocks, len(setting.widths))
    return "\n\n".join([_losses(points), _heldout(verdict), _errors(verdict), _law(verdict, other)])


def _losses(points: Points) -> str:
    tokens = np.unique(points.tokens)
    rows = []
    for n in np.unique(points.n_params):
        mine = points.take(points.n_params == n)
        rows.append([f"{n:,.0f}", *(f"{loss:.4f}" for loss in mine.loss[np.argsort(mine.tokens)])])
    return _table(["parameters, final loss after tokens", *(f"{t:,.0f}" for t in tokens)], rows)


def _heldout(verdict: Verdict) -> str:
    large = verdict.heldout
    rows = [
        [
            f"{large.tokens[i]:,.0f}",
            f"{large.loss[i]:.4f}",
            f"{verdict.said['chinchilla'][i]:.4f}",
            f"{verdict.low[i]:.4f} to {verdict.high[i]:.4f}",
            "yes" if verdict.inside[i] else "NO",
            *(f"{verdict.said[name][i]:.4f}" for name in (OTHER, *BASELINES)),
        ]
        for i in np.argsort(large.tokens)
    ]
    head = [f"{large.n_params[0]:,.0f} parameters, held out: tokens", "measured", "chinchilla"]
    return _table([*head, "90 % interval of a run", "inside", OTHER, *BASELINES], rows)


def _errors(verdict: Verdict) -> str:
    rows = []
    for name in verdict.said:
        error = verdict.error(name)
        rows.append(
            [name, f"{np.abs(error).mean():.2%}", f"{np.abs(error).max():.2%}", f"{error.mean():+.2%}"]
        )
    return _table(["on the held-out size", "mean error", "worst", "bias"], rows)


def _law(verdict: Verdict, other: Verdict) -> str:
    """Both fits: parameters, where the best size goes with compute, and how far off they are."""
    rows = []
    for name in verdict.fitted.params:
        rows.append(
            [
                name,
                *(_value(each.fitted.params[name], each.fitted.intervals[name]) for each in (verdict, other)),
            ]
        )
    fronts = [scaling.parametric(each.fitted) for each in (verdict, other)]
    exponents = [_value(front.exponent_n, front.intervals["exponent_n"]) for front in fronts]
    rows.append(["best size against compute, exponent", *exponents])
    missed = [f"{np.abs(each.error('chinchilla')).mean():.2%}" for each in (verdict, other)]
    rows.append(["mean error on the held-out size", *missed])
    bounds = [", ".join(each.fitted.at_bound) or "none" for each in (verdict, other)]
    rows.append(["at an end of their range", *bounds])
    return _table(["chinchilla, 90 % intervals; size counts", "all parameters", "no embedding"], rows)


def _value(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3g} ({interval[0]:.3g} to {interval[1]:.3g})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main(arguments: Sequence[str], setting: Setting | None = None, processes: int | None = None) -> int:
    """Train what is missing and print the tables; 2 for bad arguments."""
    if len(arguments) > 1:
        print(f"toy_scaling: one folder at most; got {' '.join(arguments)}", file=sys.stderr)
        return 2
    setting = setting or Setting()
    folder = Path(arguments[0]) if arguments else runs_folder() / "toy_scaling"
    try:
        found = runs(setting, folder, processes or len(os.sched_getaffinity(0)))
    except ValueError as error:
        print(f"toy_scaling: {error}", file=sys.stderr)
        return 2
    print(markdown(setting, found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
