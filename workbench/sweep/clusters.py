"""A cluster of our own, started from a small YAML and ended with the sweep.

workers: 8                # or {minimum: 0, maximum: 64}: as many as there is work for
options:                  # what the cluster class takes; its own documentation says what
  queue: gpu
  cores: 4
  memory: 16GB
  walltime: "04:00:00"
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import files
from workbench.sweep.dask_engine import Dask

_WORKERS_MOST = 10_000


@dataclass(frozen=True)
class Kind:
    """Where a cluster class is, and what installs it."""

    module: str
    name: str
    package: str


KINDS = {
    "local": Kind("distributed", "LocalCluster", "dask[distributed]"),
    "slurm": Kind("dask_jobqueue", "SLURMCluster", "dask-jobqueue"),
    "pbs": Kind("dask_jobqueue", "PBSCluster", "dask-jobqueue"),
    "sge": Kind("dask_jobqueue", "SGECluster", "dask-jobqueue"),
    "lsf": Kind("dask_jobqueue", "LSFCluster", "dask-jobqueue"),
    "kubernetes": Kind("dask_kubernetes.operator", "KubeCluster", "dask-kubernetes"),
    "ssh": Kind("distributed", "SSHCluster", "dask[distributed] asyncssh"),
}
"""Every kind of cluster, by the name that ``--cluster`` takes."""


def cluster(
    kind: str, config: str | Path | Mapping[str, Any] = "", *, per_gpu: int = 1, patience: float = 3600.0
) -> Dask:
    """An engine on a cluster that is started now.

    Parameters
    ----------
    kind : str
        "slurm", "pbs", "sge", "lsf", "kubernetes", "ssh" or "local".
    config : path or mapping
        YAML with ``workers`` (a number, or ``minimum`` and ``maximum``) and ``options``, the arguments of
        the cluster's class in dask-jobqueue, dask-kubernetes or distributed; "ssh" needs ``hosts`` there.
    per_gpu : int
        Tasks that share a GPU, on workers that have several threads.
    patience : float
        Seconds to wait for a first worker, or after the last has gone: a queue may be long.

    Raises
    ------
    ValueError
        For an unknown kind, a package that is missing, or options that the cluster refuses.
    """
    if kind not in KINDS:
        raise ValueError(f"cluster must be one of {', '.join(KINDS)}; got {kind!r}")
    about, options, workers = KINDS[kind], *_config(config)
    try:
        with _interrupts_kept():
            make = getattr(importlib.import_module(about.module), about.name)
        import dask.config
        from distributed import Client
    except ImportError:
        raise ValueError(f"--cluster {kind} needs {about.package}: pip install {about.package}") from None
    if kind == "local":
        _known(options)
        options = {"dashboard_address": None, "threads_per_worker": 1, "n_workers": 0, **options}
    try:
        # A worker that dies is ours to count: its try is told as lost, and tried again with the reason kept.
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            started = make(**options)
        if kind != "ssh":
            started.scale(workers) if isinstance(workers, int) else started.adapt(**workers)
    except Exception as error:  # noqa: BLE001, each library refuses in its own way.
        raise ValueError(f"the {kind} cluster cannot be started: {_first(error)}") from None
    return Dask(
        lambda: Client(started, set_as_default=False),
        f"a {kind} cluster",
        started.close,
        per_gpu=per_gpu,
        patience=patience,
    )


@contextlib.contextmanager
def _interrupts_kept() -> Iterator[None]:
    """dask-jobqueue makes Ctrl-C end the process at once; a sweep stops its tasks first."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if before is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)


def _known(options: Mapping[str, Any]) -> None:
    """A local cluster hands what it does not know on to workers, which then never start."""
    import inspect

    from distributed import LocalCluster, Nanny, Worker
    from distributed.core import Server

    takers = (LocalCluster, Nanny, Worker, Server)
    names = {name for taker in takers for name in inspect.signature(taker.__init__).parameters}
    unknown = next((name for name in options if name not in names), None)
    if unknown is not None:
        raise ValueError(f"the local cluster cannot be started: it has no option {unknown!r}")


def _config(config: str | Path | Mapping[str, Any]) -> tuple[dict[str, Any], int | dict[str, int]]:
    data: Any = config
    if isinstance(config, str | Path):
        if not str(config):
            data = {}
        else:
            try:
                data = files.from_yaml(Path(config).expanduser().read_text(encoding="utf-8")) or {}
            except (OSError, ValueError) as error:
                raise ValueError(f"the cluster's settings {config} cannot be read: {error}") from None
    data = files.fields(data, "the cluster's settings", needs=(), may=("workers", "options"))
    options = files.fields(data.get("options") or {}, "options", needs=(), may=data.get("options") or {})
    workers = data.get("workers", 1)
    if isinstance(workers, Mapping):
        workers = dict(files.fields(workers, "workers", needs=("maximum",), may=("minimum",)))
        fewest, most = workers.setdefault("minimum", 0), workers["maximum"]
    else:
        fewest = most = workers
    if any(isinstance(n, bool) or not isinstance(n, int) for n in (fewest, most)) or not (
        0 <= fewest <= most and 1 <= most <= _WORKERS_MOST
    ):
        raise ValueError(
            f"workers must be whole numbers from 1 to {_WORKERS_MOST:,}, a minimum from 0 to the maximum; "
            f"got {files.short(workers)}"
        )
    return dict(options), workers


def _first(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
