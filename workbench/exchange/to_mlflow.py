"""Runs of a store as runs of MLflow: fields as parameters, curves as metrics, and the whole run as a file."""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from workbench import runfile
from workbench.curve import Run
from workbench.exchange import tracking
from workbench.files import short
from workbench.store import Store

_ODD = re.compile(r"[^\w\-. :/]", re.ASCII)
_LONGEST_NAME, _LONGEST_VALUE, _BATCH, _PARAMS = 250, 6_000, 1_000, 100
_STATUS = {"finished": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "stopped": "KILLED"}
_NOT_PARAMETERS = ("id", "saved", "final_loss", "tags", "notes")


def to_mlflow(
    store: Store,
    uri: str | os.PathLike[str],
    *,
    experiment: str = "workbench",
    ids: Iterable[str] | None = None,
) -> list[str]:
    """Write runs to a tracking store of MLflow, and return the ids that they have there.

    Parameters
    ----------
    store : Store
        Where the runs are.
    uri : str or path
        A folder of files (``file:`` or a path), or a SQLite file (``sqlite:///`` or a path that ends in .db).
    experiment : str
        Under which experiment; it is made if it is not there.
    ids : iterable of str, optional
        Which runs; all where it is not given.

    Raises
    ------
    ValueError
        For an unknown id, an address that is none of these, or when MLflow is not installed or refuses.

    Notes
    -----
    A run that is there already is not written again, so that an export that was cut short goes on. MLflow has
    whole steps, no infinite losses, and texts of limited length: the run's own file goes along, from which
    `from_mlflow` takes it exactly.
    """
    if not isinstance(experiment, str) or not experiment.strip():
        raise ValueError(f"experiment must be a name; got {short(experiment)}")
    address = tracking.address(uri)
    # As Arrow has them: where a run lacks a field, pandas would make a float of every whole number.
    rows = store.table(as_="arrow", **({} if ids is None else {"id": (ids := list(ids))})).to_pylist()
    missing = set(ids or ()) - {row["id"] for row in rows}
    if missing:
        raise ValueError(f"ids must be of runs that are there; {store.address} has no {min(missing)!r}")
    with tracking.client(address) as client:
        found = client.get_experiment_by_name(experiment)
        place = (
            found.experiment_id
            if found is not None
            else client.create_experiment(experiment, artifact_location=tracking.artifacts(address))
        )
        there = {
            run.data.tags[tracking.ID_TAG]: run.info.run_id
            for run in tracking.every(client, [place])
            if tracking.ID_TAG in run.data.tags and run.info.status != "RUNNING"
        }
        for row in rows:
            if row["id"] not in there:
                there[row["id"]] = _write(client, place, row, store.load(row["id"]))
    return [there[row["id"]] for row in rows]


def _write(client: Any, experiment: str, row: Mapping[str, Any], run: Run) -> str:
    from mlflow.entities import Metric, Param

    when = int(row["saved"].timestamp() * 1000)
    tags = {tracking.ID_TAG: row["id"], **{f"workbench.tag.{_name(tag)}": "yes" for tag in row["tags"]}}
    if isinstance(row["notes"], str):
        tags["mlflow.note.content"] = row["notes"]
    title = f"{row['schedule']} {row['id'][:6]}"
    made = client.create_run(experiment, start_time=when, tags=tags, run_name=title).info.run_id
    params = [
        Param(_name(name), str(value)[:_LONGEST_VALUE])
        for name, value in row.items()
        if name not in _NOT_PARAMETERS and not _absent(value)
    ]
    for some in _batches(params, _PARAMS):
        client.log_batch(made, params=some)
    curves = {"loss": run.curve, **{_name(name): curve for name, curve in run.parts.items()}}
    metrics = (
        Metric(name, float(loss), when, round(step))
        for name, curve in curves.items()
        for step, loss in zip(curve.step.tolist(), curve.loss.tolist(), strict=True)
    )
    for some in _batches(metrics, _BATCH):
        client.log_batch(made, metrics=some)
    with tempfile.TemporaryDirectory() as folder:
        id, data = runfile.pack(run)
        path = Path(folder) / f"{id}.parquet"
        path.write_bytes(data)
        client.log_artifact(made, str(path))
    # Last, so that what was cut short is seen to be.
    client.set_terminated(made, _STATUS.get(str(run.facts.get("status")), "FINISHED"), end_time=when)
    return made


def _batches(each: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(each)
    while some := list(islice(left, size)):
        yield some


def _name(text: str) -> str:
    """A name as MLflow allows it."""
    cleaned = _ODD.sub("_", text)[:_LONGEST_NAME].strip("/. ")
    return re.sub(r"/+", "/", cleaned) or "_"


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
