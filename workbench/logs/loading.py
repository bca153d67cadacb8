"""From a path to runs: find, read, choose, join, build; what cannot be read is said and passed over."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from workbench.curve import Run
from workbench.logs import exports, mlflow, reading
from workbench.logs.asked import Asked
from workbench.logs.building import build
from workbench.logs.choosing import choose
from workbench.logs.extracting import extract
from workbench.logs.finding import Source, sources
from workbench.logs.joining import Joined, chains, combine
from workbench.logs.names import kind
from workbench.logs.table import Log
from workbench.schedule import Schedule

T = TypeVar("T")
Path = str | os.PathLike[str]
Group = tuple[Log, ...]


def load(
    path: Path | Sequence[Path],
    *,
    step: str | None = None,
    loss: str | None = None,
    rate: str | None = None,
    tokens: str | None = None,
    tokens_per_step: float | None = None,
    unit: str | None = None,
    bytes_per_token: float | None = None,
    first: int | None = None,
    schedule: Schedule | Mapping[str, Any] | None = None,
    join: bool | None = None,
    task: Mapping[str, Any] | None = None,
) -> list[Run]:
    """Read the logs of trainings as runs.

    ``Run.curve.step`` is the update, counted from 0, after which ``Run.curve.loss`` (nats per token) was
    measured; ``Run.schedule`` is rebuilt from the logged rates for every update.

    Parameters
    ----------
    path : path, or a sequence of them
        A file, a folder, or a pattern such as ``"runs/*/metrics.csv"``: Hugging Face's
        trainer_state.json or a checkpoint, TensorBoard event files, panels and histories of W&B, MLflow's
        folders and CSV, CSV, JSON lines, Parquet, Lightning's metrics.csv, text logs of nanoGPT, llm.c
        and Megatron.
    step, loss, rate : str, optional
        Columns, where they are not recognised or others are meant. `loss` is the training loss by
        default; further losses become `Run.parts` under their own names.
    tokens : str, optional
        Column of tokens that were seen, from which steps are counted.
    tokens_per_step : float, optional
        Tokens of one update; where it is given and there is a column of tokens, steps follow from it.
    unit : str, optional
        What the losses are in: "nats", "bits", "bits per byte" or "perplexity".
    bytes_per_token : float, optional
        Mean bytes of a token, for bits per byte.
    first : int, optional
        Number that the log gives to the first update, 0 or 1.
    schedule : Schedule or mapping, optional
        The rates that were used, or the recipe of a schedule; without "total" it is built for the updates
        of the log. By default the logged rates are reduced to phases.
    join : bool, optional
        True: everything is one training. False: nothing is joined but event files of one folder. By
        default a log that begins where another ends, with the same rates, continues it.
    task : mapping, optional
        What was trained, for ``Run.task``: name, n_params, batch_tokens.

    Returns
    -------
    list of Run
        One for each training, in natural order of their names. ``facts["log"]`` lists what was done, a
        sentence each; `describe` shows it.

    Raises
    ------
    ValueError
        When nothing can be read, or an argument is not what it should be. Of several logs those that
        cannot be read are left out with a warning.
    ImportError
        When a library that a form needs is not installed.

    Notes
    -----
    Use it to fit a law to your own runs. Where the step counter goes back, the later rows count from
    there on; losses that are not finite or not above 0 are left out and counted.
    """
    asked = Asked(
        step, loss, rate, tokens, tokens_per_step, unit, bytes_per_token, first, schedule, join, task
    )
    refused: list[str] = []
    groups = [group for source in sources(path) for group in _read(source, asked, refused)]
    joined = _joined(_panels(groups), asked, refused)
    runs = [
        run for each in joined if (run := _tried(each.logs, partial(build, each, asked), refused)) is not None
    ]
    if not runs:
        more = f" ({len(refused) - 1} more could not be read either)" if len(refused) > 1 else ""
        raise ValueError(refused[0] + more)
    for sentence in refused:
        warnings.warn(f"left out: {sentence}", stacklevel=2)
    return runs


def _tried(logs: Group, make: Callable[[], T], refused: list[str]) -> T | None:
    """What `make` gives, or None where it refuses, with the reason noted."""
    try:
        return make()
    except ValueError as error:
        refused.append(f"{logs[0].source} cannot be read as a log: {error}")
    return None


def _read(source: Source, asked: Asked, refused: list[str]) -> list[Group]:
    """Logs of a source, those of one training together."""
    found: list[Log] = []
    for path in source.paths:
        try:
            if source.kind == "mlflow":
                found += mlflow.read(path, source.name, asked.wants)
            else:
                found += reading.read(path, source.name, asked.wants)
        except OSError as error:
            refused.append(f"{path} cannot be read: {error.strerror or error}")
        except ValueError as error:
            refused.append(f"{path} cannot be read as a log: {error}")
    if source.note:
        found = [replace(log, notes=(source.note, *log.notes)) for log in found]
    if source.kind == "events":
        return [tuple(found)] if found else []
    return [(log,) for log in found]


def _panels(groups: list[Group]) -> list[Group]:
    """Panels of W&B hold one quantity each: those of one run are put together."""
    out: dict[object, Group] = {}
    for k, group in enumerate(groups):
        log = group[0]
        key = log.name if log.form == exports.PANEL else k
        if key not in out:
            out[key] = group
        elif {log.name for log in group} and not set(_own(log)) & set(_own(out[key][0])):
            before = out[key][0]
            out[key] = (replace(before, tables=(*before.tables, *log.tables)),)
        else:
            out[k] = group
    return list(out.values())


def _own(log: Log) -> list[str]:
    return [
        name for name in log.names if (found := kind(name)) is not None and found.what in ("loss", "rate")
    ]


def _joined(groups: list[Group], asked: Asked, refused: list[str]) -> list[Joined]:
    """The trainings, whole."""
    if asked.join and groups:
        groups = [tuple(log for group in groups for log in group)]
    whole = [
        each for group in groups if (each := _tried(group, partial(_one, group, asked), refused)) is not None
    ]
    if asked.join is not None or len(whole) < 2:
        return whole
    out = []
    for chain in chains(whole):
        logs = tuple(log for k in chain for log in whole[k].logs)
        # Counted together, since only the first piece shows where the counting begins.
        out.append(whole[chain[0]] if len(chain) == 1 else _one(logs, asked))
    return out


def _one(logs: Group, asked: Asked) -> Joined:
    chosen = choose(logs, asked)
    return combine(extract(logs, chosen, asked), chosen)
