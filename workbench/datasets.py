"""Public measured curves and tables, as published: fetched once, checked by SHA-256, kept in a cache.

Set the environment variable WORKBENCH_DATA_DIR to a folder that already has the files (under the
names of ``datasets.sha256``) to work without a network.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import published

if TYPE_CHECKING:
    import pandas as pd

    from workbench.curve import Run

FOLDER_VARIABLE = "WORKBENCH_DATA_DIR"
"""Environment variable that names a folder with the files; a cache where it is not set."""

CACHE = "lr-workbench"
"""Name of the cache folder of downloaded files."""


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Parameters
    ----------
    repo : str
        Repository on GitHub, ``owner/name``.
    commit : str
        The commit that is read.
    licence : str
        What the repository states.
    files : str
        Our relative name of the folder or file, as in ``datasets.sha256``.
    origin : str
        The same in the repository; "" for tables that were collected from several of its files, and
        cannot be fetched.
    about : str
        What it holds, in one line.
    paper : str
        arXiv number.
    """

    repo: str
    commit: str
    licence: str
    files: str
    origin: str
    about: str
    paper: str

    @property
    def page(self) -> str:
        """Address of the repository at the commit."""
        return f"https://github.com/{self.repo}/tree/{self.commit}"

    def url(self, name: str) -> str:
        """Address of the file with our relative name `name`."""
        return f"https://github.com/{self.repo}/raw/{self.commit}/{self.origin}{name[len(self.files) :]}"


_MULTIPOWER = ("thu-yao-01-luo/MultiPowerLaw", "8da9f190", "MIT")
_SCHAIPP = ("fabian-sp/lr-scheduling", "8ace3a32", "MIT")
_CHINCHILLA = ("epoch-research/analyzing-chinchilla", "92258837", "none stated")
_PORIAN = ("formll/resolving-scaling-law-discrepancies", "0dc60d91", "MIT")
_DATABLATIONS = ("huggingface/datablations", "13701315", "Apache-2.0")
_CRITICAL = ("hlzhang109/critical-batch-size", "c5b509d8", "MIT")
_STEPLAW = ("step-law/steplaw", "32a8f4cc", "none stated")

SOURCES: dict[str, Source] = {
    "multipower/25M": Source(
        *_MULTIPOWER,
        "multipower/csv_25",
        "loss_curve_repo/csv_25",
        "9 loss curves of a 25M model, a point per 128 steps: constant, cosine, WSD, two-level",
        "2503.12811",
    ),
    "multipower/100M": Source(
        *_MULTIPOWER,
        "multipower/csv_100",
        "loss_curve_repo/csv_100",
        "9 loss curves of a 100M model, a point per 128 steps: constant, cosine, WSD, two-level",
        "2503.12811",
    ),
    "schaipp/124M": Source(
        *_SCHAIPP,
        "schaipp/raw",
        "data",
        "16 runs of a 124M model on SlimPajama: constant, cosine to 0 and to 10 %, two peak rates",
        "2501.18965",
    ),
    "schaipp/suite": Source(
        *_SCHAIPP,
        "schaipp/suite124m",
        "",
        "83 runs of that model in two tables: cooldowns of 10 to 90 % too, and a third peak rate",
        "2501.18965",
    ),
    "chinchilla": Source(
        *_CHINCHILLA,
        "chinchilla/svg_extracted_data.csv",
        "data/svg_extracted_data.csv",
        "245 points (model size, training FLOP, loss) read off figure 4 of the Chinchilla paper",
        "2404.10102",
    ),
    "steplaw": Source(
        *_STEPLAW,
        "steplaw/dense_lr_bs_loss.csv",
        "data/dense_lr_bs_loss.csv",
        "1,911 dense runs: size, tokens, peak rate, batch size (in sequences of 2,048), loss",
        "2503.04715",
    ),
    "steplaw/bootstrap": Source(
        *_STEPLAW,
        "steplaw/1004_fitted_lr_bs_scaling_model_parameters.csv",
        "data/1004_fitted_lr_bs_scaling_model_parameters.csv",
        "bootstrap of the coefficients of the step law",
        "2503.04715",
    ),
    "porian": Source(
        *_PORIAN,
        "porian/isoflop_points.csv",
        "",
        "1,745 losses of sizes at fixed compute, for 15 ways of counting and training",
        "2406.19146",
    ),
    "datablations": Source(
        *_DATABLATIONS,
        "datablations/runs_all.csv",
        "",
        "296 runs: size, tokens, different tokens among them, loss",
        "2305.16264",
    ),
    "datablations/fitted": Source(
        *_DATABLATIONS,
        "datablations/runs_fit182.csv",
        "",
        "the 182 of those runs to which the law of repeated data was fitted",
        "2305.16264",
    ),
    "critical-batch": Source(
        *_CRITICAL,
        "critical-batch/steps_to_target.csv",
        "",
        "updates to one loss of 5 models at 9 batch sizes (in sequences of 512)",
        "2410.21676",
    ),
}
"""Every data set with its source and licence."""


