"""One snapshot as one safetensors file: tensors, and counters as JSON in its header.

Tensors are called ``<node>/weights``, ``<node>/kept/<name>``, ``<node>/history/<i>`` and, of two rows,
``<node>/curve/<name>``. A hash of it all is in the header, so that damage shows; nothing in it is ever run.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from workbench import files
from workbench.curve import Curve
from workbench.runfile import reason
from workbench.train.chunk import Row
from workbench.train.keeper import Snapshot
from workbench.train.optimizers.value import Kept
from workbench.train.snapshots import whole
from workbench.train.snapshots.header import Header, name, parsed

_BROKEN = (
    OSError,
    LookupError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
    RuntimeError,
)


class Safe(NamedTuple):
    """What is used of safetensors."""

    open: Any
    save: Callable[..., None]
    error: type[Exception]


def library() -> Safe:
    """The package safetensors, or ``ValueError`` where it is not installed."""
    try:
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import save_file
    except ImportError:
        raise ValueError("snapshots need safetensors: pip install safetensors") from None
    return Safe(safe_open, save_file, SafetensorError)


def write(folder: Path, snapshot: Snapshot, training: str) -> Header:
    """Write a snapshot whole, or, after ``OSError``, nothing.

    Parameters
    ----------
    folder : Path
        Where.
    snapshot : Snapshot
        What.
    training : str
        Mark of the training that it belongs to.
    """
    safe = library()
    tensors: dict[str, Tensor] = {}
    for node, row in snapshot.rows.items():
        tensors[f"{node}/weights"] = row.weights
        tensors |= {f"{node}/history/{i}": weights for i, weights in enumerate(row.history)}
        tensors |= {f"{node}/kept/{key}": value for key, value in row.kept.tensors.items()}
    # Memory of its own for each: a state that several lanes begin from is there once.
    tensors = {key: value.detach().to("cpu", copy=True).contiguous() for key, value in tensors.items()}
    for node, curves in snapshot.curves.items():
        for key, curve in curves.items():
            tensors[f"{node}/curve/{key}"] = torch.from_numpy(np.stack([curve.step, curve.loss]))
    counters = {
        "format": files.FORMAT,
        "training": training,
        "party": list(snapshot.party),
        "step": snapshot.step,
        "gone": {str(node): step for node, step in snapshot.gone.items()},
        "at_once": snapshot.at_once,
        "rows": {str(node): row.kept.counters for node, row in snapshot.rows.items()},
        "seconds": {str(node): seconds for node, seconds in snapshot.seconds.items()},
    }
    if snapshot.ended:
        counters["ended"] = {str(lane): step for lane, step in snapshot.ended.items()}
    text = json.dumps(counters, allow_nan=False, sort_keys=True)
    digest = _digest(text, tensors)
    path = folder / name(snapshot.party, snapshot.step)
    about = {"workbench": text, "digest": digest}
    try:
        whole.write(path, lambda temporary: safe.save(tensors, temporary, about))
    except safe.error as error:
        raise OSError(str(error)) from None
    return parsed(path, text, digest, training)


def header(path: Path, training: str) -> Header:
    """What a file says of itself; its tensors are not read.

    Raises
    ------
    ValueError
        When it is not a snapshot of `training`.
    """
    safe = library()
    try:
        # Not a link, a folder or a pipe that somebody put there.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise ValueError("it is not a regular file")
        with safe.open(path, framework="pt") as file:
            about = file.metadata() or {}
        return parsed(path, about["workbench"], about["digest"], training)
    except (safe.error, *_BROKEN) as error:
        raise ValueError(f"{path} is not a sound snapshot: {reason(error)}") from None


def read(
    header: Header, wanted: Collection[int], check: Callable[[Row], None] = lambda row: None
) -> Snapshot:
    """The snapshot in a file, all of it checked, with the rows that are `wanted`.

    Raises
    ------
    ValueError
        When it is damaged, or `check` raises it for a row.
    """
    safe = library()
    try:
        with safe.open(header.path, framework="pt") as file:
            text = (file.metadata() or {})["workbench"]
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, not a mapping
        if _digest(text, tensors) != header.digest:
            raise ValueError("its content is not what was written")
        rows = {node: _row(header, tensors, node) for node in wanted}
        curves = {node: _curves(tensors, node) for node in header.party}
        for row in rows.values():
            check(row)
    except (safe.error, *_BROKEN) as error:
        raise ValueError(f"{header.path} is not a sound snapshot: {reason(error)}") from None
    return Snapshot(
        header.party, header.step, rows, curves, header.seconds, header.gone, header.at_once, header.ended
    )


def _row(header: Header, tensors: Mapping[str, Tensor], node: int) -> Row:
    start = f"{node}/kept/"
    kept = {key.removeprefix(start): value.clone() for key, value in tensors.items() if key.startswith(start)}
    past = sorted(key for key in tensors if key.startswith(f"{node}/history/"))
    history = tuple(tensors[key].clone() for key in past)
    return Row(tensors[f"{node}/weights"].clone(), Kept(kept, dict(header.rows[node])), history)


def _curves(tensors: Mapping[str, Tensor], node: int) -> dict[str, Curve]:
    start = f"{node}/curve/"
    found = {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
    if any(value.dtype != torch.float64 or value.ndim != 2 or len(value) != 2 for value in found.values()):
        raise ValueError("its curves are not two rows of float64")
    return {key: Curve(*value.numpy()) for key, value in sorted(found.items())}


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    hashed = hashlib.blake2b(text.encode(), digest_size=16)
    for key, value in sorted(tensors.items()):
        hashed.update(f"\n{key} {value.dtype} {tuple(value.shape)}\n".encode())
        hashed.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return hashed.hexdigest()
