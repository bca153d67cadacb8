"""Sweeps on Dask: a real cluster of two processes, workers and drivers that die, object stores."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import fsspec
import pytest
import sweep_chaos
from jupyter_core.utils import ensure_event_loop
from sweep_cases import notebook, saver, squares

import workbench as wb
from workbench import sweep
from workbench.sweep import dask_engine, notebook_source
from workbench.sweep import folder as folders
from workbench.sweep.clusters import KINDS
from workbench.sweep.ledger import Ledger

WARM = ("workbench.store",)


def test_a_real_cluster_of_two_processes_runs_a_sweep(tmp_path: Path) -> None:
    path = squares(tmp_path / "a.ipynb", "0.5")
    plan = sweep.plan(path, grid={"x": [1, 2, 3, 4]}, metric="square", maximise=True, code="1")
    with sweep_chaos.cluster(2) as (made, workers):
        engine = sweep.connect(made.scheduler_address)
        assert len(set(workers.pids)) == 2
        last: list[sweep.Progress] = []
        found = sweep.sweep(plan, tmp_path / "out", engine=engine, warm=WARM, on_progress=last.append)
    assert [r["metrics"]["square"] for r in found.finished] == [1, 4, 9, 16] and not found.failed
    assert last[-1].over and last[-1].best is not None and last[-1].best[1] == 16
    assert found.groups()[0].mean == 16


def test_nothing_is_lost_or_doubled_when_workers_and_the_driver_die(tmp_path: Path) -> None:
    seen = sweep_chaos.chaos(tmp_path, tasks=8, workers=2, pace=1.5, driver_kills=1)
    assert (seen.records, seen.runs, seen.tasks_with_runs, seen.failed) == (8, 8, 8, 0), seen
    assert seen.staged == 0 and seen.drivers_killed == 1 and seen.workers_killed >= 1


def test_a_scheduler_that_is_killed_and_restarted_loses_nothing(tmp_path: Path) -> None:
    path, out = saver(tmp_path / "a.ipynb", wait="0.3"), tmp_path / "out"
    plan = sweep.plan(path, grid={"peak": [0.1 * i for i in range(1, 7)]}, code="1")
    found: list[Any] = []
    with sweep_chaos.Scheduler() as scheduler:
        workers = sweep_chaos.Workers(scheduler.address, 2)
        engine = sweep.connect(scheduler.address)
        driver = threading.Thread(
            target=lambda: found.append(sweep.sweep(plan, out, engine=engine, warm=WARM))
        )
        driver.start()
        while driver.is_alive() and len(list((out / "records").glob("*.json"))) < 2:
            time.sleep(0.05)
        before = {record.name: record.stat().st_mtime_ns for record in (out / "records").glob("*.json")}
        scheduler.restart()
        while driver.is_alive():
            # A worker whose scheduler is gone ends.
            workers.replace()
            driver.join(0.5)
        workers.close()
    assert 2 <= len(before) < 6, "it was killed in the middle"
    assert len(found[0].finished) == 6 and not found[0].failed, found[0].failed
    assert all((out / "records" / name).stat().st_mtime_ns == at for name, at in before.items())
    store = wb.Store(out / "runs")
    assert sorted(store.load(id).facts["sweep_task"] for id in store.ids()) == sorted(
        t.key for t in plan.tasks
    )


def test_a_scheduler_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "CONNECTS", 1)
    with pytest.raises(ValueError, match="scheduler tcp://127.0.0.1:9 cannot be reached"):
        sweep.connect("tcp://127.0.0.1:9")
    with pytest.raises(ValueError, match="scheduler must be an address"):
        sweep.connect("localhost")


def test_a_sweep_on_an_object_store(tmp_path: Path) -> None:
    # Whoever has run a notebook in this thread has left Jupyter's event loop in its context.
    ensure_event_loop()
    plan = sweep.plan(saver(tmp_path / "a.ipynb", "0.5"), grid={"peak": [0.1, 0.2]})
    address = f"memory://{tmp_path.name}/out"
    # fsspec's memory is one process's own, and so must the cluster be.
    engine = sweep.cluster("local", {"workers": 2, "options": {"processes": False}})
    found = sweep.sweep(plan, address, engine=engine, warm=WARM)
    assert not found.failed, found.failed
    assert [r["metrics"]["final_loss"] for r in found.finished] == pytest.approx([3.1, 3.2])
    store = wb.Store(f"{address}/runs")
    assert {store.load(id).facts["sweep_task"] for id in store.ids()} == {task.key for task in plan.tasks}
    fs = fsspec.filesystem("memory")
    for record in found.finished:
        path = f"/{tmp_path.name}/out"
        assert fs.exists(f"{path}/{record['output']}") and b"with schedule" not in fs.cat(
            f"{path}/sweep.json"
        )
        assert fs.cat(f"{path}/{record['log']}").startswith(b"a.ipynb with peak=")
    assert sweep.report(address) == f"{address}/report.html" and fs.exists(f"{path}/report.html")


@pytest.mark.parametrize("kind", ["path", "memory"])
def test_a_record_is_written_once_whoever_is_first(tmp_path: Path, kind: str) -> None:
    address = str(tmp_path / "out") if kind == "path" else f"memory://{tmp_path.name}/once"
    folder = folders.at(address)
    assert folder.names("records") == [] and folder.read("records/a.json") is None
    assert folder.create("records/a.json", b"1") and not folder.create("records/a.json", b"2")
    assert folder.read("records/a.json") == b"1"
    folder.write("records/b.json", b"1")
    folder.write("records/b.json", b"2")
    assert folder.read("records/b.json") == b"2"
    assert folder.names("records") == ["records/a.json", "records/b.json"]
    folder.remove("records/a.json")
    folder.remove("records/a.json")
    assert folder.names("records") == ["records/b.json"]


def test_a_try_that_comes_late_leaves_no_trace(tmp_path: Path) -> None:
    """The driver was killed, another ran the task anew, then the first try ends after all."""
    from workbench.sweep import attempt
    from workbench.sweep.job import Job

    out, path = tmp_path / "out", saver(tmp_path / "a.ipynb")
    plan = sweep.plan(path)
    source, ledger = plan.source, Ledger(folders.at(out))
    jobs = [
        Job(plan.tasks[0], f"{n}-x", source.text, str(tmp_path), source.name, str(out), "1", warm=WARM)
        for n in (1, 2)
    ]
    finish, made = Ledger.finish, []

    def overtaken(self: Ledger, record: Any) -> bool:
        # Just before it writes its record, the other try writes its own.
        if not made:
            made.append(record)
            assert attempt.run(jobs[1]).state == "finished"
        return finish(self, record)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "finish", overtaken)
        late = attempt.run(jobs[0])
    record = ledger.finished(plan.tasks[0].key)
    assert record is not None and record["attempt"].startswith("2-x") and late.record == record
    assert wb.Store(out / "runs").ids() == record["runs"]
    assert [p.name for p in (out / "output").iterdir()] == [Path(record["output"]).name]
    assert not list((out / "staged").iterdir())


def test_what_a_dead_worker_staged_is_settled_by_the_next_driver(tmp_path: Path) -> None:
    from sweep_cases import Threads

    from workbench.sweep import publish

    out = tmp_path / "out"
    plan = sweep.plan(saver(tmp_path / "a.ipynb"), grid={"peak": [0.1, 0.2]})
    with pytest.MonkeyPatch.context() as patch:
        # The worker dies between its record and the catalogue.
        patch.setattr(publish, "publish", lambda out, record: None)
        sweep.sweep(plan, out, engine=Threads(), warm=WARM)
    # A try that lost against the record has staged something, too.
    staged = sorted((out / "staged").iterdir())
    key, _, id, _ = staged[0].name.split(".")
    (out / "staged" / f"{key}.9-late.{id}.parquet").write_bytes(staged[0].read_bytes())
    (out / "staged" / "Thumbs.db").write_bytes(b"of somebody else")
    assert len(staged) == 2 and not (out / "runs").exists()
    sweep.sweep(plan, out, engine=Threads(), warm=WARM)
    assert len(wb.Store(out / "runs")) == 2
    assert [path.name for path in (out / "staged").iterdir()] == ["Thumbs.db"]


class Fake:
    """Stands for a cluster of a kind that is not here, and remembers how it was made."""

    made: dict[str, Any] = {}

    def __init__(self, **options: Any) -> None:
        if "nonsense" in options:
            raise TypeError("unexpected keyword argument 'nonsense'")
        type(self).made = {"options": options}

    def scale(self, n: int) -> None:
        self.made["scale"] = n

    def adapt(self, minimum: int, maximum: int) -> None:
        self.made["adapt"] = (minimum, maximum)

    def close(self) -> None:
        self.made["closed"] = True


@pytest.mark.parametrize("kind", ["slurm", "pbs", "sge", "lsf", "kubernetes", "ssh"])
def test_each_kind_of_cluster_is_made_from_its_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    about = KINDS[kind]
    module = types.ModuleType(about.module)
    setattr(module, about.name, Fake)
    if kind == "ssh":
        import distributed

        monkeypatch.setattr(distributed, about.name, Fake)
    else:
        monkeypatch.setitem(sys.modules, about.module.split(".")[0], types.ModuleType("parent"))
        monkeypatch.setitem(sys.modules, about.module, module)
    import distributed

    monkeypatch.setattr(distributed, "Client", lambda cluster, **_: cluster)
    config = tmp_path / "c.yaml"
    config.write_text("workers: {minimum: 1, maximum: 8}\noptions:\n  queue: gpu\n")
    engine = sweep.cluster(kind, config)
    assert Fake.made["options"] == {"queue": "gpu"}
    # The hosts of ssh are all that there are.
    assert Fake.made.get("adapt") == (None if kind == "ssh" else (1, 8))
    engine.stop()
    assert Fake.made["closed"]
    with pytest.raises(ValueError, match=f"the {kind} cluster cannot be started: unexpected keyword"):
        sweep.cluster(kind, {"options": {"nonsense": 1}})


def test_slurm_and_pbs_are_asked_for_what_the_yaml_says() -> None:
    jobqueue = pytest.importorskip("dask_jobqueue")
    options = {"queue": "gpu", "cores": 4, "memory": "16GB", "walltime": "04:00:00"}
    for kind, mark in (("slurm", "#SBATCH -p gpu"), ("pbs", "#PBS -q gpu")):
        made = getattr(jobqueue, KINDS[kind].name)(**options)
        try:
            assert mark in made.job_script()
        finally:
            made.close()


def test_ctrl_c_still_stops_a_sweep_cleanly_where_a_queue_is_asked() -> None:
    code = """
