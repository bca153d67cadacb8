"""Sweeps on this machine: results, failures, limits, interruptions, and going on where it stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from sweep_cases import Threads, cells_of, notebook, saver, squares

import workbench as wb
from workbench import cli, sweep
from workbench.sweep.ledger import Ledger, failures
from workbench.sweep.slots import slots

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="warm kernels need fork, which Windows has not"
)


def ran(plan: sweep.Plan, out: Path, **options: Any) -> tuple[sweep.Results, list[str]]:
    """Results and what was said, of a sweep with warm kernels."""
    notes: list[str] = []
    options = {"engine": Threads(), "warm": ("workbench.store",), "retries": 0, **options}
    found = sweep.sweep(plan, out, on_progress=lambda p: notes.append(p.note), **options)
    return found, [note for note in notes if note]


def tries_of(out: Path) -> list[dict[str, Any]]:
    return [one for listed in Ledger(wb.sweep.folder.at(out)).tries().values() for one in listed]


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def test_a_sweep_runs_each_task_in_a_process_of_its_own_and_goes_on(tmp_path: Path) -> None:
    path, out = squares(tmp_path / "a.ipynb"), tmp_path / "out"
    plan = sweep.plan(path, grid={"x": [1, 2, 3]}, zipped={"seed": [0, 1]}, metric="square")
    # Cold kernels first: what papermill does.
    few = sweep.plan(path, grid={"x": [1, 2]}, metric="square")
    first, _ = ran(few, out, warm=False, engine=sweep.local(2))
    assert [r["metrics"]["square"] for r in first.finished] == [1, 4]
    found, notes = ran(plan, out)
    ended = {r["key"]: r["ended"] for r in found.finished}
    assert all(ended[r["key"]] == r["ended"] for r in first.finished)
    table = found.table()
    assert list(table["square"]) == [x * x + seed / 100 for x in (1, 2, 3) for seed in (0, 1)]
    assert table["pid"].nunique() == 6 and not notes and not found.failed
    for record in found.finished:
        outputs = [o for cell in cells_of(out, record) for o in cell.get("outputs", ())]
        assert outputs and (out / record["log"]).read_text().startswith("a.ipynb with x=")
    before = {p: p.stat().st_mtime_ns for p in (out / "records").iterdir()}
    again, _ = ran(plan, out)
    assert {p: p.stat().st_mtime_ns for p in (out / "records").iterdir()} == before
    assert [g.values for g in again.groups()][0] == (1.0, 1.01)


def test_a_changed_notebook_is_a_new_task_and_it_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran(sweep.plan(squares(tmp_path / "a.ipynb")), out)
    changed = notebook(
        tmp_path / "a.ipynb", "x = 1\nseed = 0", "from workbench import sweep; sweep.record('square', -x)"
    )
    found, notes = ran(sweep.plan(changed), out)
    assert "the notebook has changed since 1 finished tasks" in notes[0]
    assert [r["metrics"]["square"] for r in found.finished] == [-1] and found.older == 1
    _, notes = ran(sweep.plan(changed, code="another"), out)
    assert "the code has changed" in notes[0]


def test_failures_keep_their_reasons_and_are_retried_when_asked(tmp_path: Path) -> None:
    flag, out = tmp_path / "flag", tmp_path / "out"
    code = f"import pathlib\nassert x != 2 or pathlib.Path({str(flag)!r}).exists(), 'two is bad'"
    plan = sweep.plan(notebook(tmp_path / "a.ipynb", "x = 1", code), grid={"x": [1, 2]})
    found, notes = ran(plan, out, retries=1)
    assert len(found.finished) == 1
    (failed,) = found.failed
    assert failed["parameters"] == {"x": 2}
    assert [one["reason"] for one in failed["tries"]] == ["cell 3: AssertionError: two is bad"] * 2
    assert [note.split(":")[0] for note in notes] == ["tried again", "failed"]
    assert "AssertionError" in (out / failed["tries"][0]["output"]).read_text()
    # Given up is given up, until somebody says otherwise.
    flag.touch()
    found, _ = ran(plan, out, retries=1)
    assert len(found.failed) == 1 and len(failures(tries_of(out))) == 2
    found, _ = ran(plan, out, retries=1, retry_failed=True)
    assert not found.failed and len(found.finished) == 2


def test_limits_of_time_and_memory_end_a_task_with_the_reason(tmp_path: Path) -> None:
    cells = (
        "import time, os, signal\nif what == 'sleep': time.sleep(60)",
        "if what == 'eat':\n    kept = b'x' * 700_000_000\n    time.sleep(60)",
        "if what == 'die': os.kill(os.getpid(), signal.SIGKILL)",
    )
    path = notebook(tmp_path / "a.ipynb", "what = ''", *cells)
    plan = sweep.plan(path, grid={"what": ["eat", "die", "live"]})
    found, _ = ran(plan, tmp_path / "out", limits=sweep.Limits(seconds=50, memory=0.5))
    slow, _ = ran(
        sweep.plan(path, fixed={"what": "sleep"}), tmp_path / "slow", limits=sweep.Limits(seconds=2)
    )
    reasons = {one["parameters"]["what"]: one["tries"][0]["reason"] for one in found.failed + slow.failed}
    assert reasons["sleep"] == "over its time limit of 2 s"
    assert reasons["eat"].startswith("over its memory limit of 0.5 GB: it used")
    assert reasons["die"] == "its kernel died"
    assert [r["parameters"]["what"] for r in found.finished] == ["live"]
    for bad in ({"seconds": 0}, {"seconds": float("nan")}, {"memory": -1}, {"memory": "1GB"}):
        with pytest.raises(ValueError, match="limit must be"):
            sweep.Limits(**bad)


def test_a_killed_worker_loses_one_try_of_one_task(tmp_path: Path) -> None:
    out = tmp_path / "out"
    # A worker is the parent of its cold kernel.
    code = (
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path)!r}, f'k{{x}}').write_text(str(os.getppid()))\n"
        f"while x < 2 and not pathlib.Path({str(tmp_path)!r}, 'go').exists(): time.sleep(0.05)"
    )
    plan = sweep.plan(notebook(tmp_path / "a.ipynb", "x = 1", code), grid={"x": [0, 1, 2]})

    def kill() -> None:
        until(lambda: all((tmp_path / f"k{x}").exists() and (tmp_path / f"k{x}").read_text() for x in (0, 1)))
        os.kill(int((tmp_path / "k0").read_text()), signal.SIGKILL)
        (tmp_path / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    found, notes = ran(plan, out, retries=1, engine=sweep.local(2), warm=False)
    killer.join()
    assert len(found.finished) == 3 and not found.failed
    assert [note for note in notes if "died" in note] == notes and len(notes) == 1
    (lost,) = failures(tries_of(out))
    assert lost["state"] == "lost" and lost["key"] == plan.tasks[0].key


def command(path: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "workbench.cli", "sweep", str(path), "--out", str(out), "--warm", *more]


def start(words: list[str], repo: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(repo)}
    return subprocess.Popen(
        words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests that a shell runs in the background would hand on that Ctrl-C is to be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_a_stopped_sweep_leaves_nothing_running_and_goes_on(tmp_path: Path, repo: Path, how: int) -> None:
    out, path = tmp_path / "out", saver(tmp_path / "a.ipynb", wait="0.3")
    words = command(path, out, "-g", "peak=0.1,0.2", "-z", "seed=0:4", "--processes", "2", "--code", "1")
    first = start(words, repo)
    until(lambda: len(list((out / "records").glob("*.json"))) >= 3)
    family = psutil.Process(first.pid).children(recursive=True)
    os.kill(first.pid, how)
    said, error = first.communicate(timeout=60)
    if how == signal.SIGINT:
        told = [one for one in tries_of(out) if one["state"] == "interrupted"]
        # What the worker said of where it ran is not lost, and half a notebook is no result.
        assert all("host" in one and not one.get("output") for one in told), told
        assert first.returncode == 130 and "the same command goes on" in said, error
        assert error == ""
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family), 20)
    done = {p.name: p.stat().st_mtime_ns for p in (out / "records").iterdir() if p.suffix == ".json"}
    assert 3 <= len(done) < 8
    if how == signal.SIGINT:
        second = start(words, repo)
        said, error = second.communicate(timeout=120)
        assert second.returncode == 0 and "8/8 done" in said, error
    else:
        ran(sweep.plan(path, grid={"peak": [0.1, 0.2]}, zipped={"seed": range(4)}, code="1"), out)
    after = {p.name: p.stat().st_mtime_ns for p in (out / "records").iterdir()}
    assert len(after) == 8 and done.items() <= after.items()
    table = wb.Store(out / "runs").table()
    assert len(table) == 8 and table["sweep_task"].nunique() == 8
    assert not failures(tries_of(out)) and not list((out / "staged").iterdir())


def test_runs_that_a_task_saves_are_in_the_catalogue_once(tmp_path: Path) -> None:
    out = tmp_path / "sweeps" / "first"
    plan = sweep.plan(saver(tmp_path / "a.ipynb"), grid={"peak": [0.1, 0.2], "schedule": ["wsd", "cosine"]})
    found, _ = ran(plan, out)
    assert [r["metrics"]["final_loss"] for r in found.finished] == pytest.approx([3.1, 3.1, 3.2, 3.2])
    table = wb.Store(out / "runs").table(sweep="first")
    assert set(table["sweep_task"]) == {task.key for task in plan.tasks} and len(table) == 4
    assert {r["runs"][0] for r in found.finished} == set(table["id"])


def test_tasks_have_the_gpus_in_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in slots()] == ["3", "5"]
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in slots(per_gpu=2)] == ["3", "5", "3", "5"]
    code = "import os\nfrom workbench import sweep\nsweep.record('gpu', os.environ['CUDA_VISIBLE_DEVICES'])"
    plan = sweep.plan(notebook(tmp_path / "a.ipynb", "x = 1", code), grid={"x": [1, 2]})
    found, _ = ran(plan, tmp_path / "out", engine=sweep.local(), warm=False)
    assert sorted(r["metrics"]["gpu"] for r in found.finished) == ["3", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert all("CUDA_VISIBLE_DEVICES" not in slot for slot in slots())
    for bad in ({"processes": 0}, {"processes": 1.5}, {"per_gpu": 0}):
        with pytest.raises(ValueError, match="must be"):
            slots(**bad)


def test_a_folder_that_cannot_be_written_and_broken_records_are_sentences(tmp_path: Path) -> None:
    plan = sweep.plan(squares(tmp_path / "a.ipynb"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be"):
        ran(plan, tmp_path / "file" / "out")
    out = tmp_path / "out"
    ran(plan, out)
    (record,) = (out / "records").iterdir()
    record.write_text(record.read_text()[:40])
    with pytest.warns(UserWarning, match="put aside as .*broken: it is not JSON"):
        found, _ = ran(plan, out)
    assert len(found.finished) == 1 and json.loads(record.read_text())["key"] == plan.tasks[0].key


def test_a_sweep_that_is_done_needs_no_workers(tmp_path: Path) -> None:
    class Nowhere(Threads):
        def room(self) -> int:
            return 0

    plan = sweep.plan(squares(tmp_path / "a.ipynb"), grid={"x": [1, 2]})
    ran(plan, tmp_path / "out")
    found, _ = ran(plan, tmp_path / "out", engine=Nowhere())
    assert len(found.finished) == 2


def test_a_dry_run_shows_the_plan_and_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = squares(tmp_path / "a.ipynb"), tmp_path / "out"
    words = [
        "sweep",
        str(path),
        "-g",
        "x=1,2,3",
        "--out",
        str(out),
        "--dry-run",
        "--processes",
        "1",
        "--code",
        "1",
    ]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "3 tasks, 0 done, 3 to run; time unknown" in said and not out.exists()
    ran(sweep.plan(path, grid={"x": [1]}, code="1"), out)
    assert cli.main(words) == 0
    assert "3 tasks, 1 done, 2 to run; about" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("-g x", "-g must be NAME=VALUES"),
        ("-g x=1 -g x=2", "given twice"),
        ("-g y=1", "unknown parameter 'y'"),
        ("-g x=a", "x must be a whole number"),
        ("--random 3 --sobol 3 -r x=1:3", "exclude each other"),
        ("--scheduler nowhere", "scheduler must be an address"),
        ("--cluster cloud", "cluster must be one of"),
        ("--cluster slurm --scheduler tcp://a:1", "exclude each other"),
        ("--time-limit 0", "time limit must be"),
        ("--retries -1", "retries must be"),
        ("--processes 0", "processes must be"),
        ("-g x=0:99999999999999999999", "at most 1,000,000 of them"),
        ("-g x=lin:0:1:1000000000", "a count from 2 to 1,000,000"),
        ("-g x=lin:0:inf:3", "must be lin:low:high:count with finite ends"),
        ("-z x=1,2 -z seed=1", "lists of one length"),
        ("--memory-limit nan", "memory limit must be"),
        ("--memory-limit much", "invalid float value"),
        ("--max-memory 5", "unrecognized arguments"),
        ("--scheduler tcp://", "cannot be reached"),
        ("--scheduler foo://a:1", "cannot be reached"),
        ("--scheduler tcp://a:b", "cannot be reached"),
        ("--scheduler tls://127.0.0.1:9", "it needs certificates"),
        ("--cluster-config a.yaml", "--cluster-config needs --cluster"),
        ("--cluster local --processes 2", "--processes is for this machine"),
        ("--lanes --processes 2", "--processes means nothing"),
        ("--list absent.csv", "the list absent.csv cannot be read"),
    ],
)
def test_bad_options_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, sentence: str
) -> None:
    path = squares(tmp_path / "a.ipynb")
    assert cli.main(["sweep", str(path), "--out", str(tmp_path / "out"), *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("workbench: ") and err.count("\n") == 1 and sentence in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sweep", "absent.ipynb", "--out", "out"], "cannot be read: No such file"),
        (["sweep", ".", "--out", "out"], "cannot be read: Is a directory"),
        (["sweep", "file", "--out", "out"], "is not a notebook"),
        (["sweep", "a.ipynb"], "required: --out"),
        (["sweep", "a.ipynb", "--out", ""], "out must name a folder"),
        (["sweep", "a.ipynb", "--out", "file/out"], "cannot be written: Not a directory"),
        (["sweep", "a.ipynb", "--out", "/proc/out"], "cannot be written"),
        (["sweep", "a.ipynb", "--out", "nowhere://out"], "Protocol not known"),
        (["report"], "required: DIR"),
        (["report", "absent"], "is not the folder of a sweep"),
        (["report", "file"], "is not the folder of a sweep"),
        (["report", "half"], "is not the folder of a sweep"),
    ],
)
def test_files_and_folders_that_cannot_be_used_are_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    squares(tmp_path / "a.ipynb")
    (tmp_path / "file").write_text("no notebook")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "sweep.json").write_text('{"format": 1, "note')
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("workbench: ") and err.count("\n") == 1 and sentence in err
