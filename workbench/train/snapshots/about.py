"""What a folder of snapshots is of: ``training.json``."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

import torch

import workbench
from workbench import files
from workbench.runfile import reason
from workbench.train.asked import Asked
from workbench.train.snapshots import whole

NAME = "training.json"
_LARGEST = 2**28
_FACTS = ("workbench", "torch")


def write(folder: Path, asked: Asked) -> None:
    """Say in a folder, which is made if it is not there, what it is of; ``OSError`` where it cannot be."""
    data = {**asked.to_dict(), "workbench": workbench.__version__, "torch": torch.__version__}
    folder.mkdir(parents=True, exist_ok=True)
    whole.write(folder / NAME, lambda temporary: temporary.write_text(files.to_json(data), "utf-8"))


def read(folder: Path) -> Asked:
    """What a folder is of.

    Raises
    ------
    ValueError
        When there is no training in it, or what is there cannot be read.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("it is too large")
        data = files.from_json(path.read_text("utf-8"))
        files.fields(data, "a training", needs=_FACTS, may=data)
        versions = {key: str(data[key]) for key in _FACTS}
        asked = Asked.from_dict({key: value for key, value in data.items() if key not in versions})
    except FileNotFoundError:
        raise ValueError(f"folder must hold a training; there is no {path}") from None
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {reason(error)}") from None
    now = {"workbench": workbench.__version__, "torch": torch.__version__}
    for name, version in versions.items():
        if version != now[name]:
            warnings.warn(
                f"{folder} was begun with {name} {version}; with {now[name]} it may end in other bits",
                stacklevel=3,
            )
    return asked


def agree(folder: Path, there: Asked, asked: Asked) -> None:
    """Refuse to go on in a folder with something else than what it is of."""
    ours, theirs = asked.to_dict(), there.to_dict()
    for name, value in theirs.items():
        if ours[name] != value:
            said = f": {files.short(value)} there, {files.short(ours[name])} here" if name != "plans" else ""
            raise ValueError(
                f"folder {folder} holds a training with another {name}{said}; take another folder"
            )


def mark(asked: Asked) -> str:
    """A hash of what was asked, which every snapshot carries."""
    return hashlib.sha256(json.dumps(asked.to_dict(), sort_keys=True).encode()).hexdigest()[:32]
