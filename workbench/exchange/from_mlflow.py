"""Runs of MLflow as runs of a store: exactly where they come from one, else rebuilt from their metrics."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np

from workbench import runfile
from workbench.curve import Run
from workbench.exchange import tracking
from workbench.files import number_or_text, short
from workbench.logs.asked import Asked
from workbench.logs.building import build
from workbench.logs.choosing import choose
from workbench.logs.extracting import extract
from workbench.logs.joining import combine
from workbench.logs.table import Column, Log, Table
from workbench.schedule import Schedule
from workbench.store import Store

_TAG, _NOTE = "workbench.tag.", "mlflow.note.content"


def from_mlflow(
    uri: str | os.PathLike[str],
    store: Store,
    *,
    experiment: str | None = None,
    loss: str | None = None,
    rate: str | None = None,
    schedule: Schedule | None = None,
) -> list[str]:
    """Save the runs of a tracking store of MLflow in `store`, and return their ids.

    Parameters
    ----------
    uri : str or path
        As of `to_mlflow`.
    store : Store
        Where they go.
    experiment : str, optional
        Only the runs of this experiment.
    loss, rate : str, optional
        Metrics that are the loss and the learning rate, where they are not recognised.
    schedule : Schedule, optional
        The rates that were used, where none were logged.

    Raises
    ------
    ValueError
        When there is no such experiment, or no run can be read. Of several runs those that cannot be
        are left out with a warning.

    Notes
    -----
    A run that `to_mlflow` wrote comes back exactly. Of others the metrics are read as `workbench.logs.load`
    reads logs, parameters become facts ``param.<name>``, and tags of theirs are left behind.
    """
    asked = Asked(loss=loss, rate=rate, schedule=schedule)
    address = tracking.address(uri)
    _there(address)
    saved: list[str] = []
    refused: list[str] = []
    with tracking.client(address) as client:
        found = client.search_experiments()
        names = {each.name: each.experiment_id for each in found}
        if experiment is not None and experiment not in names:
            raise ValueError(f"experiment must be one of {', '.join(names)}; got {short(experiment)}")
        wanted = [names[experiment]] if experiment is not None else list(names.values())
        titles = {id: name for name, id in names.items()}
        for each in tracking.every(client, wanted):
            try:
                run = _own(each) or _rebuilt(client, each, titles[each.info.experiment_id], asked)
            except ValueError as error:
                refused.append(f"the MLflow run {each.info.run_id} cannot be read: {error}")
                continue
            saved.append(store.save(run))
            _label(store, saved[-1], each.data.tags)
    if not saved:
        more = f" ({len(refused) - 1} more could not be read either)" if len(refused) > 1 else ""
        raise ValueError((refused[0] if refused else f"{address} has no runs") + more)
    for sentence in refused:
        warnings.warn(f"left out: {sentence}", stacklevel=2)
    return saved


def _there(address: str) -> None:
    """Refuse a place that is not there: MLflow would make an empty one."""
    path = address.removeprefix("sqlite:///") if address.startswith("sqlite") else _local(address)
    if path is None or not Path(path).exists():
        raise ValueError(f"uri must be of a tracking store that is there; {address} is not")


def _own(found: Any) -> Run | None:
    """The run whose file went along, if it is whole."""
    id = found.data.tags.get(tracking.ID_TAG)
    folder = _local(found.info.artifact_uri)
    if id is None or folder is None or not runfile.ID.fullmatch(id):
        return None
    path = Path(folder) / f"{id}.parquet"
    try:
        return runfile.unpack(path, str(path))[1]
    except FileNotFoundError:
        return None


def _rebuilt(client: Any, found: Any, experiment: str, asked: Asked) -> Run:
    tables = []
    for key in found.data.metrics:
        history = client.get_metric_history(found.info.run_id, key)
        columns = {"step": [m.step for m in history], key: [m.value for m in history]}
        tables.append(Table({name: _column(values) for name, values in columns.items()}))
    source = f"mlflow run {found.info.run_id}"
    log = Log(found.info.run_name or found.info.run_id, source, "MLflow run", tuple(tables))
    chosen = choose((log,), asked)
    run = build(combine(extract((log,), chosen, asked), chosen), asked)
    params = {f"param.{name}": number_or_text(text) for name, text in found.data.params.items()}
    facts = {**run.facts, **params, "mlflow_run": found.info.run_id, "mlflow_experiment": experiment}
    return Run(run.schedule, run.curve, run.task or {"name": experiment}, facts, run.parts)


def _label(store: Store, id: str, tags: dict[str, str]) -> None:
    ours = tracking.ID_TAG in tags
    had = set(store.table(id=id)["tags"].iloc[0])
    new = [tag.removeprefix(_TAG) for tag in tags if ours and tag.startswith(_TAG)]
    new = [tag for tag in new if tag not in had]
    if new:
        store.tag(id, *new)
    note = tags.get(_NOTE, "").strip()
    if note and note not in "\n".join(each.text for each in store.notes(id)):
        store.note(id, note)


def _local(uri: str) -> str | None:
    """The path of a file address, or None where it is on another machine."""
    parsed = urlparse(uri)
    if parsed.scheme == "file":
        return unquote(parsed.path)
    return uri if not parsed.scheme else None


def _column(values: list[float]) -> Column:
    return Column(np.array(values, dtype=float), np.ones(len(values), dtype=bool))
