"""Folders of prepared files in the user's cache, each whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from workbench.datasets import CACHE

FOLDER_VARIABLE = "WORKBENCH_CACHE_DIR"
"""Environment variable that names the folder; the system's folder for caches where it is not set."""


def root() -> Path:
    """Where corpora are kept. All of it can be deleted at any time, and is then made again."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given).expanduser() / "corpora"
    try:
        import platformdirs
    except ModuleNotFoundError:
        raise ValueError(
            f"keeping text needs platformdirs: pip install platformdirs, or set {FOLDER_VARIABLE} to a folder"
        ) from None
    return Path(platformdirs.user_cache_dir(CACHE)) / "corpora"


def key(*parts: object) -> str:
    """Name of a folder for what was made from `parts`."""
    text = json.dumps(parts, default=str, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def made(name: str, whole: Callable[[Path], bool], make: Callable[[Path], None]) -> Path:
    """The folder `name`, made where it is not there whole.

    `make` writes into a folder of its own that takes the name when it is done: another process, or one
    that was killed, never leaves half of it.

    Raises
    ------
    ValueError
        When the cache cannot be written, for want of space, say.
    """
    target = root() / name
    if whole(target):
        return target
    own: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=target.parent))
        make(own)
        if target.exists():
            # Damaged, or by now made by someone else, who may read it: then theirs is kept.
            if whole(target):
                return target
            shutil.rmtree(target)
        try:
            own.rename(target)
        except OSError:
            if not whole(target):
                raise
        return target
    except OSError as error:
        raise ValueError(
            f"the cache folder {target.parent} (set {FOLDER_VARIABLE} for another) cannot be written: "
            f"{error.strerror or error}"
        ) from None
    finally:
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)


def needs(size: int) -> None:
    """Raise ``ValueError`` unless the cache has room for `size` bytes."""
    folder = root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise ValueError(
            f"the cache folder {root()} (set {FOLDER_VARIABLE} for another) needs {size / 1e9:.3g} GB for "
            f"this text and has {free / 1e9:.3g} GB free"
        )
