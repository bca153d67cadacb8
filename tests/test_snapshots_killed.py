"""Trainings that are killed go on from their snapshots and end the same."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from killed_training import STAGES, WHAT
from test_snapshots import same

from workbench import train
from workbench.curve import Run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows has not")
KILLS = int(os.environ.get("WORKBENCH_KILLS", "12"))
"""Processes that are killed at random moments."""


@pytest.fixture(scope="module")
def wholes() -> dict[str, list[Run]]:
    return {name: train.train(**given) for name, given in WHAT.items()}


def killed(folder: Path, *args: str) -> list[tuple[str, Path, int]]:
    """Name, folder and number of kills of each training that came to its end."""
    script = Path(__file__).with_name("killed_training.py")
    environment = {**os.environ, "PYTHONPATH": str(script.parents[1])}
    command = [sys.executable, str(script), str(folder), *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("ended ")]
    return [(name, Path(place), int(kills)) for _, name, place, kills in lines]


def check(ended: list[tuple[str, Path, int]], wholes: dict[str, list[Run]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, folder, _ in ended:
            assert same(train.resumed(folder), wholes[name])
            assert not list(folder.glob(".*.tmp"))


@pytest.mark.timeout(3000)
def test_a_training_killed_at_any_moment_ends_as_one_that_was_not(
    tmp_path: Path, wholes: dict[str, list[Run]]
) -> None:
    ended = killed(tmp_path, str(KILLS), "1")
    assert sum(kills for *_, kills in ended) >= KILLS
    check(ended, wholes)


def test_a_kill_at_any_stage_of_a_snapshot_leaves_all_or_nothing(
    tmp_path: Path, wholes: dict[str, list[Run]]
) -> None:
    ended = killed(tmp_path, str(2 * len(STAGES)), "1", "stages")
    assert [(name, kills) for name, _, kills in ended] == [(name, len(STAGES)) for name in WHAT]
    check(ended, wholes)
