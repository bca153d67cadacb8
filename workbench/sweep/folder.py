"""The folder of a sweep: a local or shared path, or any address that fsspec knows (``s3://...``)."""

from __future__ import annotations

import contextlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Folder:
    """Named files under one address. A file is there whole or not at all.

    Parameters
    ----------
    address : str
        A path, or an address with ``://``.
    """

    address: str

    @property
    def local(self) -> Path | None:
        """The path, where it is one."""
        return None if "://" in self.address else Path(self.address)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""
        try:
            if self.local:
                return (self.local / name).read_bytes()
            fs, path = self._remote(name)
            return fs.cat_file(path)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._failed("read", name, error) from None

    def write(self, name: str, data: bytes) -> None:
        """Write a file, or replace it."""
        try:
            if self.local:
                self._put(name, data, os.replace)
                return
            fs, path = self._remote(name)
            # Object stores and fsspec's memory write a file in one go.
            fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            fs.pipe_file(path, data)
        except Exception as error:
            raise self._failed("written", name, error) from None

    def create(self, name: str, data: bytes) -> bool:
        """Write a file if there is none; of many who try at once, one is told True."""
        try:
            if self.local:
                # Linking fails where the name is taken, and shows the whole file at once.
                self._put(name, data, _link, durable=True)
                return True
            fs, path = self._remote(name)
            fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            try:
                fs.pipe_file(path, data, mode="create")
            except (TypeError, NotImplementedError):
                # A store without conditional writes: the window between is short, and results are equal.
                if fs.exists(path):
                    return False
                fs.pipe_file(path, data)
            return True
        except FileExistsError:
            return False
        except Exception as error:
            raise self._failed("written", name, error) from None

    def names(self, prefix: str) -> list[str]:
        """Names of all files in the subfolder `prefix`, sorted, without those that are being written."""
        try:
            if self.local:
                with os.scandir(self.local / prefix) as entries:
                    found = [entry.name for entry in entries if not entry.name.startswith(".")]
            else:
                fs, path = self._remote(prefix)
                fs.invalidate_cache(path)
                found = [str(one).rsplit("/", 1)[-1] for one in fs.ls(path, detail=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except Exception as error:
            raise self._failed("listed", prefix, error) from None
        return sorted(f"{prefix}/{name}" for name in found)

    def remove(self, name: str) -> None:
        """Remove a file; none is needed."""
        try:
            if self.local:
                (self.local / name).unlink(missing_ok=True)
                return
            fs, path = self._remote(name)
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(path)
        except Exception as error:
            raise self._failed("removed", name, error) from None

    def _remote(self, name: str) -> tuple[Any, str]:
        try:
            import fsspec
        except ModuleNotFoundError:
            raise ValueError(f"{self.address} needs fsspec: pip install fsspec") from None
        fs, path = fsspec.core.url_to_fs(self.address)
        return fs, f"{path.rstrip('/')}/{name}"

    def _put(self, name: str, data: bytes, place: Any, durable: bool = False) -> None:
        assert self.local is not None
        path = self.local / name
        temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}.tmp"
        try:
            _write(temporary, data, durable)
            place(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _failed(self, what: str, name: str, error: Exception) -> ValueError:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ValueError(f"{self.address}/{name} cannot be {what}: {text.splitlines()[0]}")


def at(address: str | os.PathLike[str]) -> Folder:
    """The folder at a path or address.

    Raises
    ------
    ValueError
        When `address` is empty or not text.
    """
    if not isinstance(address, str | os.PathLike) or not os.fspath(address):
        raise ValueError(f"out must name a folder; got {address!r}")
    text = os.fspath(address)
    if "://" in text:
        return Folder(text.rstrip("/"))
    return Folder(str(Path(text).expanduser().absolute()))


def _write(path: Path, data: bytes, durable: bool) -> None:
    try:
        file = path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb")
    with file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: creating is exclusive there too, but not at one stroke.
        _write(path, temporary.read_bytes(), durable=True)
