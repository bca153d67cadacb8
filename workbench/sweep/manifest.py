"""``sweep.json``: what the newest start of a sweep was, for people, for reports, and for the next start."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from workbench import files
from workbench.sweep.folder import Folder
from workbench.sweep.planning import Plan

NAME = "sweep.json"
_NEEDS = (
    "format",
    "notebook",
    "path",
    "question",
    "digest",
    "code",
    "engine",
    "metric",
    "maximise",
    "varied",
)
_NEEDS += ("trials", "defaults", "tasks", "total", "started", "environment")
_PACKAGES = ("numpy", "scipy", "torch", "papermill", "ipykernel", "distributed", "optuna")


def write(plan: Plan, folder: Folder, records: Mapping[str, Mapping[str, Any]], engine: str) -> str:
    """Write it, and the notebook beside it; a sentence on what has changed since the last start."""
    note = _changed(plan, read(folder), records)
    source = plan.source
    folder.write(f"notebook/{source.digest}.ipynb", source.text.encode())
    about = {
        "format": files.FORMAT,
        "notebook": source.name,
        "path": str(source.path),
        "question": source.question,
        "digest": source.digest,
        "code": plan.maker.code,
        "engine": engine,
        "metric": plan.metric,
        "maximise": plan.maximise,
        "varied": list(plan.varied),
        "trials": plan.search.trials if plan.search else 0,
        "defaults": {name: one.default for name, one in plan.maker.declared.items()},
        "tasks": {} if plan.search else {task.key: dict(task.parameters) for task in plan.tasks},
        "total": len(plan),
        "started": time.time(),
        "environment": environment(),
    }
    folder.write(NAME, files.to_json(about).encode())
    return note


def read(folder: Folder) -> dict[str, Any] | None:
    """What the last start wrote; None where there was none, or it is broken."""
    try:
        about = dict(files.fields(json.loads(folder.read(NAME) or b"{}"), NAME, needs=_NEEDS))
        files.check_format(about)
    except (ValueError, RecursionError):
        return None
    whole = all(isinstance(about[name], dict) for name in ("defaults", "tasks", "environment"))
    return about if whole and isinstance(about["started"], int | float) else None


def environment() -> dict[str, str]:
    """Machine and versions."""
    found = {"host": platform.node(), "system": platform.platform(), "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _changed(plan: Plan, before: Mapping[str, Any] | None, records: Mapping[str, Mapping[str, Any]]) -> str:
    """Whether results of another notebook or of other code lie here; they stay, and count no more."""
    notebook, code = plan.source.digest, plan.maker.code
    others = [r for r in records.values() if r["notebook"] != notebook]
    older = [r for r in records.values() if r["notebook"] == notebook and r["code"] != code]
    said = []
    if others:
        name = before["notebook"] if before and "notebook" in before else ""
        what = "the notebook has changed" if name in ("", plan.source.name) else "another notebook ran here"
        said.append(f"{what} since {len(others)} finished tasks: its tasks are new ones")
    if older:
        codes = ", ".join(sorted({r["code"] for r in older}))
        said.append(
            f"the code has changed ({codes} to {code}) since {len(older)} finished tasks: "
            "its tasks are new ones (--code keeps them one)"
        )
    return "; ".join(said) + ("; the older results stay in the folder" if said else "")
