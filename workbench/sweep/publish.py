"""The runs that a task saved, on their way into the catalogue: once, whoever dies in between.

They are staged first, then the task's record is written, then they move to ``runs``. What was staged by
a try that did not get its record there first is thrown away. A run's id is a hash of its content, so a
move that is repeated changes nothing.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench import records
from workbench.curve import Run
from workbench.sweep.folder import Folder

RUNS = "runs"
_STAGED = "staged"


def losses(path: Path) -> dict[str, float]:
    """Final losses of the runs saved in `path`: ``final_loss`` of one; of several the best and the mean."""
    if not path.is_dir():
        return {}
    from workbench.store import Store

    store = Store(path)
    found = [store.load(id).final_loss for id in store.ids()]
    if len(found) < 2:
        return {"final_loss": found[0]} if found else {}
    return {"final_loss": min(found), "final_loss_mean": sum(found) / len(found)}


def stage(out: Folder, name: str, path: Path, facts: Mapping[str, Any]) -> list[str]:
    """Put the runs saved in `path` beside the catalogue, marked with `facts`; their ids."""
    if not path.is_dir():
        return []
    from workbench.store import Store

    store = Store(path)
    found = [store.load(id) for id in store.ids()]
    return put(out, name, [dataclasses.replace(run, facts={**run.facts, **facts}) for run in found])


def put(out: Folder, name: str, runs: Sequence[Run]) -> list[str]:
    """Put runs beside the catalogue; their ids."""
    from workbench import runfile

    ids = []
    for run in runs:
        id, data = runfile.pack(run)
        out.write(f"{_STAGED}/{name}.{id}.parquet", data)
        ids.append(id)
    return ids


def publish(out: Folder, record: Mapping[str, Any]) -> None:
    """Move the staged runs of a finished task into the catalogue."""
    if not record.get("runs"):
        return
    from workbench import runfile
    from workbench.store import Store

    for id in record["runs"]:
        staged = f"{_STAGED}/{record['key']}.{record['attempt']}.{id}.parquet"
        data = out.read(staged)
        if data is None:
            # Somebody else has moved it.
            continue
        Store(f"{out.address}/{RUNS}").save(runfile.unpack(io.BytesIO(data), f"{id}.parquet")[1])
        out.remove(staged)


def discard(out: Folder, name: str, ids: list[str]) -> None:
    """Throw away what a try has staged."""
    for id in ids:
        out.remove(f"{_STAGED}/{name}.{id}.parquet")


def settle(out: Folder, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Do what workers that died have left: publish what belongs to a record, drop what lost against one."""
    staged = out.names(_STAGED)
    winners = {f"{record['key']}.{record['attempt']}": record for record in records.values()}
    for name in staged:
        parts = name.split("/")[-1].split(".")
        if len(parts) != 4:
            # Not of ours.
            continue
        key, attempt, id, _ = parts
        winner = winners.get(f"{key}.{attempt}")
        if winner is not None:
            publish(out, winner)
        elif key in records:
            discard(out, f"{key}.{attempt}", [id])


def encoded(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as JSON holds them; ``records.decode`` gives them back."""
    return {name: records.encode(value, name) for name, value in metrics.items()}
