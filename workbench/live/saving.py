"""Branches as runs, and runs in a store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import records
from workbench.curve import Curve, Run
from workbench.files import short
from workbench.live.branch import GOING
from workbench.live.entry import Entry
from workbench.live.journal import Record

if TYPE_CHECKING:
    from pathlib import Path


def run_of(record: Record, folder: Path, entry: Entry) -> Run:
    """What was measured of a branch so far."""
    parts = dict(entry.lines.view())
    facts: dict[str, Any] = {
        **entry.facts,
        "seed": entry.seed,
        "status": "stopped" if entry.status in GOING else entry.status,
        "updates": entry.step,
        "name": entry.name,
        "branch": entry.key,
        "parent": entry.parent,
        "left": entry.left,
        "group": entry.group,
        "folder": str(folder),
        "changes": [dict(each) for each in entry.changes],
    }
    if len(entry.plan.quantities) > 1:
        facts["plan"] = entry.plan.to_dict()
    return Run(
        schedule=entry.plan.learning_rate,
        curve=parts.pop("loss", Curve(np.empty(0), np.empty(0))),
        # The origin is as JSON holds it, in which a tuple is no tuple.
        task=records.decode(record.origins[entry.origin]["asked"]["task"]),
        facts=facts,
        parts=parts,
    )


def saved(runs: Sequence[Run], store: Any) -> list[str]:
    """Ids of runs in a store, or in the one that a folder is."""
    from workbench.store import Store

    if not isinstance(store, Store):
        if not isinstance(store, str | os.PathLike) or not os.fspath(store):
            raise ValueError(f"store must be a Store or a folder; got {short(store)}")
        store = Store(store)
    return [store.save(run) for run in runs]
