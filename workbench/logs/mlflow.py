"""MLflow's folders: a run has one text file for each metric, with lines of time, value and step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from workbench.logs import text
from workbench.logs.stream import HEAD, encoding_of
from workbench.logs.table import Log

_LINE = text.line(rb"^\d{9,16} (NUMBER) (-?\d+)(?: [^\n]*)?$", "value", "step")


def is_metric(head: bytes) -> bool:
    """Whether a file that begins with `head` is a metric."""
    return bool(_LINE.pattern.match(head))


def read(folder: Path, name: str, wants: Callable[[str], bool]) -> list[Log]:
    """The one training whose run has the folder `folder`, with ``meta.yaml`` and ``metrics``."""
    metrics = folder / "metrics"
    files = {
        path.relative_to(metrics).as_posix(): path for path in sorted(metrics.rglob("*")) if path.is_file()
    }
    tables = [table for key, path in files.items() if wants(key) for table in metric(path, key).tables]
    if not tables:
        raise ValueError(
            f"of the metrics of this MLflow run none is of use: there are {', '.join(files) or 'none'}"
        )
    others = tuple(key for key in files if not wants(key))
    return [Log(_title(folder) or name, str(folder), "MLflow run", tuple(tables), others)]


def metric(path: Path, key: str) -> Log:
    """One metric alone."""
    with path.open("rb") as file:
        encoding = encoding_of(file.read(HEAD))
    (log,) = text.read(path, key, text.Form("MLflow metric", (_LINE,)), encoding, {"value": key})
    return log


def _title(folder: Path) -> str:
    try:
        meta = (folder / "meta.yaml").read_text(encoding="utf-8", errors="replace")[:HEAD]
    except OSError:
        return ""
    found = re.search(r"^run_name: (.+)$", meta, re.MULTILINE)
    return found[1].strip("'\" ") if found else ""
