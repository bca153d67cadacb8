"""A folder in an object store (S3 and its like), addressed through fsspec."""

from __future__ import annotations

import contextlib
from typing import IO, Any

from workbench.runfile import reason

SERVICES = ("memory", "s3", "s3a", "gs", "gcs", "abfs", "az", "adl", "oss", "r2")
"""Protocols whose services show an object whole or not at all, which is what a store rests on."""


def is_address(path: object) -> bool:
    """Whether it is an address rather than a path of this machine."""
    return isinstance(path, str) and "://" in path


class Remote:
    """A folder in an object store.

    Parameters
    ----------
    address : str
        Such as ``s3://bucket/runs``; its library (s3fs, gcsfs, ...) finds keys as it always does.

    Raises
    ------
    ValueError
        For a protocol that does not write objects whole, or whose library is not there.
    """

    def __init__(self, address: str) -> None:
        protocol = address.partition("://")[0]
        if protocol not in SERVICES:
            raise ValueError(f"address must begin with one of {', '.join(SERVICES)}; got {protocol!r}")
        try:
            import fsspec

            self._fs, path = fsspec.core.url_to_fs(address)
        except ImportError as error:
            raise ValueError(f"{protocol}:// needs a library: {error}") from None
        # Others write to the same folder: what fsspec remembers of a listing would hide their runs.
        self._fs.use_listings_cache = False
        self._top, self.address = path.rstrip("/"), address.rstrip("/")

    def sizes(self, below: str = "") -> dict[str, int]:
        """As of `Folder`."""
        place = f"{self._top}/{below}".rstrip("/")
        self._fs.invalidate_cache(place)
        try:
            found: list[dict[str, Any]] = self._fs.ls(place, detail=True)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ValueError(f"{self.where(below)} cannot be listed: {reason(error)}") from None
        names = {
            each["name"].rstrip("/").rpartition("/")[2]: each for each in found if each["type"] == "file"
        }
        return {name: int(each["size"] or 0) for name, each in names.items() if name and name[0] != "."}

    def names(self, below: str = "") -> list[str]:
        """As of `Folder`; a service tells sizes along with the names."""
        return list(self.sizes(below))

    def where(self, name: str) -> str:
        """As of `Folder`."""
        return f"{self.address}/{name}"

    def read(self, name: str) -> bytes:
        """As of `Folder`."""
        return self._fs.cat_file(f"{self._top}/{name}")

    def source(self, name: str) -> IO[bytes]:
        """As of `Folder`."""
        return self._fs.open(f"{self._top}/{name}", "rb")

    def arrow(self) -> Any:
        """As of `Folder`."""
        from pyarrow import fs

        return fs.PyFileSystem(fs.FSSpecHandler(self._fs))

    def inside(self, name: str) -> str:
        """As of `Folder`."""
        return f"{self._top}/{name}"

    def write(self, name: str, data: bytes) -> None:
        """As of `Folder`."""
        self._fs.pipe_file(f"{self._top}/{name}", data)

    def move(self, name: str, new: str) -> None:
        """As of `Folder`: a copy, then the old one goes, so that a death between leaves both."""
        self._fs.pipe_file(f"{self._top}/{new}", self.read(name))
        self.remove(name)

    def remove(self, name: str) -> None:
        """As of `Folder`."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(f"{self._top}/{name}")

    def sweep(self) -> list[str]:
        """As of `Folder`; an object that was not finished was never there."""
        return []
