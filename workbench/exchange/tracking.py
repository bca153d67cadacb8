"""A tracking store of MLflow on this machine: its address, its client, and its noise kept quiet."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.files import short
from workbench.runfile import reason

ID_TAG = "workbench.id"
"""Tag of an MLflow run that holds the id of the run here."""

_QUIET = {
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_LOGGERS = ("mlflow", "mlflow.store.db.utils", "alembic", "alembic.runtime.migration")


def address(uri: str | os.PathLike[str]) -> str:
    """The address as MLflow has it: a path is a folder of files, or a SQLite file where it ends in .db.

    Raises
    ------
    ValueError
        For anything but a path, ``file:`` or ``sqlite:``.
    """
    if not isinstance(uri, str | os.PathLike) or not os.fspath(uri):
        raise ValueError(f"uri must be a folder, a .db file, file: or sqlite:; got {short(uri)}")
    text = os.fspath(uri)
    if text.startswith(("sqlite:///", "file:")):
        return text
    if "://" in text:
        raise ValueError(f"uri must be a folder, a .db file, file: or sqlite:; got {short(text)}")
    path = Path(text).expanduser().absolute()
    return f"sqlite:///{path}" if path.suffix in (".db", ".sqlite") else path.as_uri()


def artifacts(uri: str) -> str | None:
    """Where an experiment of a SQLite file keeps its files: beside it, not where the program was started."""
    if not uri.startswith("sqlite:///"):
        return None
    path = Path(uri.removeprefix("sqlite:///")).absolute()
    return (path.parent / f"{path.stem}-artifacts").as_uri()


@contextlib.contextmanager
def client(uri: str) -> Iterator[Any]:
    """MLflow's client; what it cannot do is said in one sentence.

    Raises
    ------
    ValueError
        When MLflow is not installed, or refuses something.
    """
    before = {name: os.environ.get(name) for name in _QUIET}
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    os.environ.update({name: value for name, value in _QUIET.items() if before[name] is None})
    try:
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError:
            raise ValueError(
                "MLflow is needed: pip install mlflow-skinny, and sqlalchemy and alembic for SQLite"
            ) from None
        try:
            from sqlalchemy.exc import SQLAlchemyError
        except ImportError:
            SQLAlchemyError = MlflowException
        # Now, since MLflow sets them when it is imported.
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield MlflowClient(tracking_uri=uri)
        except (MlflowException, SQLAlchemyError) as error:
            raise ValueError(f"MLflow refused {uri}: {reason(error)}") from None
        except ImportError as error:
            raise ValueError(f"{uri} needs a library: {error} (pip install sqlalchemy alembic)") from None
        except OSError as error:
            raise ValueError(f"{uri} cannot be used: {reason(error)}") from None
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def every(client: Any, experiments: list[str]) -> Iterator[Any]:
    """All runs of experiments, page by page."""
    token = None
    while True:
        page = client.search_runs(experiments, max_results=1_000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
