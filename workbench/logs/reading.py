"""Which form a file has, by what is in it, and the reader for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from workbench.logs import csvs, events, exports, mlflow, parquet, rows, text
from workbench.logs.stream import HEAD, encoding_of
from workbench.logs.table import Log

Wants = Callable[[str], bool]

KNOWN = (
    "Hugging Face's trainer_state.json, TensorBoard events, exports of W&B and MLflow, CSV, JSON lines, "
    "Parquet, Lightning's metrics.csv, text logs of nanoGPT, llm.c and Megatron"
)
"""The forms in words."""


def read(path: Path, name: str, wants: Wants) -> list[Log]:
    """The trainings in one file.

    Raises
    ------
    ValueError
        When it has none of the known forms, or is not whole, in one sentence that begins in the middle.
    OSError
        When it cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise ValueError("it is empty" if not head else "it holds nothing but blanks")
    if events.is_one(head):
        return events.read(path, name, wants)
    if "tfevents" in path.name:
        raise ValueError("it is no TensorBoard event file: its first record does not meet its checksum")
    if head.startswith(b"PAR1"):
        how = exports.layout(parquet.names(path), wants)
        table, others, notes, labels = parquet.read(path, how.wants, how.texts)
        return exports.logs(Log(name, str(path), "Parquet", (table,), others, notes=notes), how, labels)
    if path.suffix in (".parquet", ".pq"):
        raise ValueError("it is no Parquet file: it does not begin with PAR1")
    encoding = encoding_of(head)
    logs = _text(path, name, wants, head.decode(encoding, errors="replace").replace("\r\n", "\n"), encoding)
    if encoding in ("utf-8", "utf-8-sig"):
        return logs
    return [
        replace(log, notes=(f"The text is not UTF-8: it was read as {encoding}.", *log.notes)) for log in logs
    ]


def _text(path: Path, name: str, wants: Wants, head: str, encoding: str) -> list[Log]:
    begin = head.lstrip("\ufeff \t\n")
    if begin.startswith("{"):
        return _json(path, name, wants, begin, encoding)
    raw = head.encode()
    form = text.recognise(raw)
    if form is not None:
        return text.read(path, name, form, encoding)
    if mlflow.is_metric(raw):
        return [mlflow.metric(path, name)]
    if begin.startswith("["):
        return rows.array(path, name, wants, encoding)
    if "\n" not in head and len(raw) >= HEAD:
        raise ValueError(f"it has no line end in its first {HEAD >> 20} MB")
    found = csvs.header(begin)
    if found is None or not _columns(found[2]):
        raise ValueError(f"it is none of the forms known here ({KNOWN}); it begins with {begin[:40]!r}")
    how = exports.layout(found[2], wants)
    table, others, notes, labels = csvs.read(path, encoding, head, how.wants, how.texts)
    lightning = path.name == "metrics.csv" and {"step", "epoch"} <= {*table.columns, *others}
    title = "CSV of Lightning" if lightning else "CSV"
    # Lightning logs the number of updates before the one at hand.
    table = replace(table, first=0) if lightning else table
    return exports.logs(Log(name, str(path), title, (table,), others, notes=notes), how, labels)


def _json(path: Path, name: str, wants: Wants, begin: str, encoding: str) -> list[Log]:
    if '"log_history"' in begin:
        return rows.trainer_state(path, name, wants, encoding)
    first, _, rest = begin.partition("\n")
    if rest.strip() and (first.rstrip().endswith("}") or rest.lstrip().startswith("{")):
        return rows.lines(path, name, wants, encoding)
    return rows.document(path, name, wants)


def _columns(names: list[str]) -> bool:
    """Whether the first line of a text may be a header: several names, and none of them a number."""
    return len(names) > 1 and all(len(name) < 300 for name in names) and not any(map(_number, names))


def _number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
