"""What `Store` does with ids and files, in sentences: open, find, read, move, and say what went wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TypeVar

from workbench import runfile
from workbench.files import short
from workbench.store.catalogue import BIN
from workbench.store.folder import Folder, Local
from workbench.store.listing import Listing
from workbench.store.remote import Remote, is_address

T = TypeVar("T")


def opened(path: str | os.PathLike[str]) -> Folder:
    """The folder at a path or an address.

    Raises
    ------
    ValueError
        When it is none and cannot be made one.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ValueError(f"path must name a folder; got {path!r}")
    if is_address(path):
        return Remote(str(path))
    place = Path(path).expanduser().absolute()
    try:
        return Local(place)
    except (OSError, ValueError) as error:
        raise ValueError(f"path must name a folder; {place} is not one: {runfile.reason(error)}") from None


def read(folder: Folder, id: str, how: Callable[[Path | IO[bytes], str], T]) -> T:
    """What `how` gives of a run's file, in the folder or in its bin."""
    if not isinstance(id, str) or not runfile.ID.fullmatch(id):
        raise ValueError(f"id must be 16 hexadecimal digits, as save returned it; got {id!r}")
    for name in (f"{id}.parquet", f"{BIN}/{id}.parquet"):
        try:
            return how(folder.source(name), folder.where(name))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ValueError(f"{folder.where(name)} cannot be read: {runfile.reason(error)}") from None
    raise ValueError(f"id must be one of store.ids(); {folder.address} has no run {id!r}")


def known(ids: str | Iterable[str], *listings: Listing) -> list[str]:
    """The ids, if all are there; nothing is done for some where others are misspelt."""
    given = several(ids)
    there = {id for listing in listings for id in listing.ids()}
    unknown = [id for id in given if id not in there]
    if unknown:
        place = listings[0].folder.address
        raise ValueError(f"ids must be of runs that are there; {place} has no {short(unknown[0])}")
    return given


def move(ids: list[str], folder: Folder, old: str, new: str) -> None:
    """Move the files of runs from one folder below to another; "" is the store's own."""
    for id in ids:
        names = [f"{below}/{id}.parquet".lstrip("/") for below in (old, new)]
        try:
            folder.move(*names)
        except FileNotFoundError:
            # Another process may have moved it meanwhile; gone altogether is another matter.
            if f"{id}.parquet" not in folder.sizes(new):
                raise ValueError(f"{folder.address} has no run {id!r} any more") from None
        except OSError as error:
            raise ValueError(f"{id} could not be moved: {runfile.reason(error)}") from None


def write(what: str, folder: Folder, work: Callable[[], None]) -> None:
    """Do some work on files; what the system refuses is a sentence that begins with `what`."""
    try:
        work()
    except OSError as error:
        raise ValueError(f"{what} to {folder.address}: {runfile.reason(error)}") from None


def several(ids: object) -> list[str]:
    """One id or many as a list."""
    if isinstance(ids, str):
        return [ids]
    if not isinstance(ids, Iterable) or isinstance(ids, bytes):
        raise ValueError(f"ids must be an id or a list of ids; got {short(ids)}")
    return [str(id) for id in ids]
