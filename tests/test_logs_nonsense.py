"""Any bytes are a log or a sentence, and half a gigabyte of them takes little memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench import logs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["a.csv", "a.jsonl", "a.json", "a.log", "a.parquet", "events.tfevents", "trainer_state.json"]
    ),
    st.binary(max_size=300)
    | st.text(alphabet='{}[],:"0123456789.eE-+nainf\nsteplolr \t|', max_size=300).map(str.encode),
    st.booleans(),
)
def test_any_bytes_are_a_log_or_a_sentence(tmp_path: Path, name: str, content: bytes, head: bool) -> None:
    start = {
        "a.csv": b"step,lr,loss\n",
        "a.jsonl": b'{"step": 1, "lr": 1, "loss": 2}\n',
        "a.parquet": b"PAR1",
    }
    start |= {
        "trainer_state.json": b'{"log_history": [{"step": 1, "loss": 2}, ',
        "a.log": b"iter 1: loss 2, time\n",
    }
    (tmp_path / name).write_bytes((start.get(name, b"") if head else b"") + content)
    try:
        runs = logs.load(tmp_path / name)
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert all(len(run.curve) >= 2 for run in runs)


NONSENSE: dict[str, Callable[[Any], Any]] = {
    # Files with holes: 500 MB that take no room.
    "zeros.csv": lambda file: file.truncate(500 << 20),
    "table.csv": lambda file: (file.write(b"step,lr,loss\n1,1e-3,3\n2,1e-3,3\n"), file.truncate(500 << 20)),
    "lines.jsonl": lambda file: (
        file.write(b'{"step": 1, "lr": 1, "loss": 3}\n' * 2),
        file.truncate(500 << 20),
    ),
    "state.json": lambda file: (file.write(b'{"log_history": [{"step": 1}, '), file.truncate(500 << 20)),
    "whole.parquet": lambda file: (file.write(b"PAR1"), file.truncate(500 << 20)),
    "events.tfevents": lambda file: file.truncate(500 << 20),
    "text.log": lambda file: (file.write(b"iter 1: loss 3, time\n" * 2), file.truncate(500 << 20)),
    "one_line.csv": lambda file: [file.write(b"step,lr,loss" * (1 << 19)) for _ in range(20)],
    "words.csv": lambda file: [
        file.write(b"step,lr,loss\n" + b"abc,def,ghi\n" * (1 << 19)) for _ in range(10)
    ],
    "braces.jsonl": lambda file: [file.write(b"{" * (1 << 20)) for _ in range(60)],
}

MEASURE = """
import resource, sys, time
from workbench import logs
import pyarrow.csv, pyarrow.parquet, pyarrow.compute
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        logs.load(path)
        print("read")
    except ValueError as error:
        assert len(str(error)) < 700, error
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(now - before, time.process_time() - start, error)
"""


def test_half_a_gigabyte_of_nonsense_takes_little_memory(tmp_path: Path, repo: Path) -> None:
    for name, make in NONSENSE.items():
        with (tmp_path / name).open("wb") as file:
            make(file)
    command = [sys.executable, "-c", MEASURE, *(str(tmp_path / name) for name in NONSENSE)]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(NONSENSE) and "read" not in lines
    # Kilobytes above what the imports take; the files together are 4 GB.
    assert max(int(line.split()[0]) for line in lines) < 300_000, done.stdout
