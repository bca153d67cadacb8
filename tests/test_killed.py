"""Writers of a store are killed at any moment: what was acknowledged is there, and nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from killed_writer import STAGES, meant

import workbench as wb

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows has not")


@pytest.fixture
def store(tmp_path: Path) -> wb.Store:
    return wb.Store(tmp_path / "runs")


def acknowledged(folder: Path, *args: str) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("killed_writer.py")
    environment = {**os.environ, "PYTHONPATH": str(script.parents[1])}
    command = [sys.executable, str(script), str(folder), *args]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def check(store: wb.Store, lines: list[str]) -> None:
    """Everything acknowledged is there, and everything that is there is what some writer meant."""
    listed = set(store.ids())
    for line in lines:
        writer, number, id = line.split()
        assert id in listed
        assert store.load(id) == meant(int(writer), int(number))
    for id in listed:
        facts = store.load(id).facts
        assert store.load(id) == meant(facts["writer"], facts["number"])


def test_nothing_is_lost_or_half_written_under_sigkill(store: wb.Store) -> None:
    kills = 60
    with warnings.catch_warnings():
        # A broken file would be warned of: here that is a failure.
        warnings.simplefilter("error")
        seen = 0
        with acknowledged(store.path, str(kills), "1") as writers:
            while writers.poll() is None:
                for id in store.ids()[-3:]:
                    assert len(store.load(id).curve) == 2_000
                    seen += 1
            out, _ = writers.communicate()
        assert writers.returncode == 0
        lines = out.splitlines()
        check(store, lines)
    # The kills were spread: every other writer got some runs through, and the store was watched meanwhile.
    assert len({line.split()[0] for line in lines}) >= kills / 2 and seen > 0


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_stage_of_a_save_leaves_all_or_nothing(store: wb.Store, stage: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writers = acknowledged(store.path, "2", "1", stage)
        out, _ = writers.communicate()
        assert writers.returncode == 0
        assert [line.split()[:2] for line in out.splitlines()] == [["0", "0"], ["1", "0"]]
        check(store, out.splitlines())
    # Only after the rename is the second run there, although nobody was told.
    assert len(store) == (4 if stage == "replaced" else 2)
    assert len(list(store.path.glob(".*.tmp"))) == (0 if stage == "replaced" else 2)


def test_many_writers_at_once_lose_nothing(store: wb.Store) -> None:
    writers = [acknowledged(store.path, "4", str(seed)) for seed in range(3)]
    lines = [line for writer in writers for line in writer.communicate()[0].splitlines()]
    assert lines and all(writer.returncode == 0 for writer in writers)
    check(store, lines)
