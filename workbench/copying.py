"""The command ``workbench notebook``: a notebook of ours, copied to where its user works."""

from __future__ import annotations

import argparse
import contextlib
import os
import uuid
from pathlib import Path
from typing import Any

from workbench.files import short
from workbench.lab import START

INDEX = "index"
"""Only links to the notebooks beside it, and leads nowhere from another folder."""


def add(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    help = "copy one notebook to a folder of yours"
    one = commands.add_parser("notebook", help=help, description=help)
    one.add_argument("name", metavar="NAME", help="such as start; an unknown name lists all")
    one.add_argument("--to", metavar="FOLDER", default=".", help="where it goes (the current folder)")
    one.add_argument("--force", action="store_true", help="write over a file that is there")
    one.set_defaults(run=_run)


def names(folder: Path | None = None) -> list[str]:
    """Every notebook that can be copied."""
    there = source() if folder is None else folder
    return sorted(path.stem for path in there.glob("*.ipynb") if path.stem != INDEX)


def source() -> Path:
    """The folder of our notebooks: beside the package, or in a checkout that is the current folder.

    Raises
    ------
    ValueError
        Where there is none, as beside a package that pip has installed.
    """
    for folder in (Path(__file__).resolve().parents[1], Path.cwd()):
        if (folder / START).is_file():
            return folder / START.parent
    raise ValueError(
        "the notebooks are not installed with the package; run this in a checkout of the workbench"
    )


def copy(name: str, to: str | os.PathLike[str] = ".", *, force: bool = False) -> Path:
    """Copy the notebook called `name` into a folder, and return the copy's path.

    Parameters
    ----------
    name : str
        With or without ``.ipynb``.
    to : path
        The folder; it is made if it is not there.
    force : bool
        Whether a file that is there is written over.

    Raises
    ------
    ValueError
        For an unknown name, a file that is there, our own folder, or one that cannot be written to.
    """
    ours = source()
    known = names(ours)
    stem = name.removesuffix(".ipynb") if isinstance(name, str) else name
    if stem not in known:
        raise ValueError(f"NAME must be one of {', '.join(known)}; got {short(name)}")
    folder = Path(to).expanduser()
    target = folder / f"{stem}.ipynb"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.path.samefile(folder, ours):
            raise ValueError(f"--to must be a folder of yours; {folder} holds the originals")
        text = (ours / f"{stem}.ipynb").read_bytes()
        _write(target, text, force)
    except FileExistsError:
        if not folder.is_dir():
            raise ValueError(f"--to must be a folder; {folder} is a file") from None
        raise ValueError(f"{target} is there already; --force writes over it") from None
    except OSError as error:
        raise ValueError(f"the notebook cannot be written to {target}: {error.strerror or error}") from None
    return target


def _write(target: Path, data: bytes, force: bool) -> None:
    """All of the file; what is there is replaced only with `force`, and then at once."""
    written = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp") if force else target
    with written.open("xb") as file:
        try:
            file.write(data)
        except OSError:
            with contextlib.suppress(OSError):
                written.unlink()
            raise
    if force:
        # A link would lead into the folder that it points to, which may be ours: it is replaced itself.
        os.replace(written, target)


def _run(given: argparse.Namespace) -> None:
    target = copy(given.name, given.to, force=given.force)
    print(f"copied: {target}\nopen it with: jupyter lab {target}")