import contextlib, signal
from workbench import sweep
with contextlib.suppress(ValueError):
    sweep.cluster("slurm", {"options": {"nonsense": 1}})
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split() == ["True"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"worker": 3}, "settings may not have 'worker'"),
        ({"workers": -1}, "workers must be whole numbers"),
        ({"workers": 1.5}, "workers must be whole numbers"),
        ({"workers": {"minimum": 1}}, "workers needs 'maximum'"),
        ({"workers": 0}, "workers must be whole numbers"),
        ({"workers": {"minimum": 5, "maximum": 1}}, "a minimum from 0 to the maximum"),
        ({"options": [1]}, "options must be a mapping"),
        ({"options": {"nonsense": 1}}, "it has no option 'nonsense'"),
        ("absent.yaml", "absent.yaml cannot be read"),
        ("broken.yaml", "broken.yaml cannot be read: this is not YAML"),
    ],
)
def test_bad_settings_of_a_cluster_are_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Any, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text("workers: [")
    with pytest.raises(ValueError, match=words):
        sweep.cluster("local", config)


def test_a_kind_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_kubernetes.operator", None)
    with pytest.raises(ValueError, match="needs dask-kubernetes: pip install dask-kubernetes"):
        sweep.cluster("kubernetes")


@pytest.mark.parametrize("other", ["code", "Python"])
def test_a_worker_of_another_environment_is_refused_in_a_sentence(
    tmp_path: Path, repo: Path, other: str
) -> None:
    path, elsewhere = notebook(tmp_path / "a.ipynb", "x = 1"), tmp_path / "elsewhere"
    # Sources may have changed since another test asked.
    notebook_source.package_version.cache_clear()
    shutil.copytree(repo / "workbench", elsewhere / "workbench", ignore=shutil.ignore_patterns("__pycache__"))
    if other == "code":
        with (elsewhere / "workbench" / "laws.py").open("a") as file:
            file.write("# A line that the driver has not.\n")
        words = r"the worker .* has workbench \S+, the sweep was planned with \S+: give both the same"
    else:
        # What this worker's Python says of itself is all that can be changed here.
        (elsewhere / "sitecustomize.py").write_text(
            "import platform\nplatform.python_version = lambda: '3.99.1'\n"
        )
        words = r"the worker .* has Python 3.99, the sweep was planned with 3.\d+: give both the same"
    out, plan = tmp_path / "out", sweep.plan(path, grid={"x": [1, 2, 3]})
    seen: list[str] = []
    with sweep_chaos.cluster(1, elsewhere) as (made, others):
        engine = sweep.connect(made.scheduler_address, patience=2)
        with pytest.raises(ValueError, match=rf"has had no worker that can be used \({words}\) for 2 s"):
            sweep.sweep(plan, out, engine=engine, retries=0, warm=WARM)
        # Nothing of the notebook was run there, and no task has lost a try.
        assert not (out / "output").exists()
        assert [each["tries"] for each in sweep.results(out).failed] == [[], [], []]
        ours = sweep_chaos.Workers(made.scheduler_address, 1)
        engine = sweep.connect(made.scheduler_address)
        found = sweep.sweep(
            plan, out, engine=engine, retries=0, warm=WARM, on_progress=lambda now: seen.append(now.note)
        )
        ours.close()
        assert len(others.pids) == 1, "it is still there, and was not asked again"
    assert len(found.finished) == 3 and not found.failed
    refused = [one for listed in Ledger(folders.at(out)).tries().values() for one in listed]
    assert refused and all(re.fullmatch(words, one["reason"]) for one in refused)
    assert len([note for note in seen if "not used" in note]) <= 1


def test_tries_of_workers_that_went_away_are_given_to_those_that_come(tmp_path: Path) -> None:
    """Where a worker refuses, tries are bound to the others; none may wait for one that is gone."""
    path, out = saver(tmp_path / "a.ipynb", wait="0.5"), tmp_path / "out"
    plan = sweep.plan(path, grid={"peak": [0.1, 0.2, 0.3, 0.4]}, code="1")
    found: list[Any] = []
    with sweep_chaos.cluster(1) as (made, workers):
        engine = sweep.connect(made.scheduler_address)
        engine._unfit["tcp://another:1"] = "it has other code"
        driver = threading.Thread(
            target=lambda: found.append(sweep.sweep(plan, out, engine=engine, warm=WARM, retries=3))
        )
        driver.start()
        while driver.is_alive() and not list((out / "records").glob("*.json")):
            time.sleep(0.05)
        os.kill(workers.pids[0], signal.SIGKILL)
        time.sleep(0.5)
        workers.replace()
        driver.join(60)
        assert not driver.is_alive(), "a try still waits for the worker that was killed"
    assert len(found[0].finished) == 4 and not found[0].failed
