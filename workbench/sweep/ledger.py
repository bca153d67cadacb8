"""What is known of every task of a sweep, in files that many may write at once.

``records/<key>.json`` is there once, when the task has finished, and never changes.
``tries/<key>.<try>.json`` says what became of each try.
Who dies leaves a try that was started, and nothing else.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from workbench import files
from workbench.sweep.folder import Folder

_NEEDS = ("format", "key", "parameters", "metrics", "seconds", "attempt", "notebook", "code", "runs")
_TRY_NEEDS = ("key", "attempt", "state")


@dataclass(frozen=True)
class Ledger:
    """The records and tries in a folder."""

    folder: Folder

    def finish(self, record: Mapping[str, Any]) -> bool:
        """Keep the record of a finished task; False where it has finished before."""
        return self.folder.create(f"records/{record['key']}.json", _bytes(record))

    def finished(self, key: str) -> dict[str, Any] | None:
        """The record of a task, None where it has not finished."""
        data = self.folder.read(f"records/{key}.json")
        return None if data is None else _read(data, _NEEDS)

    def records(self) -> dict[str, dict[str, Any]]:
        """All records by key; what is broken is put aside with a warning, and its task runs again."""
        return {record["key"]: record for record in self._all("records", _NEEDS)}

    def note(self, key: str, attempt: str, state: str, **facts: Any) -> None:
        """Say what a try is at: "started", "finished", "failed", "interrupted" or "lost"."""
        about = {"key": key, "attempt": attempt, "state": state, **facts}
        self.folder.write(f"tries/{key}.{attempt}.json", _bytes(about))

    def tries(self) -> dict[str, list[dict[str, Any]]]:
        """All tries by key, in the order of their numbers."""
        found: dict[str, list[dict[str, Any]]] = {}
        for about in self._all("tries", _TRY_NEEDS):
            found.setdefault(about["key"], []).append(about)
        for listed in found.values():
            listed.sort(key=lambda one: int(one["attempt"].split("-")[0]))
        return found

    def _all(self, kind: str, needs: tuple[str, ...]) -> list[dict[str, Any]]:
        names = [name for name in self.folder.names(kind) if name.endswith(".json")]
        with ThreadPoolExecutor(8) as pool:
            contents = list(pool.map(self.folder.read, names))
        found = []
        for name, data in zip(names, contents, strict=True):
            try:
                if data is not None:
                    found.append(_read(data, needs))
            except ValueError as error:
                self.folder.write(f"{name}.broken", data or b"")
                self.folder.remove(name)
                warnings.warn(f"put aside as {name}.broken: {error}", stacklevel=2)
        return found


def failures(tries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tries that count against a task: those that failed, and those that were lost with a worker."""
    return [one for one in tries if one["state"] in ("failed", "lost")]


def _bytes(data: Mapping[str, Any]) -> bytes:
    return files.to_json(data).encode()


def _read(data: bytes, needs: tuple[str, ...]) -> dict[str, Any]:
    try:
        about = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from None
    files.fields(about, "it", needs=needs, may=about if isinstance(about, dict) else ())
    files.check_format(about)
    attempt = about["attempt"]
    if (
        not isinstance(attempt, str)
        or not attempt.split("-")[0].isdigit()
        or not isinstance(about["key"], str)
    ):
        raise ValueError("it does not name a task and a try")
    kinds = {"parameters": dict, "metrics": dict, "runs": list, "seconds": int | float}
    wrong = [name for name, kind in kinds.items() if name in about and not isinstance(about[name], kind)]
    if wrong:
        raise ValueError(f"its {wrong[0]} are not what a sweep writes")
    return about
