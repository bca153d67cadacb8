"""Where text comes from: Python's own source, installed packages, a file, a folder, or a grammar."""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from workbench.train.corpora import grammar

MAX_BYTES = 100 * 10**9
"""Longest text that is prepared."""

SUFFIXES = (".txt", ".md", ".rst", ".tex", ".py", ".js", ".c", ".h", ".html", ".csv", ".json", ".jsonl")
"""Files of a folder that are read as text."""

NAMES = ("python", "packages", "grammar")
"""Texts that are there without a file of the user's."""

_SKIP = {"test", "tests", "idle_test", "__pycache__", "lib-dynload"}
_SHARE = 0.1
_LEAST = 0.02
_SEPARATOR = b"\n"
_PIECE = 2**20

_File = tuple[str, int, int]
"""Path below the root, size and time of a file."""


@dataclass(frozen=True)
class Source:
    """A text that can be read in pieces, as often as it is asked for.

    Parameters
    ----------
    argument : str
        Which argument named it, for error sentences.
    name : str
        What it is called.
    root : Path, optional
        Folder or file; None for the grammar.
    files : tuple
        Path below the root, size in bytes and time of every file, sorted.
    """

    argument: str
    name: str
    root: Path | None
    files: tuple[_File, ...]

    @property
    def size(self) -> int:
        """Bytes, without what is put between files."""
        return sum(size for _, size, _ in self.files)

    @property
    def key(self) -> tuple[object, ...]:
        """What changes when the text does: size and time of every file, so that edited text is read again."""
        version = grammar.VERSION if self.root is None else 0
        return (str(self.root), version, *self.files)

    def pieces(self) -> Iterator[tuple[bool, bytes]]:
        """The text in order, in pieces of a megabyte or less, each with whether it validates.

        Whole files validate by the sha256 of their name, about one in ten. Where that leaves a side with
        less than 2 % of the text (one file, a few files), the last tenth of the bytes validates.

        Raises
        ------
        ValueError
            For a file that cannot be read.
        """
        held = sum(size for name, size, _ in self.files if _validates(name))
        by_file = min(held, self.size - held) >= _LEAST * self.size
        total = self.size + len(_SEPARATOR) * (len(self.files) - 1)
        cut = total - int(_SHARE * total)
        done = 0
        began = {False: False, True: False}
        for name, _, _ in self.files:
            for i, piece in enumerate(self._read(name)):
                side = _validates(name) if by_file else False
                # Between files, not before the first of a side.
                if i == 0 and began[side]:
                    piece = _SEPARATOR + piece
                began[side] = True
                if by_file:
                    yield side, piece
                    continue
                before = max(0, min(len(piece), cut - done))
                done += len(piece)
                yield from (
                    (late, part) for late, part in ((False, piece[:before]), (True, piece[before:])) if part
                )

    def _read(self, name: str) -> Iterator[bytes]:
        if self.root is None:
            yield from grammar.pieces()
            return
        try:
            with open(self.root / name if name else self.root, "rb") as file:
                first = True
                # Up to the end of a line, so that no word is cut.
                while (piece := file.read(_PIECE) + file.readline(_PIECE)) or first:
                    yield piece
                    first = False
        except OSError as error:
            raise _refused(self.argument, self.name, error) from None


def find(argument: str, text: str) -> Source:
    """The source that `text` names: one of `NAMES`, a file or a folder; empty for Python's own.

    Raises
    ------
    ValueError
        When the text is missing or unreadable, or longer than `MAX_BYTES`.
    """
    if text == "grammar":
        return Source(argument, "sentences of a grammar", None, (("grammar.txt", grammar.SIZE, 0),))
    try:
        if text in ("", "python"):
            root = Path(sysconfig.get_path("stdlib"))
            skip = {*_SKIP, "site-packages", "dist-packages"}
            return _source(argument, "Python's standard library", root, (".py",), skip)
        if text == "packages":
            root = Path(sysconfig.get_path("purelib"))
            return _source(argument, "the sources of installed packages", root, (".py",), _SKIP)
        root = Path(text).expanduser()
        return _source(argument, str(root), root, SUFFIXES, frozenset())
    except (OSError, RuntimeError) as error:
        raise _refused(argument, text, error) from None


def _refused(argument: str, name: str, error: Exception) -> ValueError:
    reason = getattr(error, "strerror", None) or error
    return ValueError(
        f"{argument} must be {', '.join(NAMES)}, or a readable file or folder; {name}: {reason}"
    )


def _source(argument: str, name: str, root: Path, suffixes: Sequence[str], skip: Set[str]) -> Source:
    files: list[_File] = []
    size = 0
    for path in _walk(root, suffixes, skip):
        stat = path.stat()
        size += stat.st_size
        # Checked on the way: someone may name the root of a disk.
        if size > MAX_BYTES:
            raise ValueError(f"{argument} must be at most {MAX_BYTES // 10**9} GB; {name} has more")
        below = path.relative_to(root).as_posix() if path != root else ""
        files.append((below, stat.st_size, stat.st_mtime_ns))
    return Source(argument, name, root.resolve(), tuple(sorted(files)))


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


def _validates(file: str) -> bool:
    return hashlib.sha256(file.encode(errors="surrogateescape")).digest()[0] < 256 * _SHARE
