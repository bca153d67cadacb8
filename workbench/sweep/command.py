"""``workbench sweep`` and ``workbench report``: the options, and what is said meanwhile."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.views.words import text_table

if TYPE_CHECKING:
    from workbench.sweep.engine import Engine
    from workbench.sweep.planning import Plan
    from workbench.sweep.progress import Progress

_ROWS = 12
_QUIET = 5.0


def options(parser: argparse.ArgumentParser) -> None:
    """What ``workbench sweep`` takes."""
    add = parser.add_argument
    add("notebook", metavar="NOTEBOOK", help="a Python notebook with a cell tagged 'parameters'")
    add(
        "--out",
        required=True,
        metavar="DIR",
        help="folder of the sweep, or an address such as s3://bucket/first",
    )
    pair = {"action": "append", "default": [], "metavar": "NAME=VALUES"}
    add(
        "-g",
        "--grid",
        help="every combination of these: peak=1e-3,3e-3 seed=0:5 peak=log:1e-4:1e-2:5",
        **pair,
    )
    add("-z", "--zip", help="values that go together, the first with the first", **pair)
    add("-p", "--set", help="one value for all tasks", **{**pair, "metavar": "NAME=VALUE"})
    add(
        "-r", "--range", help="a range to sample: peak=1e-4:1e-2:log; NAME alone takes the notebook's", **pair
    )
    add("--list", metavar="FILE", help="CSV or YAML with one set of parameters per row")
    add("--random", type=int, default=0, metavar="N", help="N random points of the ranges")
    add("--sobol", type=int, default=0, metavar="N", help="N Sobol points of the ranges")
    add(
        "--search",
        type=int,
        default=0,
        metavar="N",
        help="N trials of an adaptive search of the ranges (Optuna)",
    )
    add("--seed", type=int, default=0, help="seed of the points or of the search")
    add("--metric", default="", metavar="NAME", help="figure that tells the best (the final loss)")
    add("--maximise", action="store_true", help="more of the metric is better")
    add("--processes", type=int, metavar="N", help="tasks at once on this machine (one per GPU, or per CPU)")
    add("--per-gpu", type=int, default=1, metavar="N", help="tasks that share a GPU")
    add("--warm", action="store_true", help="fork kernels from a parent that has the notebook's modules")
    add("--scheduler", metavar="ADDRESS", help="run on the Dask cluster at this address (tcp://...)")
    add("--cluster", metavar="KIND", help="start a cluster: slurm, pbs, sge, lsf, kubernetes, ssh, local")
    add("--cluster-config", default="", metavar="FILE", help="YAML with its workers and options")
    add(
        "--lanes",
        action="store_true",
        help="train all schedules side by side instead of running the notebook",
    )
    add("--time-limit", type=float, metavar="S", help="seconds of a try")
    add("--memory-limit", type=float, metavar="GB", help="memory of a try")
    add("--retries", type=int, default=1, metavar="N", help="further tries of a task that fails (1)")
    add("--retry-failed", action="store_true", help="run again what was given up")
    add(
        "--code",
        default="",
        metavar="TEXT",
        help="version of the code in the identity of tasks (its own hash)",
    )
    add("--dry-run", action="store_true", help="show the plan and an estimate of its time, run nothing")


def run(given: argparse.Namespace) -> None:
    """``workbench sweep``; leaves with code 1 when tasks have failed."""
    from workbench.sweep import driver, estimating, job, processes

    processes.load_lightly()
    alone = ("scheduler", "cluster", "warm", "time_limit", "memory_limit", "retry_failed", "processes")
    unused = [name for name in alone if given.lanes and getattr(given, name) not in (None, False)]
    if unused:
        raise ValueError(
            f"--lanes is one training in this process: --{unused[0].replace('_', '-')} means nothing"
        )
    plan = _plan(given)
    limits = job.Limits(given.time_limit, given.memory_limit)
    if given.dry_run:
        print(_shown(plan))
        print(estimating.estimate(plan, given.out, _at_once(given)).words)
        return
    if given.lanes:
        from workbench.sweep import laning

        print(laning.lanes(plan, given.out, say=print).words)
        return
    show = _Shown(sys.stdout.isatty())
    try:
        found = driver.sweep(
            plan,
            given.out,
            engine=_engine(given),
            retries=given.retries,
            retry_failed=given.retry_failed,
            limits=limits,
            warm=given.warm,
            on_progress=show,
        )
    except KeyboardInterrupt:
        show.end("stopped; what has finished is kept, and the same command goes on")
        raise
    show.end("")
    last = show.last
    if last and last.failed:
        print(
            f"{last.failed} failed; why: workbench report {given.out}; again: the same command --retry-failed"
        )
        raise SystemExit(1)
    if found.finished:
        print(f"workbench report {given.out} makes a page of it")


def report(given: argparse.Namespace) -> None:
    """``workbench report``."""
    from workbench.sweep import page

    print(f"written: {page.report(given.dir)}")


def _plan(given: argparse.Namespace) -> Plan:
    from workbench.sweep import axes, cell, notebook_source, planning
    from workbench.sweep.task import Maker

    source = notebook_source.read(given.notebook)
    maker = Maker(source.digest, given.code, cell.parameters(source))
    grid = _pairs(given.grid, "-g", lambda name, text: axes.values(maker.parameter(name), text))
    zipped = _pairs(given.zip, "-z", lambda name, text: axes.values(maker.parameter(name), text))
    fixed = _pairs(given.set, "-p", lambda name, text: maker.parameter(name).read(text))
    ranges = _pairs(given.range, "-r", lambda name, text: text, bare=True)
    if given.random and given.sobol:
        raise ValueError("--random and --sobol exclude each other")
    return planning.plan(
        given.notebook,
        grid=grid,
        zipped=zipped,
        rows=given.list,
        fixed=fixed,
        sample=ranges,
        count=given.random or given.sobol,
        method="random" if given.random else "sobol",
        search=given.search,
        seed=given.seed,
        metric=given.metric,
        maximise=given.maximise,
        code=given.code,
    )


def _pairs(
    given: Sequence[str], option: str, read: Callable[[str, str], Any], bare: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not name or not (equals or bare):
            raise ValueError(f"{option} must be NAME=VALUES, such as {option} peak=1e-3,3e-3; got {text!r}")
        if name in found:
            raise ValueError(f"{option} {name} is given twice: list its values once, separated by commas")
        found[name] = read(name, value)
    return found


def _engine(given: argparse.Namespace) -> Engine:
    if given.scheduler and given.cluster:
        raise ValueError("--scheduler and --cluster exclude each other")
    if given.cluster_config and not given.cluster:
        raise ValueError("--cluster-config needs --cluster, the kind of cluster that it is for")
    if given.processes is not None and (given.scheduler or given.cluster):
        raise ValueError("--processes is for this machine: a cluster has the workers that it has")
    if given.scheduler:
        from workbench.sweep import dask_engine

        return dask_engine.connect(given.scheduler, per_gpu=given.per_gpu)
    if given.cluster:
        from workbench.sweep import clusters

        return clusters.cluster(given.cluster, given.cluster_config, per_gpu=given.per_gpu)
    from workbench.sweep import local_engine

    return local_engine.local(given.processes, per_gpu=given.per_gpu)


def _at_once(given: argparse.Namespace) -> int:
    from workbench.sweep.slots import slots

    # How many workers a cluster will have is not known before it is there.
    return 1 if given.scheduler or given.cluster else len(slots(given.processes, given.per_gpu))


def _shown(plan: Plan) -> str:
    names = list(dict.fromkeys(name for task in plan.tasks for name in task.parameters))
    rows = [("task", *names)]
    rows += [(t.key, *(str(t.parameters.get(n, "")) for n in names)) for t in plan.tasks[:_ROWS]]
    more = f"\n... and {len(plan.tasks) - _ROWS} more" if len(plan.tasks) > _ROWS else ""
    head = f"{plan.source.name}: {plan.source.question}"
    if plan.search:
        ranges = ", ".join(one.name for one in plan.search.ranges)
        head += f"\n{plan.search.trials} trials of a search over {ranges}; each trial runs:"
    return f"{head}\n{text_table(rows)}{more}"


class _Shown:
    """Progress in the terminal: one line that is written over, or a line now and then in a file."""

    def __init__(self, terminal: bool) -> None:
        self._terminal, self._said = terminal, 0.0
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        if progress.note:
            self.end(progress.note)
        now = time.monotonic()
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{progress.line[:width]}", end="", flush=True)
        elif now - self._said > _QUIET:
            self._said = now
            print(progress.line, flush=True)

    def end(self, sentence: str) -> None:
        """Leave the line, and say something under it."""
        if self._terminal and self.last is not None:
            print("\r\x1b[K", end="")
        if sentence:
            print(sentence, flush=True)
        elif self.last is not None:
            from workbench.sweep.progress import duration

            print(f"{self.last.line} in {duration(self.last.seconds)}", flush=True)
