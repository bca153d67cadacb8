"""Text to train on, as bytes: Python's own standard library, or what the user names."""

from __future__ import annotations

import functools
import hashlib
import os
import sysconfig
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 64_000_000
"""Longest text that is read."""

SUFFIXES = (".txt", ".md", ".rst", ".tex", ".py", ".js", ".c", ".h", ".html", ".csv", ".json", ".jsonl")
"""Files of a folder that are read as text."""

_SKIP = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__", "lib-dynload"}
_SHARE = 0.1
_LEAST = 0.02
_SEPARATOR = b"\n"


_File = tuple[Path, int, int]
"""Path, size and time of a file."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Bytes to train on and bytes to validate on, each (n,) uint8, with a name for both."""

    name: str
    train: NDArray[np.uint8]
    validation: NDArray[np.uint8]

    @functools.cached_property
    def sha256(self) -> str:
        """First 16 digits of the hash of all bytes, which says whether two runs saw the same text."""
        digest = hashlib.sha256(self.train.tobytes())
        digest.update(self.validation.tobytes())
        return digest.hexdigest()[:16]


def load(text: str = "", *, context: int = 1) -> Corpus:
    """The corpus that `text` names, read once and kept in memory.

    Parameters
    ----------
    text : str
        A file, or a folder whose text files are all read; empty for the source of Python's standard
        library.
    context : int
        Each part must be longer than this.

    Returns
    -------
    Corpus
        Whole files go to validation by the sha256 of their name, about one in ten. Where that leaves
        a part less than 2 % of the text (one file, a few files), the last tenth of the bytes validates.

    Raises
    ------
    ValueError
        When the text is missing, unreadable, empty, too short for the context or longer than 64 MB.
    """
    root = Path(text).expanduser() if text else Path(sysconfig.get_path("stdlib"))
    name = str(root) if text else "Python's standard library"
    try:
        files = _files(root, name) if text else _files(root, name, (".py",), _SKIP)
        corpus = _read(name, root, files)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"text must be a readable file or folder; {name}: {reason}") from None
    if min(len(corpus.train), len(corpus.validation)) <= context:
        length = len(corpus.train) + len(corpus.validation)
        raise ValueError(
            f"text must be longer, more than {context} bytes (the context) to train on and as many to "
            f"validate; {name} has {length} bytes in {len(files)} text files"
        )
    return corpus


def _files(
    root: Path, name: str, suffixes: Sequence[str] = SUFFIXES, skip: Set[str] = frozenset()
) -> tuple[_File, ...]:
    files: list[_File] = []
    size = 0
    for path in _walk(root, suffixes, skip):
        stat = path.stat()
        size += stat.st_size
        # Checked on the way: someone may name the root of a disk.
        if size > MAX_BYTES:
            raise ValueError(f"text must be at most {MAX_BYTES // 10**6} MB; {name} has more")
        files.append((path, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(files))


def _walk(root: Path, suffixes: Sequence[str], skip: Set[str]) -> Iterator[Path]:
    def stop(error: OSError) -> None:
        raise error

    if not root.is_dir():
        if not root.is_file():
            raise OSError("there is no such file or folder")
        yield root
        return
    for folder, folders, names in os.walk(root, onerror=stop):
        folders[:] = [name for name in folders if name not in skip and not name.startswith(".")]
        paths = (Path(folder, name) for name in names if name.lower().endswith(tuple(suffixes)))
        yield from (path for path in paths if path.is_file())


@functools.lru_cache(maxsize=4)
def _read(name: str, root: Path, files: tuple[_File, ...]) -> Corpus:
    # Size and time of every file are part of the key, so that edited text is read again.
    texts = [(path.relative_to(root).as_posix(), path.read_bytes()) for path, _, _ in files]
    train, validation = (
        _SEPARATOR.join(text for file, text in texts if _validates(file) is side) for side in (False, True)
    )
    if min(len(train), len(validation)) < _LEAST * (len(train) + len(validation)):
        whole = _SEPARATOR.join(text for _, text in texts)
        cut = len(whole) - int(_SHARE * len(whole))
        train, validation = whole[:cut], whole[cut:]
    return Corpus(name, np.frombuffer(train, np.uint8), np.frombuffer(validation, np.uint8))


def _validates(file: str) -> bool:
    return hashlib.sha256(file.encode(errors="surrogateescape")).digest()[0] < 256 * _SHARE
