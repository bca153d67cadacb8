"""The command line: what it prints, how it fails, and JupyterLab with its token on."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bare import python as bare_python

import workbench as wb
from workbench import cli, doctor, lab

NAMES = wb.schedules.names()
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cli.main(argv) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_show_prints_a_schedule_that_reads_back_equal(
    name: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # A rate that is not the default, for the builders that are told one.
    peak = {"peak": 0.25} if any(field.name == "peak" for field in wb.schedules.get(name).fields) else {}
    options = [word for key, value in peak.items() for word in (f"--{key}", str(value))]
    text = said(capsys, "show", name, "--total", "2e3", *options, f"--{form}")
    read = {"json": wb.Schedule.from_json, "yaml": wb.Schedule.from_yaml}[form](text)
    assert read == wb.schedules.build({"name": name, "total": 2_000, **peak})


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_an_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["show", name, "--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    for field in wb.schedules.get(name).fields:
        assert f"--{field.name.replace('_', '-')} " in out


def test_options_reach_the_builder(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--total 500 --warmup 0.1 --decay 0.5 --shape power --power 3 --floor 0.2"
    expected = wb.schedules.wsd(total=500, warmup=0.1, decay=0.5, shape="power", power=3, floor=0.2)
    assert wb.Schedule.from_json(said(capsys, "show", "wsd", *options.split(), "--json")) == expected


def test_show_names_every_phase_with_its_edges(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "show", "wsd", "--total", "1000", "--warmup", "0.1", "--decay", "0.3")
    rows = [line.split() for line in out.splitlines()]
    for span in wb.schedules.wsd(total=1_000, warmup=0.1, decay=0.3).spans():
        assert any(row[:3] == [span.name, str(span.start), str(span.stop)] for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_show_draws_the_curve_where_the_rates_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "show", name, "--total", "640").splitlines()
    top = lines.index(wb.schedules.get(name).quantity) + 1
    rows = [line.split("│", 1)[1].ljust(64) for line in lines[top : top + 12]]
    schedule = wb.schedules.build({"name": name, "total": 640})
    rates = schedule.array().reshape(64, 10)
    for column in range(64):
        lit = [i for i in range(12) if rows[i][column] != " "]
        # 48 dots of height, four to a cell; a curve may be joined to its neighbours.
        first, last = (round(47 * (1 - rate / schedule.peak)) // 4 for rate in sorted(rates[column])[::-9])
        assert lit and lit[0] <= first and lit[-1] >= last, (column, lit, first, last)


def test_show_without_unicode_draws_in_plain_characters(repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "show", "wsd", "--log"],
        cwd=repo,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0 and b"log axis" in done.stdout and b"***" in done.stdout


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_show_draws_into_a_file(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"wsd{ending}"
    for log in ((), ("--log",)):
        assert str(path) in said(capsys, "show", "wsd", "--total", "500", "--png", str(path), *log)
        head = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending]
        assert path.read_bytes().startswith(head) and path.stat().st_size > 3_000


def test_export_writes_what_the_exporter_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule = wb.schedules.wsd(total=500, decay=0.3)
    for to in wb.export.names():
        try:
            text = wb.export.code(schedule, to=to)
        except wb.export.CannotExport as error:
            assert cli.main(["export", "wsd", "--total", "500", "--decay", "0.3", "--to", to]) == 2
            assert str(error) in capsys.readouterr().err
            continue
        out = said(capsys, "export", "wsd", "--total", "500", "--decay", "0.3", "--to", to)
        assert out.rstrip("\n") == text.rstrip("\n")
    path = tmp_path / "schedule.csv"
    argv = ["export", "wsd", "--total", "500", "--to", "csv", "--out", str(path)]
    assert "written" in said(capsys, *argv)
    before = path.read_text()
    assert len(before.splitlines()) == 501
    assert cli.main(argv) == 2 and "--out" in capsys.readouterr().err
    assert path.read_text() == before


def test_import_finds_the_schedule_of_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule = wb.schedules.wsd(total=500, warmup=0.1, decay=0.3, shape="cosine")
    log = tmp_path / "log.csv"
    log.write_text("step,lr\n" + "".join(f"{t},{r!r}\n" for t, r in enumerate(schedule.array().tolist())))
    out = said(capsys, "import", str(log))
    assert "3 phases: warmup 50 linear" in out and "learning rate" in out
    read = wb.Schedule.from_json(said(capsys, "import", str(log), "--json"))
    np.testing.assert_allclose(read.array(), schedule.array(), rtol=0, atol=1e-9 * schedule.peak)
    assert [phase.shape for phase in read.phases] == [phase.shape for phase in schedule.phases]
    assert cli.main(["import", str(log), "--to", "csv"]) == 0
    out, err = capsys.readouterr()
    assert "3 phases" in err and len(out.splitlines()) == 501


def test_schedules_lists_every_name_with_its_paper(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {line.split()[0]: line for line in said(capsys, "schedules").splitlines()}
    assert set(rows) == {"name", *NAMES}
    assert all(wb.schedules.get(name).paper in rows[name] for name in NAMES)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("show wsd --peak nan", "peak must be"),
        ("show wsd --peak -1", "peak must be"),
        ("show wsd --peak 1e999", "peak must be"),
        ("show wsd --peak high", "peak must be a number"),
        ("show wsd --total 0", "total must be"),
        ("show wsd --total 10.5", "total must be a whole number"),
        ("show wsd --total 99999999999999999999", "total must be"),
        ("show wsd --warmup 0.6 --decay 0.6", "warmup"),
        ("show wsd --shape wobbly", "shape must be one of"),
        ("show wsd --pea 1", "--pea"),
        ("show wsd --json --yaml", "not allowed with"),
        ("show wsd --peak", "expected one argument"),
        ("show nothing", "nothing"),
        ("show", "NAME"),
        ("fly", "fly"),
        ("", "COMMAND"),
        ("lab --port 0", "port must be"),
        ("show wsd --png wsd.gif", "must be a file that ends in .png"),
        ("show wsd --png no/such/folder/wsd.png", "cannot be written"),
        ("show wsd --json --png wsd.png", "not allowed with"),
        ("export wsd", "--to"),
        ("export wsd --to fax", "fax"),
        ("export sgdr --to torchtitan", "annot"),
        ("export wsd --to csv --out no/such/folder/wsd.csv", "--out cannot be written"),
        ("import no-such-log.csv", "no-such-log.csv"),
        ("import", "LOG"),
        ("lab --port lots", "port must be"),
    ],
)
def test_bad_input_is_one_sentence(
    argv: str, words: str, capsys: pytest.CaptureFixture[str], checkout: Path
) -> None:
    assert cli.main(argv.split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("workbench: ") and err.count("\n") == 1, err
    assert words in err


def test_no_traceback_in_a_real_process(tmp_path: Path, repo: Path) -> None:
    for args, code in ((["show", "wsd", "--peak", "nan"], 2), (["schedules"], 0)):
        done = subprocess.run(
            [sys.executable, "-m", "workbench.cli", *args],
            cwd=repo,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code and "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(repo: Path) -> None:
    command = f"{sys.executable} -m workbench.cli show wsd --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=repo, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{", "")


def test_doctor_names_versions_threads_and_folders(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "kept"))
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "absent"))
    out = said(capsys, "doctor")
    assert "numpy " in out and "threads usable" in out and str(tmp_path / "kept") in out
    assert "this folder does not exist" in out
    assert 1 <= doctor.usable_threads() <= (os.cpu_count() or 1)


def test_doctor_says_what_to_do_where_only_the_core_is_installed(tmp_path: Path) -> None:
    done = bare_python(tmp_path, "-m", "workbench.cli", "doctor", PATH="", WORKBENCH_DATA_DIR="")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("torch", "pandas", "pyarrow", "pooch", "jupyterlab", "plotly", "papermill", "chromium"):
        assert re.search(rf"^{name} +missing\n +-> \S", done.stdout, re.MULTILINE), name
    assert "numpy " in done.stdout and "lr-workbench[train]" in done.stdout


def test_doctor_survives_packages_that_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise OSError(f"lib{name}.so: wrong ELF class\nand more")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    monkeypatch.delenv("WORKBENCH_DATA_DIR", raising=False)
    out = doctor.report()
    assert "torch does not load (libtorch.so: wrong ELF class)" in out
    assert "no cache without pooch" in out


@pytest.mark.parametrize("available", [True, False])
def test_doctor_names_the_gpu_and_its_memory(monkeypatch: pytest.MonkeyPatch, available: bool) -> None:
    device = SimpleNamespace(name="Some GPU", total_memory=24 * 2**30)
    cuda = SimpleNamespace(
        is_available=lambda: available, device_count=lambda: 2, get_device_properties=lambda i: device
    )
    monkeypatch.setattr(doctor.importlib, "import_module", lambda name: SimpleNamespace(cuda=cuda))
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setenv("WORKBENCH_DATA_DIR", ".")
    expected = "Some GPU 24 GiB, Some GPU 24 GiB" if available else "install a CUDA build of torch"
    assert expected in doctor.report()


@pytest.mark.gpu
def test_doctor_agrees_with_torch_about_the_gpu() -> None:
    import torch

    name = torch.cuda.get_device_name(0)
    assert re.search(rf"^gpu +{re.escape(name)} \d+ GiB", doctor.report(), re.MULTILINE)


def test_doctor_says_when_a_folder_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "file" / "runs"))
    assert "cannot be written" in doctor.report()


@pytest.mark.parametrize("command", ["lab", "show wsd --yaml"])
def test_a_missing_package_is_one_sentence_with_the_remedy(tmp_path: Path, command: str) -> None:
    done = bare_python(tmp_path, "-m", "workbench.cli", *command.split())
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "pip install 'lr-workbench[" in done.stderr


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a start notebook, as the current one."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "start.ipynb").write_text(json.dumps(NOTEBOOK))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lab_refuses_a_port_in_use_and_finds_a_free_one(checkout: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} is in use"):
            lab.prepare(port)
        assert lab.prepare().port != port


def test_lab_allows_root_only_to_root(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for uid, allowed in ((0, True), (1000, False)):
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        assert ("--allow-root" in lab.prepare().command) is allowed


def test_lab_tells_how_to_reach_a_remote_machine(checkout: Path) -> None:
    remote = lab.Lab(checkout, 8890, browser=False)
    assert "ssh -L 8890:localhost:8890" in remote.hint and "--no-browser" in remote.command
    assert "ssh" not in lab.Lab(checkout, 8890).hint


@pytest.fixture
def server(checkout: Path) -> Iterator[tuple[int, str]]:
    """Port and token of a real JupyterLab that `workbench lab` started."""
    port = lab.prepare().port
    variables = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    root = str(Path(lab.__file__).parents[1])
    with (checkout / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench.cli", "lab", "--no-browser", "--port", str(port)],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": root, **{k: str(checkout / v) for k, v in variables.items()}},
        )
    try:
        token, waited = None, time.monotonic()
        while token is None:
            text = (checkout / "log").read_text()
            assert process.poll() is None and time.monotonic() - waited < 90, text
            token = re.search(rf"http://\S+:{port}/lab/tree/notebooks/start.ipynb\?token=(\w+)", text)
            time.sleep(0.1)
        yield port, token[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_lab_serves_the_start_notebook_and_only_with_its_token(
    server: tuple[int, str], checkout: Path
) -> None:
    port, token = server
    address = f"http://127.0.0.1:{port}/api/contents/notebooks/start.ipynb"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address, timeout=30)
    assert refused.value.code == 403
    with urllib.request.urlopen(f"{address}?token={token}", timeout=30) as answer:
        assert json.load(answer)["path"] == "notebooks/start.ipynb"
    assert (checkout / "log").read_text().startswith("JupyterLab in ")
