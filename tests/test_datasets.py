"""Public data: what is read equals what was published, and nothing unchecked is used."""

from __future__ import annotations

import csv
import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pooch
import pytest

import workbench as wb
from workbench import datasets

MULTIPOWER = ("multipower/25M", "multipower/100M")
KINDS = [
    *(f"{kind}_{total}" for kind in ("constant", "cosine") for total in (24_000, 72_000)),
    "wsd_20000_24000",
    "wsdld_20000_24000",
    *(f"wsdcon_{k}" for k in (3, 9, 18)),
]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no folder of data."""
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    monkeypatch.delenv(datasets.FOLDER_VARIABLE)
    return tmp_path / "lr-workbench"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder that is served in place of GitHub."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{http_server.server_port}"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(datasets.Source, "url", lambda self, name: f"{address}/{name}")
        yield folder
        http_server.shutdown()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_name(runs: list[wb.Run]) -> dict[str, wb.Run]:
    found = {run.facts["name"]: run for run in runs}
    assert len(found) == len(runs)
    return found


def test_every_name_loads_and_is_sourced(data_folder: Path) -> None:
    assert {*MULTIPOWER, "schaipp/124M", "chinchilla", "steplaw"} <= set(datasets.names())
    for name in datasets.names():
        assert len(datasets.load(name)) > 0
        source = datasets.SOURCES[name]
        assert source.licence and source.commit and source.about
        assert source.page.startswith("https://github.com/")


def test_urls_name_the_file_at_the_commit() -> None:
    url = datasets.SOURCES["multipower/25M"].url("multipower/csv_25/wsdcon_3.csv")
    base = "https://github.com/thu-yao-01-luo/MultiPowerLaw/raw/8da9f190"
    assert url == f"{base}/loss_curve_repo/csv_25/wsdcon_3.csv"
    url = datasets.SOURCES["chinchilla"].url("chinchilla/svg_extracted_data.csv")
    base = "https://github.com/epoch-research/analyzing-chinchilla/raw/92258837"
    assert url == f"{base}/data/svg_extracted_data.csv"


@pytest.mark.parametrize("name", MULTIPOWER)
def test_multipower_curves_are_the_published_rows(name: str, data_folder: Path) -> None:
    folder = data_folder / datasets.SOURCES[name].files
    runs = by_name(datasets.load(name))
    assert set(runs) == set(KINDS)
    for kind, run in runs.items():
        published = rows(folder / f"{kind}.csv")
        assert run.curve.step.tolist() == [float(row["step"]) for row in published]
        assert run.curve.loss.tolist() == [float(row["loss"]) for row in published]
        assert run.task == {"name": "multipower", "size": name.split("/")[1]}
        assert run.facts["status"] == "finished"


@pytest.mark.parametrize("name", MULTIPOWER)
def test_multipower_schedules_are_the_published_rates(name: str, data_folder: Path) -> None:
    folder = data_folder / datasets.SOURCES[name].files
    for kind, run in by_name(datasets.load(name)).items():
        rates = [float(row["lr"]) for row in rows(folder / f"{kind}.csv")]
        np.testing.assert_allclose(run.schedule(run.curve.step), rates, rtol=4e-15)
        warmup = run.schedule.array()[:2160]
        np.testing.assert_allclose(warmup, np.linspace(0, 3e-4, 2160), rtol=1e-15)
        total = 16_000 if kind.startswith("wsdcon") else int(kind.split("_")[-1])
        assert len(run.schedule) == total > run.curve.step[-1]


def test_multipower_sums_of_rates(data_folder: Path) -> None:
    sums = {
        "cosine_24000": 3.927735,
        "constant_24000": 6.876000,
        "wsd_20000_24000": 6.145173,
        "wsdld_20000_24000": 6.336135,
        "cosine_72000": 11.847735,
    }
    runs = by_name(datasets.load("multipower/100M"))
    for kind, total in sums.items():
        assert runs[kind].schedule.array().sum() == pytest.approx(total, abs=5.1e-7)


def test_schaipp_curves_are_the_derived_history(data_folder: Path) -> None:
    """The history was flattened from the same files by other code; the "sl_" runs are not in it."""
    history: dict[str, list[dict[str, str]]] = {}
    for row in rows(data_folder / "schaipp" / "suite124m_history.csv"):
        history.setdefault(row["run"], []).append(row)
    finals = {row["run"]: row for row in rows(data_folder / "schaipp" / "suite124m_runs.csv")}
    runs = by_name(datasets.load("schaipp/124M"))
    assert len(runs) == 16
    ours = {name.replace("const_", "const"): run for name, run in runs.items() if not name.startswith("sl_")}
    assert len(ours) == 12 and set(ours) <= set(history)
    for name, run in ours.items():
        for curve, column in ((run.curve, "val_loss"), (run.parts["train"], "train_loss")):
            there = {int(row["iter"]): float(row[column]) for row in history[name] if row[column]}
            there.pop(0, None)
            assert (curve.step + 1).tolist() == sorted(there)
            np.testing.assert_allclose(curve.loss, [there[i] for i in sorted(there)], atol=1e-6)
        assert run.facts["initial_loss"] == pytest.approx(10.902082, abs=1e-6)
        final = float(finals[name]["final_val_loss_fullset"])
        assert run.facts["final_val_loss_fullset"] == pytest.approx(final, abs=1e-9)
        assert run.task["batch_tokens"] == 102_400


def test_schaipp_schedules_are_the_published_rates(data_folder: Path) -> None:
    runs = datasets.load("schaipp/124M")
    for path in (data_folder / "schaipp" / "raw").glob("*.json"):
        logged = json.loads(path.read_text(encoding="utf-8"))
        peak, total = logged["config"]["lr"], logged["config"]["iterations"]
        train = logged["history"]["train"]
        iteration, rate = np.array(train["iter"]), np.array(train["train_lr"])
        # Logged after update `iter` was made: the rate of the next one, which the last has not.
        made = iteration < total
        (run,) = [
            r
            for r in runs
            if len(r.schedule) == total
            and r.facts["final_val_loss_fullset"] == logged["history"]["final-val"]["final_val_loss"][-1]
        ]
        np.testing.assert_allclose(run.schedule(iteration[made]), rate[made], rtol=0, atol=5e-16 * peak)
        assert run.schedule.peak == peak


def test_tables_are_the_published_ones(data_folder: Path) -> None:
    chinchilla = datasets.load("chinchilla")
    assert len(chinchilla) == 245 and {"Model Size", "Training FLOP", "loss"} <= set(chinchilla.columns)
    dense = datasets.load("steplaw")
    assert len(dense) == 1911 and {"N", "D", "lr", "bs", "loss"} <= set(dense.columns)
    bootstrap = datasets.load("steplaw/bootstrap")
    assert len(bootstrap) == 1000
    # The published law is lr = 1.79 N^-.713 D^.307, bs = .58 D^.571.
    assert bootstrap["lr_coefN"].mean() == pytest.approx(-0.713, abs=0.02)
    assert bootstrap["bs_coefD"].mean() == pytest.approx(0.571, abs=0.02)


@pytest.mark.parametrize("name", ["", "multipower", "nope", None, 3, ["chinchilla"], "../chinchilla"])
def test_unknown_names_are_refused(name: object) -> None:
    with pytest.raises(ValueError, match="name must be one of multipower/25M"):
        datasets.load(name)  # type: ignore[arg-type]


def test_a_changed_file_in_the_folder_is_not_used(
    tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "chinchilla/svg_extracted_data.csv"
    (tmp_path / "chinchilla").mkdir()
    changed = (data_folder / name).read_bytes().replace(b"5.00", b"5.01", 1)
    (tmp_path / name).write_bytes(changed)
    monkeypatch.setenv(datasets.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match="must have the SHA-256 193478df.*not used") as caught:
        datasets.load("chinchilla")
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match="cannot be read"):
        datasets.load("chinchilla")


def test_without_network_and_files_one_sentence_says_what_to_do(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A port that nothing listens on stands for no network.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(datasets.Source, "url", lambda self, name: f"http://127.0.0.1:9/{name}")
    with pytest.raises(ValueError) as caught:
        datasets.load("chinchilla")
    sentence = str(caught.value)
    for part in ("svg_extracted_data.csv", "http://127.0.0.1:9/", "WORKBENCH_DATA_DIR"):
        assert part in sentence
    assert "\n" not in sentence
    assert not list(cache.rglob("*.csv"))


def test_a_download_is_checked_and_kept(cache: Path, server: Path, data_folder: Path) -> None:
    shutil.copytree(data_folder / "multipower" / "csv_25", server / "multipower" / "csv_25")
    runs = datasets.load("multipower/25M")
    assert len(runs) == 9 and len(list(cache.rglob("*.csv"))) == 9
    shutil.rmtree(server / "multipower")
    assert datasets.load("multipower/25M") == runs


def test_a_wrong_download_is_not_used(cache: Path, server: Path) -> None:
    (server / "chinchilla").mkdir()
    (server / "chinchilla" / "svg_extracted_data.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match="must have the SHA-256 193478df.*not used") as caught:
        datasets.load("chinchilla")
    assert "\n" not in str(caught.value)
    assert not list(cache.rglob("*.csv"))


def test_a_missing_page_names_its_address(cache: Path, server: Path) -> None:
    with pytest.raises(ValueError, match=r"could not be fetched from http://127.*WORKBENCH_DATA_DIR"):
        datasets.load("steplaw")


def test_files_that_the_folder_lacks_are_fetched(
    cache: Path, server: Path, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "some"
    shutil.copytree(data_folder / "multipower" / "csv_25", folder / "multipower" / "csv_25")
    (server / "multipower" / "csv_25").mkdir(parents=True)
    moved = "multipower/csv_25/wsdcon_3.csv"
    shutil.move(folder / moved, server / moved)
    monkeypatch.setenv(datasets.FOLDER_VARIABLE, str(folder))
    assert len(datasets.load("multipower/25M")) == 9
    assert [path.name for path in cache.rglob("*.csv")] == ["wsdcon_3.csv"]