def names() -> list[str]:
    """Every data set that `load` knows."""
    return list(SOURCES)


def load(name: str) -> list[Run] | pd.DataFrame:
    """A public data set, downloaded at the first call.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    list of Run, or pandas.DataFrame
        Runs for "multipower/..." and "schaipp/...", tables with the published columns for the others.

    Raises
    ------
    ValueError
        For an unknown name, a file that can be had neither from the folder in WORKBENCH_DATA_DIR nor
        from the network, or one whose SHA-256 is not the expected one, which is then not used.

    Notes
    -----
    A point of a curve is the loss after update `step`, counted from 0. The rows of "schaipp/124M"
    count updates from 1, so theirs are shifted by one, and the loss before any update is the fact
    ``initial_loss``. Some trainings there were resumed: rows that came twice are averaged.
    """
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"name must be one of {', '.join(SOURCES)}; got {name!r}")
    source = SOURCES[name]
    begins = (source.files + "/", source.files + "_")
    wanted = [file for file in _hashes() if file == source.files or file.startswith(begins)]
    contents = {file.rsplit("/", 1)[-1]: _fetch(source, file) for file in wanted}
    return _READERS[name.split("/")[0]](name, source, contents)


def _runs(read: Callable[..., Run]) -> Callable[[str, Source, dict[str, bytes]], list[Run]]:
    def readers(name: str, source: Source, contents: dict[str, bytes]) -> list[Run]:
        size = name.split("/")[1]
        return [read(file, data, size, source.page) for file, data in contents.items()]

    return readers


def _schaipp(name: str, source: Source, contents: dict[str, bytes]) -> list[Run]:
    if source.origin:
        return _runs(published.schaipp)(name, source, contents)
    runs, history = (contents[f"suite124m_{part}.csv"] for part in ("runs", "history"))
    return published.suite(runs, history, source.page)


def _table(name: str, source: Source, contents: dict[str, bytes]) -> pd.DataFrame:
    import pandas as pd

    (data,) = contents.values()
    return pd.read_csv(io.BytesIO(data))


_READERS: dict[str, Callable[..., Any]] = {
    "multipower": _runs(published.multipower),
    "schaipp": _schaipp,
    "chinchilla": _table,
    "steplaw": _table,
    "porian": _table,
    "datablations": _table,
    "critical-batch": _table,
}


@cache
def _hashes() -> dict[str, str]:
    text = Path(__file__).with_suffix(".sha256").read_text(encoding="utf-8")
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in text.splitlines())}


def _fetch(source: Source, name: str) -> bytes:
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        path = Path(folder).expanduser() / name
        try:
            return _checked(path, name)
        except FileNotFoundError:
            pass
    return _checked(_download(source, name), name)


def _checked(path: Path, name: str) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != _hashes()[name]:
        raise ValueError(
            f"{path} must have the SHA-256 {_hashes()[name]} and has {digest}; "
            "it is not used: delete it and load again"
        )
    return data


def _download(source: Source, name: str) -> Path:
    if not source.origin:
        raise ValueError(
            f"{name} was collected from the files of {source.page} and cannot be fetched: set "
            f"{FOLDER_VARIABLE} to a folder that has it"
        )
    import pooch
    import requests

    url = source.url(name)
    target = Path(pooch.os_cache(CACHE)) / name
    expected = f"sha256:{_hashes()[name]}"
    try:
        return Path(pooch.retrieve(url, expected, fname=target.name, path=target.parent))
    except (requests.exceptions.RequestException, OSError) as error:
        raise ValueError(
            f"{name} is missing and could not be fetched from {url} ({_reason(error)}); without a network, "
            f"set {FOLDER_VARIABLE} to a folder that has it"
        ) from None
    except ValueError:
        raise ValueError(
            f"{url} must have the SHA-256 {_hashes()[name]} and has another; it is not used"
        ) from None


def _reason(error: BaseException) -> str:
    # The text of a failed request repeats the address and the objects inside the library.
    return type(error).__name__
